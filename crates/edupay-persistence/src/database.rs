//! Which database, and the store on it.

use crate::blocking::Turns;
use crate::conn::Conn;
use crate::lanes::Lanes;
use crate::look_ups::{self, LookUps};
use crate::migrations::{self, MigrationReport, SchemaError, SchemaState};
use crate::pooler;
use crate::pools::{self, ConnectFailure, Connector, Pools};
use crate::principals::{self, Principals};
use crate::statements::{CacheReason, PreparedStatements, StatementCache, Statements};
use crate::url::DatabaseUrl;
use crate::writability::Writability;
use chrono::TimeDelta;
use diesel::prelude::*;
use edupay_domain::store::StoreError;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Why a database can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder of the file can't be made.
    #[error("the folder of the database file can't be made")]
    Folder(#[source] std::io::Error),
    /// No connection.
    #[error("the database can't be reached")]
    Connect(#[from] diesel::r2d2::PoolError),
    /// The threads of the lanes, or the one that looks tokens up, can't be started.
    #[error("a thread can't be started")]
    Thread(#[source] std::io::Error),
    /// No connection, not even one to look for a pooler.
    #[error("the database can't be reached")]
    Unreachable(#[from] ConnectFailure),
    /// The schema is not the program's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many connections, how their statements are sent, and for how long an answer is used again.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// Connections to PostgreSQL, beside one for each lane and the one that looks tokens up.
    pub postgres_connections: u32,
    /// Lanes on PostgreSQL, each with a connection of its own: as many as the server has cores to
    /// spare, and few, since each dilutes the others' batches.
    pub postgres_lanes: u32,
    /// How many commands may wait in a lane before it turns others away.
    pub lane_bound: u32,
    /// Reading connections to SQLite, beside its one writer.
    pub sqlite_readers: u32,
    /// For how long the principal of a token is used without looking again. Cut to four seconds, so
    /// that what other stores on the database did is known in the time that the port promises;
    /// zero looks every time.
    pub principal_cache: Duration,
    /// Whether PostgreSQL's statements are kept prepared.
    pub prepared_statements: PreparedStatements,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            postgres_connections: 8,
            postgres_lanes: 2,
            lane_bound: 1_024,
            sqlite_readers: 4,
            principal_cache: principals::LONGEST,
            prepared_statements: PreparedStatements::Auto,
        }
    }
}

/// Every store port of the domain, on one database. Cheap to clone.
#[derive(Clone)]
pub struct SqlStore {
    pools: Pools,
    turns: Turns,
    lanes: Arc<Lanes>,
    url: DatabaseUrl,
    principals: Arc<Principals>,
    look_ups: Arc<LookUps>,
    statements: Statements,
    writability: Arc<Writability>,
}

impl SqlStore {
    /// Connects. The schema is not looked at: see [`SqlStore::migrate`] and
    /// [`SqlStore::check_schema`]. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn connect(url: &DatabaseUrl, options: StoreOptions) -> Result<Self, OpenError> {
        let url = &url.with_bounded_waits();
        let bound = usize::try_from(options.lane_bound).unwrap_or(usize::MAX);
        let mut statements = Statements { cache: StatementCache::On, reason: CacheReason::File };
        let (pools, turns, lanes, look_ups) = match url {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(OpenError::Folder)?;
                }
                let readers = options.sqlite_readers.max(1);
                let (pools, writer, reading) = pools::sqlite(&path.display().to_string(), readers)?;
                let look_ups = look_ups::on_sqlite(&reading);
                (pools, Turns::new(readers), Lanes::on_sqlite(&writer, bound), look_ups)
            }
            DatabaseUrl::Postgres(url) => {
                let size = options.postgres_connections.max(2);
                statements = pooler::decide(url, options.prepared_statements)?;
                let connector = Connector::new(url, statements);
                let count = usize::try_from(options.postgres_lanes).unwrap_or(1);
                let lanes = Lanes::on_postgres(&connector, count, bound);
                (
                    pools::postgres(url, size, statements.cache)?,
                    Turns::new(size),
                    lanes,
                    look_ups::on_postgres(&connector),
                )
            }
        };
        let principals = Arc::new(Principals::new(options.principal_cache));
        let lanes = Arc::new(lanes.map_err(OpenError::Thread)?);
        let look_ups = Arc::new(look_ups.map_err(OpenError::Thread)?);
        let (url, writability) = (url.clone(), Arc::default());
        Ok(Self { pools, turns, lanes, url, principals, look_ups, statements, writability })
    }

    /// Whether statements are kept prepared, and why.
    #[must_use]
    pub fn statements(&self) -> Statements {
        self.statements
    }

    /// Brings the schema up to the program's, under a lock. Blocks.
    ///
    /// # Errors
    /// [`SchemaError`]: a newer or half-applied schema is left as it is.
    pub fn migrate(&self) -> Result<MigrationReport, SchemaError> {
        migrations::migrate(&self.pools, &self.url)
    }

    /// How the schema compares with the program's. Blocks.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub fn schema_state(&self) -> Result<SchemaState, SchemaError> {
        migrations::state(&self.pools)
    }

    /// Refuses any schema but the program's own. Blocks.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub fn check_schema(&self) -> Result<(), SchemaError> {
        migrations::check(&self.pools)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|conn| {
            let one = diesel::select(1_i32.into_sql::<diesel::sql_types::Integer>());
            crate::conn::on!(conn, c => one.get_result::<i32>(c))?;
            Ok(())
        })
        .await
    }

    /// Whether the database takes nothing that is written though it may answer: its disk is full, or it is one that
    /// only reads. Known by what was refused in the last fifteen seconds; asking for it asks the database nothing.
    #[must_use]
    pub fn refuses_writes(&self) -> bool {
        self.writability.is_refused()
    }

    /// How far this machine's clock is ahead of the database's; nothing on SQLite, which has none of its own.
    /// Leases are written by one service's clock and judged by another's, so the clocks must agree.
    ///
    /// # Errors
    /// The database did not answer.
    pub async fn clock_ahead(&self) -> Result<TimeDelta, StoreError> {
        #[derive(QueryableByName)]
        struct Told {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            at: i64,
        }
        self.read(|conn| {
            let Conn::Postgres(connection) = conn else { return Ok(TimeDelta::zero()) };
            // Once, at the start, and the query builder has no word for it.
            let told: Told =
                diesel::sql_query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT AS at")
                    .get_result(*connection)?;
            let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
            Ok(TimeDelta::microseconds(i64::try_from(ours).unwrap_or(i64::MAX).saturating_sub(told.at)))
        })
        .await
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.pools
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.turns
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(crate) fn principals(&self) -> &Arc<Principals> {
        &self.principals
    }

    pub(crate) fn writability(&self) -> &Writability {
        &self.writability
    }

    pub(crate) fn look_ups(&self) -> &Arc<LookUps> {
        &self.look_ups
    }
}
