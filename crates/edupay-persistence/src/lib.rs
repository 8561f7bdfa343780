//! The stores of the domain on SQLite and PostgreSQL.
//!
//! One type, [`SqlStore`], implements every store port for both databases: each statement is
//! written once in diesel's DSL and expanded for the two connections (`conn`). What is absent: no
//! rule (they come as arguments), no gateway call, and no transaction outside `tx`.

mod accounts;
mod app_store;
mod audit;
mod blocking;
mod cashier;
mod catalogue;
mod charges;
mod codes;
mod confirmations;
mod conn;
mod database;
mod effects;
mod event_delivery;
mod idempotency;
mod inbox;
mod journal;
mod lanes;
mod ledger;
mod look_ups;
mod migrations;
mod orders;
mod packages;
mod pooler;
mod pools;
mod prepared;
mod principals;
mod receipts;
mod reconciliation;
mod recovery;
mod refunds;
mod rows;
mod schema;
mod statements;
mod stats;
mod top_ups;
mod tx;
mod url;
mod users;
mod wallets;
mod writability;

pub use database::{OpenError, SqlStore, StoreOptions};
pub use migrations::{MigrationReport, SchemaError, SchemaState};
pub use pools::ConnectFailure;
pub use statements::{CacheReason, PreparedStatements, StatementCache, Statements};
pub use stats::{Backlog, Due, LaneStats, PoolStats, StoreStats, TurnStats};
pub use url::{BadUrl, DatabaseUrl};
