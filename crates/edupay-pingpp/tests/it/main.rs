//! Signatures, documents and outcomes, from outside the crate.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that can't go on must stop and say so"
)]

mod documents;
mod finding;
mod outcomes;
mod settings;
mod signatures;
mod vectors;
mod webhooks;
