//! What was done already, compared, or left to a person.

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
