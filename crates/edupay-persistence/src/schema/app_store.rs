//! Purchases in the App Store.

diesel::table! {
    app_store_claims (environment, transaction_id) {
        environment -> Text,
        transaction_id -> Text,
        user_id -> Nullable<BigInt>,
        signed_at -> BigInt,
        refunded_milli_percent -> BigInt,
    }
}

diesel::table! {
    app_store_purchases (user_id, environment, transaction_id) {
        user_id -> BigInt,
        environment -> Text,
        transaction_id -> Text,
        product_id -> Text,
        quantity -> BigInt,
        unit_price_fen -> BigInt,
        credited_fen -> BigInt,
        clawed_back_fen -> BigInt,
        purchased_at -> BigInt,
        credited_at -> BigInt,
        price_milli_units -> Nullable<BigInt>,
        price_currency -> Nullable<Text>,
        signed -> Text,
    }
}

diesel::table! {
    app_store_records (environment, transaction_id, user_id, verdict) {
        environment -> Text,
        transaction_id -> Text,
        user_id -> BigInt,
        verdict -> Text,
        source -> Text,
        received_at -> BigInt,
        signed -> Text,
    }
}

diesel::table! {
    app_store_notifications (notification_id) {
        notification_id -> Text,
        kind -> Text,
        subtype -> Text,
        environment -> Nullable<Text>,
        transaction_id -> Nullable<Text>,
        signed -> Text,
        status -> Text,
        received_at -> BigInt,
        due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    app_store_histories (environment) {
        environment -> Text,
        caught_up_to -> BigInt,
    }
}

diesel::table! {
    consumption_requests (notification_id) {
        notification_id -> Text,
        environment -> Text,
        transaction_id -> Text,
        user_id -> Nullable<BigInt>,
        reason -> Text,
        requested_at -> BigInt,
        deadline -> BigInt,
        answered_at -> Nullable<BigInt>,
    }
}
