//! The server from outside, over real connections: what a client sees of decoding, authentication, the
//! dialects and the documents. The ports are mocks, but for the campus, whose stories need a store and
//! a gateway that remember.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

mod account;
mod app_store;
mod bodies;
mod campus;
mod cashier;
mod client;
mod credentials;
mod detached;
mod drain;
mod faults;
mod fixtures;
mod golden;
mod idempotency;
mod load;
mod log;
mod operations;
mod orders;
mod paging;
mod refunds;
mod review;
mod service;
mod staff;
mod top_ups;
mod webhook_endpoints;
mod webhooks;
