//! What every adapter of the store ports must hold, as claims that anybody can run.
//!
//! An adapter implements [`StoreHarness`] and writes one line, [`store_contract!`](crate::store_contract):
//! each claim becomes a test of its own. A claim makes its own users, courses and numbers, so the
//! claims may share a database, run at the same time, and run again on the same database.
//!
//! The claims about races are functions of a number of rounds that answer a [`Verdict`] instead of
//! panicking, so that a wrong adapter can be shown to break them.

#![expect(clippy::unwrap_used, reason = "a claim fails by panicking, as a test does")]

pub mod accounts;
pub mod app_store;
mod app_store_case;
pub mod app_store_inbox;
pub mod app_store_races;
pub mod balance_payments;
pub mod campus;
mod case;
pub mod catalogue;
pub mod charges;
pub mod confirmations;
pub mod event_delivery;
mod event_delivery_case;
pub mod event_delivery_races;
mod harness;
pub mod idempotency;
pub mod idempotency_races;
pub mod inbox;
pub mod leases;
pub mod ledger;
pub mod looks;
pub mod orders;
mod package_case;
pub mod package_races;
pub mod packages;
pub mod products;
pub mod purchase_charges;
pub mod races;
pub mod receipts;
pub mod reconciliation;
mod refund_case;
pub mod refund_races;
pub mod refunds;
pub mod refunds_at_gateway;
pub mod refunds_of_purchases;
pub mod review;
mod suites;
pub mod top_ups;
mod unleased;

pub use case::Case;
pub use event_delivery_case::DeliveryHarness;
pub use harness::{RecordedEvent, StoreHarness};
pub use package_case::{Campus, Placed};
pub use unleased::Unleased;

/// Whether a claim about races held; what broke it otherwise.
pub type Verdict = Result<(), String>;

/// How many rounds the claims about races run when nothing else is said.
pub const ROUNDS: u32 = 20;
