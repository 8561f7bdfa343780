//! The sandbox over real sockets, as a merchant, a payer and Ping++'s own client see it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

mod charges;
mod faults;
mod gateway;
mod keys;
mod pages;
mod refunds;
mod repeats;
mod signatures;
mod support;
mod webhooks;
