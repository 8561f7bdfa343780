//! The real binary from outside: what a client, a gateway or an operator sees, on SQLite and on
//! PostgreSQL. Nothing in here reaches into the crates; what it may not see, it asks `edupay verify`.
//!
//! The PostgreSQL half runs where `EDUPAY_TEST_POSTGRES_URL` names a server
//! (`scripts/with-postgres.sh` starts one) and says so where it is skipped.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

#[macro_use]
mod support;

mod app_store;
mod app_store_purchases;
mod arrows;
mod authorization;
mod bad_input;
mod campus;
mod canary;
mod circuit;
mod cli;
mod drf;
mod event_delivery;
mod full_disk;
mod idempotency;
mod imports;
mod overload;
mod pay_for_order;
mod reconcile;
mod recovery;
mod refunds;
mod resets;
mod sdk;
mod seeds;
mod sessions;
mod shutdown;
mod tools;
mod verify;
mod webhooks;
