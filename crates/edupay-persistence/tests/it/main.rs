//! The stores on both databases: the contract every adapter must pass, and what only a database has.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping it")]

mod contract;
mod databases;
mod lanes;
mod migrations;
mod naive;
mod principals;
mod proxy;
mod walls;
