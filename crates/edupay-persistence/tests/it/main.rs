//! The stores on both databases: the contract every adapter must pass, and what only a database has.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it expects by panicking otherwise"
)]

mod contract;
mod databases;
mod events;
mod keyed;
mod lanes;
mod migrations;
mod naive;
mod package_import;
mod package_plans;
mod package_walls;
mod pgbouncer;
mod plans;
mod pooler;
mod principals;
mod proxy;
mod refund_walls;
mod stats;
mod twins;
mod urls;
mod walls;
mod watched;
