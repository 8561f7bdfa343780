//! Events on their way out.

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
    outbox_fanout (occurred_at, user_id, event_id) {
        occurred_at -> BigInt,
        user_id -> BigInt,
        event_id -> Text,
        kind -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(webhook_endpoints, event_deliveries);
