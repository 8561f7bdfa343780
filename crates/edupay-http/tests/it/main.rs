//! The server from outside, over real connections, on services whose ports are mocks: what a
//! client sees of decoding, authentication, both dialects and the documents.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

mod account;
mod bodies;
mod client;
mod credentials;
mod detached;
mod faults;
mod fixtures;
mod golden;
mod log;
mod operations;
mod orders;
mod paging;
mod service;
mod staff;
mod top_ups;
mod webhooks;
