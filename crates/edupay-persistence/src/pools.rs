//! The connections: how many, and how each is set up.

use diesel::connection::{Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection};
use diesel::sqlite::SqliteConnection;
use std::time::Duration;

pub(crate) use diesel::r2d2::Error as SetupError;

pub(crate) type SqlitePool = Pool<ConnectionManager<SqliteConnection>>;
pub(crate) type PostgresPool = Pool<ConnectionManager<PgConnection>>;

/// The pools of one database.
#[derive(Clone)]
pub(crate) enum Pools {
    /// One writer, as SQLite has it anyway, and readers that can't write.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// One pool for all.
    Postgres(PostgresPool),
}

/// A connection taken from a pool.
pub(crate) enum Pooled {
    Sqlite(PooledConnection<ConnectionManager<SqliteConnection>>),
    Postgres(PooledConnection<ConnectionManager<PgConnection>>),
}

impl Pools {
    pub(crate) fn writer(&self) -> Result<Pooled, diesel::r2d2::PoolError> {
        match self {
            Self::Sqlite { writer, .. } => writer.get().map(Pooled::Sqlite),
            Self::Postgres(pool) => pool.get().map(Pooled::Postgres),
        }
    }

    pub(crate) fn reader(&self) -> Result<Pooled, diesel::r2d2::PoolError> {
        match self {
            Self::Sqlite { readers, .. } => readers.get().map(Pooled::Sqlite),
            Self::Postgres(pool) => pool.get().map(Pooled::Postgres),
        }
    }
}

impl Pooled {
    pub(crate) fn conn(&mut self) -> crate::conn::Conn<'_> {
        match self {
            Self::Sqlite(connection) => crate::conn::Conn::Sqlite(connection),
            Self::Postgres(connection) => crate::conn::Conn::Postgres(connection),
        }
    }
}

/// What every SQLite connection is told: a power cut must not take back an acknowledged payment.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384;";
const SQLITE_READER: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;";

/// What every PostgreSQL connection is told: nothing waits without an end.
const POSTGRES_SESSION: &str = "SET statement_timeout = '5s'; SET lock_timeout = '2s'; \
     SET idle_in_transaction_session_timeout = '5s'; SET TIME ZONE 'UTC';";

#[derive(Debug)]
struct Setup(&'static str);

impl<C: SimpleConnection> CustomizeConnection<C, SetupError> for Setup {
    fn on_acquire(&self, connection: &mut C) -> Result<(), SetupError> {
        connection.batch_execute(self.0).map_err(SetupError::QueryError)
    }
}

/// How long a caller waits for a connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(2);

/// The pools of a file, and its writer once more for the lane.
pub(crate) fn sqlite(path: &str, readers: u32) -> Result<(Pools, SqlitePool), diesel::r2d2::PoolError> {
    let build = |size: u32, setup: &'static str| {
        Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(WAIT)
            .test_on_check_out(false)
            .connection_customizer(Box::new(Setup(setup)))
            .build(ConnectionManager::<SqliteConnection>::new(path))
    };
    let (writer, readers) = (build(1, SQLITE_WRITER)?, build(readers, SQLITE_READER)?);
    Ok((Pools::Sqlite { writer: writer.clone(), readers }, writer))
}

pub(crate) fn postgres(url: &str, size: u32) -> Result<Pools, diesel::r2d2::PoolError> {
    Pool::builder()
        .max_size(size.max(1))
        .min_idle(Some(1))
        .connection_timeout(WAIT)
        .test_on_check_out(true)
        .connection_customizer(Box::new(Setup(POSTGRES_SESSION)))
        .build(ConnectionManager::<PgConnection>::new(url))
        .map(Pools::Postgres)
}

/// What a connection is told besides whose statements join a batch's arrays to tables by their keys: a
/// plan made once is right for them, whatever was known of the tables when it was made.
const POSTGRES_BATCHES: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;";

/// Makes connections that belong to no pool, each for a thread that works in batches.
#[derive(Clone)]
pub(crate) struct Connector {
    url: String,
}

impl Connector {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    /// A new connection, set up as those of the pool are.
    pub(crate) fn connect(&self) -> Result<PgConnection, SetupError> {
        let mut connection = PgConnection::establish(&self.url).map_err(SetupError::ConnectionError)?;
        for settings in [POSTGRES_SESSION, POSTGRES_BATCHES] {
            Setup(settings).on_acquire(&mut connection)?;
        }
        Ok(connection)
    }
}
