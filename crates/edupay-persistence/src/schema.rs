//! The tables, as both databases have them: `BIGINT` fen, `BIGINT` microseconds, `TEXT` codes.

mod app_store;
mod campus;
mod events_out;
mod looking_back;

pub(crate) use app_store::{
    app_store_claims, app_store_histories, app_store_notifications, app_store_purchases, app_store_records,
    consumption_requests,
};
pub(crate) use campus::{
    cards, guardians, packages, projects, purchase_records, purchase_routes, purchases, schools, service_periods,
    students,
};
pub(crate) use events_out::{delivery_attempts, event_deliveries, outbox_fanout, webhook_endpoints, webhook_secrets};
pub(crate) use looking_back::{
    idempotency_keys, reconciliation_differences, reconciliation_runs, review_decisions, review_items, unfinished_items,
};

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

diesel::joinable!(tokens -> users (user_id));
diesel::joinable!(wallets -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, tokens, wallets);
diesel::allow_tables_to_appear_in_same_query!(orders, order_lines, entitlements);
