//! What is signed, what is refused, and the server API, from outside the crate.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

mod fixtures;
mod notifications;
mod oracle;
mod refusals;
mod server;
mod settings;
mod shop;
mod signer;
mod transactions;
