//! How the store is: plain numbers, for whoever shows them. Nothing here names anybody.

pub use crate::blocking::TurnStats;
use crate::conn::on;
use crate::database::SqlStore;
use crate::lanes::SIZES;
use crate::pools::Pools;
use crate::schema::{app_store_notifications, charge_attempts, inbound_events, receipts, refunds};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use edupay_domain::store::StoreError;

/// How the store is at one moment. Asking for it asks the database nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStats {
    /// The lanes, by their numbers.
    pub lanes: Vec<LaneStats>,
    /// How callers wait for a connection.
    pub turns: TurnStats,
    /// The pools of connections.
    pub pools: Vec<PoolStats>,
}

/// One lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneStats {
    /// How many commands wait.
    pub waiting: usize,
    /// How many batches were taken so far, by their sizes: up to each of [`LaneStats::SIZES`].
    pub batches: [u64; SIZES.len()],
    /// How many commands were in them.
    pub commands: u64,
}

impl LaneStats {
    /// The bounds of `batches`.
    pub const SIZES: [usize; SIZES.len()] = SIZES;
}

/// One pool of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStats {
    /// What it is for: `writer` and `readers` on SQLite, `all` on PostgreSQL.
    pub name: &'static str,
    /// How many connections are open.
    pub open: u32,
    /// How many of them nobody uses.
    pub idle: u32,
}

/// What waits for the background work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Charges that may still be paid, or whose answer is not known.
    pub charges: Due,
    /// Of those, the ones whose answer is not known; their moment is that of the request.
    pub unanswered_charges: Due,
    /// Receipts that go back to their payers.
    pub receipts: Due,
    /// Refunds that are at the gateway.
    pub refunds: Due,
    /// Callbacks that are tried again.
    pub callbacks: Due,
    /// Notifications of the App Store that are tried again.
    pub notifications: Due,
}

/// How many things wait, and when the first of them is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// How many.
    pub count: i64,
    /// In microseconds since 1970; it may lie ahead.
    pub first_at: Option<i64>,
}

impl SqlStore {
    /// How the store is.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let lane = |(waiting, taken): (usize, crate::lanes::Taken)| LaneStats {
            waiting,
            batches: taken.times,
            commands: taken.things,
        };
        let pool = |name, state: diesel::r2d2::State| PoolStats {
            name,
            open: state.connections,
            idle: state.idle_connections,
        };
        StoreStats {
            lanes: self.lanes().counts().into_iter().map(lane).collect(),
            turns: self.turns().counts(),
            pools: match self.pools() {
                Pools::Sqlite { writer, readers } => {
                    vec![pool("writer", writer.state()), pool("readers", readers.state())]
                }
                Pools::Postgres(all) => vec![pool("all", all.state())],
            },
        }
    }

    /// What waits for the background work: as much is read as waits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        macro_rules! due {
            ($conn:expr, $table:ident, $at:ident $(, $more:expr)?) => {{
                let due = $table::table.filter($table::due_at.is_not_null())$(.filter($more))?;
                let due = due.select((count_star(), min($table::$at)));
                let (count, first_at) = on!($conn, c => due.first::<(i64, Option<i64>)>(c))?;
                Due { count, first_at }
            }};
        }
        self.read(|conn| {
            Ok(Backlog {
                charges: due!(conn, charge_attempts, due_at),
                unanswered_charges: due!(conn, charge_attempts, requested_at, charge_attempts::status.eq("requested")),
                receipts: due!(conn, receipts, due_at),
                refunds: due!(conn, refunds, due_at),
                callbacks: due!(conn, inbound_events, due_at),
                notifications: due!(conn, app_store_notifications, due_at),
            })
        })
        .await
    }
}
