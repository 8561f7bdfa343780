//! The payment service of an education platform, as pure rules behind ports.
//!
//! What is here: [`money`], [`ids`], [`clock`] and [`schedule`]; the double-entry [`ledger`]; the contexts
//! [`accounts`], [`products`], [`payments`], [`top_ups`], [`orders`], [`packages`], [`refunds`], [`reconciliation`],
//! [`recovery`] and [`cashier`], each with its model, rules, ports, service and error; [`idempotency`], by which a
//! repeated request is done once; the [`events`] that a plan causes, and their way out, [`event_delivery`].
//!
//! What is absent: no serde, no async runtime, no HTTP, no SQL, no clock and no randomness. A
//! gateway's charge document travels through as opaque text.
//!
//! The idea that holds it together: **a port method is one atomic effect that takes the pure rule**.
//! The adapter opens a transaction, loads one view, calls the rule, writes the plan that the rule
//! returns, and commits. A rule is a plain `fn(&Command, &View) -> Result<Plan, Refusal>`; it may run
//! again when the database asks for a retry, and it is the only place that knows "enough money",
//! "already owned" or "already paid".

pub mod accounts;
pub mod app_store;
pub mod cashier;
pub mod clock;
pub mod event_delivery;
pub mod events;
pub mod idempotency;
pub mod ids;
pub mod ledger;
pub mod money;
pub mod orders;
pub mod packages;
pub mod payments;
pub mod products;
pub mod reconciliation;
pub mod recovery;
pub mod refunds;
pub mod schedule;
pub mod store;
pub mod top_ups;

#[cfg(test)]
mod codes_tests;
