//! The connections: how many, and how each is set up.

use crate::statements::{StatementCache, Statements};
use diesel::connection::{CacheSize, Connection, SimpleConnection};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error as SetupError, Pool, PooledConnection};
use diesel::result::ConnectionError;
use diesel::sqlite::SqliteConnection;
use edupay_mischief::planted;
use std::time::{Duration, Instant};
use thiserror::Error;

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

/// What every SQLite connection is told: a power cut must not take back an acknowledged payment. The
/// writer copies its log into the file every 16 MiB, a quarter as often as SQLite would: pages that many
/// payments touch are copied once, and nobody waits for it much longer.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384; \
     PRAGMA wal_autocheckpoint = 4000;";
const SQLITE_READER: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;";

/// What every PostgreSQL connection is told: nothing waits without an end.
const POSTGRES_WAITS: [(&str, &str); 3] =
    [("statement_timeout", "3s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "5s")];

/// The settings of a session. A wait that the URL's `options` name is the operator's.
fn postgres_session(url: &str) -> String {
    let ours = POSTGRES_WAITS.iter().filter(|(name, _)| !url.contains(name));
    let waits = ours.map(|(name, wait)| format!("SET {name} = '{wait}'; "));
    waits.chain(["SET TIME ZONE 'UTC';".to_owned()]).collect()
}

#[derive(Debug)]
struct SqliteSetup(&'static str);

impl CustomizeConnection<SqliteConnection, SetupError> for SqliteSetup {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), SetupError> {
        connection.batch_execute(self.0).map_err(SetupError::QueryError)
    }
}

/// How every PostgreSQL connection is set up, in the pool or outside of it.
#[derive(Debug, Clone)]
struct PostgresSetup {
    cache: StatementCache,
    session: String,
}

impl PostgresSetup {
    fn new(url: &str, cache: StatementCache) -> Self {
        Self { cache, session: postgres_session(url) }
    }

    fn set_up(&self, connection: &mut PgConnection) -> diesel::QueryResult<()> {
        connection.set_prepared_statement_cache_size(match self.cache {
            StatementCache::On => CacheSize::Unbounded,
            StatementCache::Off => CacheSize::Disabled,
        });
        if planted!("asynchronous_commit") {
            connection.batch_execute("SET synchronous_commit = off")?;
        }
        connection.batch_execute(&self.session)
    }
}

impl CustomizeConnection<PgConnection, SetupError> for PostgresSetup {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), SetupError> {
        self.set_up(connection).map_err(SetupError::QueryError)
    }
}

/// Why there is no connection to PostgreSQL.
#[derive(Debug, Error)]
pub enum ConnectFailure {
    /// No server answered, or it refused.
    #[error("{0}")]
    Server(String),
    /// The URL is none. What libpq says of it is not told, since it repeats the password.
    #[error("libpq can't read the URL")]
    Url,
    /// The connection could not be set up.
    #[error("a new connection could not be set up")]
    SetUp(#[source] diesel::result::Error),
}

impl From<ConnectionError> for ConnectFailure {
    fn from(error: ConnectionError) -> Self {
        let said = match error {
            ConnectionError::BadConnection(said) => said,
            ConnectionError::CouldntSetupConfiguration(error) => return Self::SetUp(error),
            _ => return Self::Url,
        };
        // How libpq begins when it has read the URL and gone to a server. A name that can't be
        // found is not repeated: where a password holds an @, the name is the end of it.
        match said.find("connection to server ").and_then(|at| said.get(at..)) {
            Some(answer) => Self::Server(answer.trim_end().to_owned()),
            None if said.starts_with("could not translate host name") => {
                Self::Server("the name of the server can't be found".to_owned())
            }
            None => Self::Url,
        }
    }
}

/// Connects outside of the pool, set up as its connections are. Tries again for as long as a caller
/// of the pool would wait.
pub(crate) fn establish(url: &str, cache: StatementCache) -> Result<PgConnection, ConnectFailure> {
    let begun = Instant::now();
    let mut connection = loop {
        match PgConnection::establish(url).map_err(ConnectFailure::from) {
            Ok(connection) => break connection,
            Err(ConnectFailure::Server(_)) if begun.elapsed() < WAIT => std::thread::sleep(PAUSE),
            Err(failure) => return Err(failure),
        }
    };
    PostgresSetup::new(url, cache).set_up(&mut connection).map_err(ConnectFailure::SetUp)?;
    Ok(connection)
}

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a caller waits for a connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(2);

/// The pools of a file, and once more its writer for the lane and its readers for look-ups.
pub(crate) fn sqlite(path: &str, readers: u32) -> Result<(Pools, SqlitePool, SqlitePool), diesel::r2d2::PoolError> {
    let build = |size: u32, setup: &'static str| {
        Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(WAIT)
            .test_on_check_out(false)
            .connection_customizer(Box::new(SqliteSetup(setup)))
            .build(ConnectionManager::<SqliteConnection>::new(path))
    };
    let (writer, readers) = (build(1, SQLITE_WRITER)?, build(readers, SQLITE_READER)?);
    Ok((Pools::Sqlite { writer: writer.clone(), readers: readers.clone() }, writer, readers))
}

pub(crate) fn postgres(url: &str, size: u32, cache: StatementCache) -> Result<Pools, diesel::r2d2::PoolError> {
    Pool::builder()
        .max_size(size.max(1))
        .min_idle(Some(1))
        .connection_timeout(WAIT)
        .test_on_check_out(true)
        .connection_customizer(Box::new(PostgresSetup::new(url, cache)))
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
    statements: Statements,
}

impl Connector {
    pub(crate) fn new(url: &str, statements: Statements) -> Self {
        Self { url: url.to_owned(), statements }
    }

    /// Whether a connection has a server process of its own, which nobody waits for meanwhile.
    pub(crate) fn session_is_own(&self) -> bool {
        self.statements.session_is_own()
    }

    /// A new connection, set up as those of the pool are.
    pub(crate) fn connect(&self) -> Result<PgConnection, ConnectFailure> {
        let mut connection = establish(&self.url, self.statements.cache)?;
        // Behind a pooler the settings would be those of whoever comes next.
        if self.statements.session_is_own() {
            connection.batch_execute(POSTGRES_BATCHES).map_err(ConnectFailure::SetUp)?;
        }
        Ok(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_to_connect_tells_the_server_but_never_the_url() {
        let told = |said: &str| ConnectFailure::from(ConnectionError::BadConnection(said.to_owned())).to_string();
        for (said, expected) in [
            (
                "connection to server at \"10.0.0.1\", port 5432 failed: Connection refused\n",
                "connection to server at \"10.0.0.1\", port 5432 failed: Connection refused",
            ),
            ("could not translate host name \"canary@db\" to address: x", "the name of the server can't be found"),
            (
                "could not translate host name \"canary@db\" to address: x\nconnection to server at \"b\" failed: y\n",
                "connection to server at \"b\" failed: y",
            ),
            ("invalid percent-encoded token: \"canary%zz\"", "libpq can't read the URL"),
            ("invalid integer value \"canary\" for connection option \"port\"", "libpq can't read the URL"),
        ] {
            assert_eq!(told(said), expected);
        }
    }

    #[test]
    fn no_session_waits_without_an_end_and_the_url_decides_how_long() {
        let all = "SET statement_timeout = '3s'; SET lock_timeout = '2s'; \
             SET idle_in_transaction_session_timeout = '5s'; SET TIME ZONE 'UTC';";
        assert_eq!(postgres_session("postgres://u@h/db?sslmode=require"), all);
        assert_eq!(
            postgres_session("postgres://u@h/db?options=-c%20statement_timeout%3D30s"),
            all.replace("SET statement_timeout = '3s'; ", "")
        );
    }

    #[test]
    fn libpq_is_not_let_repeat_a_password() {
        for url in
            ["postgres://u:canary%zz@127.0.0.1:1/db", "postgres://u@127.0.0.1:1/db?canary=1", "postgres://u:canary"]
        {
            let failure = establish(url, StatementCache::Off).map(drop).unwrap_err();
            assert!(matches!(failure, ConnectFailure::Url), "{failure}");
        }
    }
}
