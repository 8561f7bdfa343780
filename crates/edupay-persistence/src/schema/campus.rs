//! Schools, students and what they buy.

diesel::table! {
    schools (school_id) {
        school_id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    students (user_id) {
        user_id -> BigInt,
        school_id -> BigInt,
        name -> Text,
        photo -> Text,
        grade_name -> Text,
        class_name -> Text,
        mobile -> Text,
        imei -> Text,
        sim -> Text,
    }
}

diesel::table! {
    cards (user_id, ordinal) {
        user_id -> BigInt,
        ordinal -> Integer,
        card_no -> Text,
        issued_on -> Text,
        replaced_on -> Nullable<Text>,
    }
}

diesel::table! {
    guardians (user_id, guardian_id) {
        user_id -> BigInt,
        guardian_id -> BigInt,
        bound_at -> BigInt,
    }
}

diesel::table! {
    projects (project_id) {
        project_id -> BigInt,
        school_id -> Nullable<BigInt>,
        name -> Text,
        kind -> Text,
        selection -> Text,
        channels -> Text,
        wx_account -> Text,
        alipay_account -> Text,
        union_pay_account -> Text,
        description -> Text,
        protocol_url -> Text,
        upgrade_pricing -> Text,
        withdrawn_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    packages (package_id) {
        package_id -> BigInt,
        project_id -> BigInt,
        name -> Text,
        price_text -> Text,
        list_price_fen -> BigInt,
        term_months -> SmallInt,
        rank -> Integer,
        description -> Text,
        details -> Text,
        withdrawn_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    purchase_routes (purchase_no) {
        purchase_no -> Text,
        user_id -> BigInt,
    }
}

diesel::table! {
    purchases (user_id, purchase_no) {
        user_id -> BigInt,
        purchase_no -> Text,
        buyer_id -> BigInt,
        kind -> Text,
        project_id -> BigInt,
        project_name -> Text,
        holder_name -> Text,
        holder_card_no -> Nullable<Text>,
        holder_imei -> Text,
        holder_sim -> Text,
        holder_grade_name -> Text,
        holder_class_name -> Text,
        holder_mobile -> Text,
        amount_fen -> BigInt,
        status -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        paid_through -> Nullable<Text>,
        paid_charge_id -> Nullable<Text>,
        refunded_fen -> BigInt,
    }
}

diesel::table! {
    purchase_records (user_id, purchase_no, line) {
        user_id -> BigInt,
        purchase_no -> Text,
        line -> SmallInt,
        package_id -> BigInt,
        item_name -> Text,
        list_price_fen -> BigInt,
        price_fen -> BigInt,
        term_months -> SmallInt,
        basis -> Text,
        replaces -> Nullable<Text>,
        follows -> Nullable<Text>,
    }
}

diesel::table! {
    service_periods (user_id, purchase_no, line) {
        user_id -> BigInt,
        purchase_no -> Text,
        line -> SmallInt,
        project_id -> BigInt,
        package_id -> BigInt,
        starts_on -> Text,
        ends_on -> Text,
        term_starts_on -> Text,
        list_price_fen -> BigInt,
        superseded_by -> Nullable<Text>,
        superseded_on -> Nullable<Text>,
        ended_on -> Nullable<Text>,
        resumed_on -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(students, guardians);
