//! The Ping++ payment gateway as seen by a merchant: request signing, wire types, the HTTP client
//! that implements the domain's gateway port, and webhook verification.
//!
//! What is absent: no retry of anything that moves money, no storage, no clock of its own beyond
//! the request timestamp, and no decision about orders. A caller that gets an unknown outcome must
//! look the charge or the refund up before it acts again.

mod blocking;
mod callbacks;
pub mod circuit;
pub mod client;
mod connecting;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod signing;
pub mod webhook;
pub mod wire;
