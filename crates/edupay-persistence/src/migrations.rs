//! The schema's history: applied under a lock, each step in a transaction (on PostgreSQL all of them
//! in one), and never guessed at.

use crate::pools::{Pooled, Pools};
use crate::url::DatabaseUrl;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::fs::File;
use thiserror::Error;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The key of PostgreSQL's advisory lock: "edupay" in ASCII.
const LOCK_KEY: i64 = 0x65_64_75_70_61_79;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Why the schema can't be used or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The database has steps that this program does not know.
    #[error("the database schema is newer than this program: it has {0}")]
    Newer(String),
    /// A step is missing before one that was applied.
    #[error("the database schema is half applied: {0} is missing")]
    HalfApplied(String),
    /// Steps are missing at the end.
    #[error("the database schema is behind: run `edupay migrate` ({0} steps are missing)")]
    Behind(usize),
    /// A step failed; it was rolled back.
    #[error("a migration failed and was rolled back")]
    Failed(#[source] AnyError),
    /// The database could not be asked.
    #[error("the database could not be asked for its schema")]
    Unreachable(#[source] AnyError),
}

impl From<diesel::result::Error> for SchemaError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Unreachable(error.into())
    }
}

/// How the schema compares with the program's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// Versions that were applied, oldest first.
    pub applied: Vec<String>,
    /// Versions that are missing, oldest first.
    pub pending: Vec<String>,
}

/// What a migration run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Versions applied now, oldest first.
    pub applied: Vec<String>,
}

pub(crate) fn state(pools: &Pools) -> Result<SchemaState, SchemaError> {
    let mut pooled = pools.writer().map_err(|error| SchemaError::Unreachable(error.into()))?;
    state_on(&mut pooled)
}

pub(crate) fn check(pools: &Pools) -> Result<(), SchemaError> {
    match state(pools)?.pending.len() {
        0 => Ok(()),
        missing => Err(SchemaError::Behind(missing)),
    }
}

pub(crate) fn migrate(pools: &Pools, url: &DatabaseUrl) -> Result<MigrationReport, SchemaError> {
    let applied = match &mut pools.writer().map_err(|error| SchemaError::Unreachable(error.into()))? {
        Pooled::Sqlite(connection) => {
            let _lock = lock_file(url)?;
            sqlite_state(connection)?;
            versions(connection.run_pending_migrations(SQLITE)).map_err(SchemaError::Failed)
        }
        Pooled::Postgres(connection) => crate::tx::whole(connection, |connection| {
            connection.batch_execute(&alone())?;
            postgres_state(connection)?;
            versions(connection.run_pending_migrations(POSTGRES)).map_err(SchemaError::Failed)
        }),
    };
    applied.map(|applied| MigrationReport { applied })
}

fn versions(applied: Result<Vec<MigrationVersion<'_>>, AnyError>) -> Result<Vec<String>, AnyError> {
    applied.map(|versions| versions.iter().map(ToString::to_string).collect())
}

/// One migration run at a time: on PostgreSQL by a lock that ends with the transaction, whatever
/// becomes of us. The lock of a session would stay with a pooler's server connection, and nobody
/// could migrate again. All steps are savepoints of this one transaction, so a run is applied whole
/// or not at all. It waits for another run however long that takes: the session's limits are for
/// payments.
fn alone() -> String {
    format!(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
         SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_advisory_xact_lock({LOCK_KEY});"
    )
}

/// The same for SQLite, by a locked file beside the database.
fn lock_file(url: &DatabaseUrl) -> Result<Option<File>, SchemaError> {
    let DatabaseUrl::Sqlite(path) = url else { return Ok(None) };
    let mut name = path.clone().into_os_string();
    name.push(".migrate.lock");
    let file = File::create(name).map_err(|error| SchemaError::Unreachable(error.into()))?;
    file.lock().map_err(|error| SchemaError::Unreachable(error.into()))?;
    Ok(Some(file))
}

fn state_on(pooled: &mut Pooled) -> Result<SchemaState, SchemaError> {
    match pooled {
        Pooled::Sqlite(connection) => sqlite_state(connection),
        Pooled::Postgres(connection) => postgres_state(connection),
    }
}

fn sqlite_state(connection: &mut SqliteConnection) -> Result<SchemaState, SchemaError> {
    let known = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map(names);
    compare_sorted(known, applied_versions(connection))
}

fn postgres_state(connection: &mut PgConnection) -> Result<SchemaState, SchemaError> {
    let known = MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES).map(names);
    compare_sorted(known, applied_versions(connection))
}

fn compare_sorted(
    known: Result<Vec<String>, AnyError>,
    applied: Result<Vec<String>, AnyError>,
) -> Result<SchemaState, SchemaError> {
    let mut known = known.map_err(SchemaError::Unreachable)?;
    let mut applied = applied.map_err(SchemaError::Unreachable)?;
    known.sort();
    applied.sort();
    compare(&known, applied)
}

fn names<DB: diesel::backend::Backend>(migrations: Vec<Box<dyn Migration<DB>>>) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().version().to_string()).collect()
}

fn applied_versions<C, DB>(connection: &mut C) -> Result<Vec<String>, AnyError>
where
    C: MigrationHarness<DB>,
    DB: diesel::backend::Backend,
{
    connection.applied_migrations().map(|versions| versions.iter().map(ToString::to_string).collect())
}

/// What was applied must be the beginning of what is known.
fn compare(known: &[String], applied: Vec<String>) -> Result<SchemaState, SchemaError> {
    if let Some(unknown) = applied.iter().find(|version| !known.contains(version)) {
        return Err(SchemaError::Newer(unknown.clone()));
    }
    if let Some((missing, _)) = known.iter().zip(&applied).find(|(known, applied)| known != applied) {
        return Err(SchemaError::HalfApplied(missing.clone()));
    }
    let pending = known.iter().skip(applied.len()).cloned().collect();
    Ok(SchemaState { applied, pending })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_newer_and_a_half_applied_schema_are_refused() {
        let known = list(&["1", "2", "3"]);
        assert!(
            matches!(compare(&known, list(&["1", "2", "3", "4"])), Err(SchemaError::Newer(version)) if version == "4")
        );
        assert!(matches!(compare(&known, list(&["1", "3"])), Err(SchemaError::HalfApplied(version)) if version == "2"));
        assert_eq!(compare(&known, list(&["1"])).map(|state| state.pending).ok(), Some(list(&["2", "3"])));
        assert_eq!(compare(&known, list(&[])).map(|state| state.pending.len()).ok(), Some(3));
    }
}
