//! The sender against real sockets, and its signatures before other eyes.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

mod guard;
mod oracle;
mod receiver;
mod sending;
