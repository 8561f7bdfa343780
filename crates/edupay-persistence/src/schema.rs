//! The tables, as both databases have them: `BIGINT` fen, `BIGINT` microseconds, `TEXT` codes.

diesel::table! {
    users (user_id) {
        user_id -> BigInt,
        username -> Text,
        password_hash -> Text,
        role -> Text,
        activity -> Text,
        nickname -> Text,
        location -> Text,
        avatar_url -> Text,
        website -> Text,
        point -> BigInt,
        birthday -> Nullable<Text>,
        level -> Text,
        level_display -> Text,
        credit -> BigInt,
        credit_level -> Text,
        credit_level_display -> Text,
        created_at -> BigInt,
        app_account_token -> Text,
    }
}

diesel::table! {
    tokens (token_digest) {
        token_digest -> Binary,
        user_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    wallets (user_id) {
        user_id -> BigInt,
        cash_fen -> BigInt,
        iap_fen -> BigInt,
        bonus_fen -> BigInt,
        debt_fen -> BigInt,
        entries -> BigInt,
    }
}

diesel::table! {
    products (pk) {
        pk -> BigInt,
        product_id -> Text,
        price_fen -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    courses (course_id) {
        course_id -> BigInt,
        name -> Text,
        price_fen -> BigInt,
        status -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    journal_entries (user_id, number) {
        user_id -> BigInt,
        number -> BigInt,
        kind -> Text,
        reference -> Text,
        balance_before_fen -> BigInt,
        balance_after_fen -> BigInt,
        occurred_at -> BigInt,
    }
}

diesel::table! {
    journal_lines (user_id, number, line) {
        user_id -> BigInt,
        number -> BigInt,
        line -> SmallInt,
        debit -> Text,
        credit -> Text,
        amount_fen -> BigInt,
    }
}

diesel::table! {
    order_routes (order_no) {
        order_no -> Text,
        user_id -> BigInt,
    }
}

diesel::table! {
    orders (user_id, order_no) {
        user_id -> BigInt,
        order_no -> Text,
        pk -> BigInt,
        amount_fen -> BigInt,
        status -> Text,
        visibility -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        paid_at -> Nullable<BigInt>,
        paid_through -> Nullable<Text>,
        paid_charge_id -> Nullable<Text>,
        paid_bonus_fen -> BigInt,
        paid_iap_fen -> BigInt,
        paid_cash_fen -> BigInt,
    }
}

diesel::table! {
    order_lines (user_id, order_no, line) {
        user_id -> BigInt,
        order_no -> Text,
        line -> SmallInt,
        course_id -> BigInt,
        name -> Text,
        price_fen -> BigInt,
    }
}

diesel::table! {
    entitlements (user_id, course_id) {
        user_id -> BigInt,
        course_id -> BigInt,
        order_no -> Text,
        granted_at -> BigInt,
    }
}

diesel::table! {
    charge_routes (gateway_order_no) {
        gateway_order_no -> Text,
        user_id -> BigInt,
        subject -> Text,
        subject_no -> Text,
    }
}

diesel::table! {
    charge_attempts (user_id, gateway_order_no) {
        user_id -> BigInt,
        gateway_order_no -> Text,
        subject -> Text,
        subject_no -> Text,
        channel -> Text,
        amount_fen -> BigInt,
        status -> Text,
        charge_id -> Nullable<Text>,
        document -> Nullable<Text>,
        requested_at -> BigInt,
        expires_at -> BigInt,
        look_at -> BigInt,
        due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    charge_claims (charge_id) {
        charge_id -> Text,
        user_id -> BigInt,
        gateway_order_no -> Text,
    }
}

diesel::table! {
    receipts (user_id, charge_id) {
        user_id -> BigInt,
        charge_id -> Text,
        gateway_order_no -> Text,
        amount_fen -> BigInt,
        status -> Text,
        reason -> Nullable<Text>,
        refund_id -> Nullable<Text>,
        received_at -> BigInt,
        next_try_at -> BigInt,
        due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    top_ups (user_id, top_up_no) {
        user_id -> BigInt,
        top_up_no -> Text,
        amount_fen -> BigInt,
        status -> Text,
        charge_id -> Nullable<Text>,
        credited_at -> Nullable<BigInt>,
        created_at -> BigInt,
        bonus_fen -> BigInt,
    }
}

diesel::table! {
    inbound_events (event_id) {
        event_id -> Text,
        kind -> Text,
        body -> Text,
        status -> Text,
        received_at -> BigInt,
        due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outbox (user_id, event_id) {
        user_id -> BigInt,
        event_id -> Text,
        kind -> Text,
        payload -> Text,
        occurred_at -> BigInt,
    }
}

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

diesel::table! {
    refunds (user_id, refund_no) {
        user_id -> BigInt,
        refund_no -> Text,
        subject -> Text,
        subject_no -> Text,
        amount_fen -> BigInt,
        recovered_fen -> BigInt,
        target -> Text,
        reason -> Text,
        requested_by -> Nullable<BigInt>,
        charge_id -> Nullable<Text>,
        refund_id -> Nullable<Text>,
        status -> Text,
        failure -> Nullable<Text>,
        decided_by -> Nullable<BigInt>,
        requested_at -> BigInt,
        asked_at -> Nullable<BigInt>,
        next_try_at -> BigInt,
        settled_at -> Nullable<BigInt>,
        due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    refund_claims (refund_id) {
        refund_id -> Text,
        user_id -> BigInt,
        refund_no -> Text,
    }
}

diesel::table! {
    refund_totals (user_id, subject, subject_no) {
        user_id -> BigInt,
        subject -> Text,
        subject_no -> Text,
        amount_fen -> BigInt,
        reserved_fen -> BigInt,
        refunded_fen -> BigInt,
    }
}

diesel::table! {
    cashier_links (token_digest) {
        token_digest -> Binary,
        target -> Text,
        user_id -> BigInt,
        order_no -> Nullable<Text>,
        kind -> Nullable<Text>,
        created_by -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    product_prices (product_id, effective_from) {
        product_id -> Text,
        effective_from -> BigInt,
        price_fen -> BigInt,
    }
}

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

diesel::table! {
    idempotency_keys (user_id, key) {
        user_id -> BigInt,
        key -> Text,
        digest -> Binary,
        began_at -> BigInt,
        expires_at -> BigInt,
        point -> Nullable<Text>,
        claimant -> Nullable<Text>,
        claimed_until -> Nullable<BigInt>,
        reply_status -> Nullable<SmallInt>,
        reply_head -> Nullable<Text>,
        reply_body -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_endpoints (endpoint_id) {
        endpoint_id -> Text,
        url -> Text,
        description -> Text,
        event_types -> Text,
        state -> Text,
        created_at -> BigInt,
        leased_until -> Nullable<BigInt>,
        paused_until -> Nullable<BigInt>,
        replay_since -> Nullable<BigInt>,
        replay_until -> Nullable<BigInt>,
        replay_user_id -> Nullable<BigInt>,
        replay_event_id -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_secrets (endpoint_id, ordinal) {
        endpoint_id -> Text,
        ordinal -> SmallInt,
        secret -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    event_deliveries (endpoint_id, event_id) {
        endpoint_id -> Text,
        event_id -> Text,
        user_id -> Nullable<BigInt>,
        kind -> Text,
        occurred_at -> BigInt,
        state -> Text,
        tries -> Integer,
        attempts -> Integer,
        queued_at -> BigInt,
        due_at -> Nullable<BigInt>,
        settled_at -> Nullable<BigInt>,
        last_status -> Nullable<SmallInt>,
        last_fault -> Nullable<Text>,
    }
}

diesel::table! {
    delivery_attempts (endpoint_id, event_id, number) {
        endpoint_id -> Text,
        event_id -> Text,
        number -> Integer,
        started_at -> BigInt,
        took_micros -> BigInt,
        status -> Nullable<SmallInt>,
        fault -> Nullable<Text>,
    }
}

diesel::table! {
    reconciliation_runs (run_id) {
        run_id -> BigInt,
        day_from -> Text,
        day_to -> Text,
        sources -> Text,
        status -> Text,
        failure -> Nullable<Text>,
        started_by -> Nullable<BigInt>,
        daily_for -> Nullable<Text>,
        previous_id -> Nullable<BigInt>,
        started_at -> BigInt,
        touched_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        their_payments -> BigInt,
        their_refunds -> BigInt,
        our_payments -> BigInt,
        our_refunds -> BigInt,
        differences -> BigInt,
        hints -> BigInt,
        new_differences -> BigInt,
        gone_differences -> BigInt,
    }
}

diesel::table! {
    outbox_fanout (occurred_at, user_id, event_id) {
        occurred_at -> BigInt,
        user_id -> BigInt,
        event_id -> Text,
        kind -> Text,
    }
}

diesel::table! {
    reconciliation_differences (run_id, ordinal) {
        run_id -> BigInt,
        ordinal -> BigInt,
        fingerprint -> Text,
        source -> Text,
        thing -> Text,
        kind -> Text,
        field -> Text,
        name -> Text,
        gateway_order_no -> Nullable<Text>,
        charge_id -> Nullable<Text>,
        refund_id -> Nullable<Text>,
        ours -> Nullable<Text>,
        theirs -> Nullable<Text>,
        action -> Text,
        standing -> Text,
        repair -> Text,
        repair_failure -> Nullable<Text>,
        repair_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    review_decisions (kind, item_key, number) {
        kind -> Text,
        item_key -> Text,
        number -> Integer,
        action -> Text,
        decided_by -> BigInt,
        reason -> Text,
        decided_at -> BigInt,
    }
}

// A view.
diesel::table! {
    review_items (kind, item_key) {
        kind -> Text,
        item_key -> Text,
        subject -> Text,
        user_id -> Nullable<BigInt>,
        amount_fen -> Nullable<BigInt>,
        reason -> Text,
        since -> BigInt,
        listed_at -> BigInt,
    }
}

// A view.
diesel::table! {
    unfinished_items (kind, item_key) {
        kind -> Text,
        review_kind -> Text,
        item_key -> Text,
        began_at -> BigInt,
        final_from -> BigInt,
        due_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(unfinished_items, review_decisions);
diesel::joinable!(tokens -> users (user_id));
diesel::joinable!(wallets -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, tokens, wallets);
diesel::allow_tables_to_appear_in_same_query!(orders, order_lines, entitlements);
diesel::allow_tables_to_appear_in_same_query!(students, guardians);
diesel::allow_tables_to_appear_in_same_query!(webhook_endpoints, event_deliveries);
