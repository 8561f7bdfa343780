//! For tests only: what every adapter of edupay's ports must hold, and what stands in for the world.
//!
//! - [`contract`]: claims that any adapter of the store ports must pass ([`store_contract!`]);
//! - [`memory`]: the store ports in memory, one mutex being one transaction, with an audit;
//! - [`app_store`]: an App Store whose signed texts people can read;
//! - [`gateway`]: a payment gateway whose answers can be lost on purpose;
//! - [`clock`], [`ids`], [`credentials`]: time that stands still, numbers from a printed seed, and
//!   passwords that cost nothing;
//! - [`fixtures`] and [`platform`]: things to test with, and all services wired to all of the above;
//! - [`fuzzing`]: what must hold of parsers, whatever they are given.
//!
//! What is absent: nothing here keeps money or secrets safe. Depend on it under `[dev-dependencies]`
//! and nowhere else.

pub mod app_store;
pub mod clock;
pub mod contract;
pub mod credentials;
pub mod fixtures;
pub mod fuzzing;
pub mod gateway;
pub mod ids;
pub mod memory;
pub mod platform;

/// The examples of the guide for teams that embed the domain.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/EMBEDDING.md")]
struct Embedding;
