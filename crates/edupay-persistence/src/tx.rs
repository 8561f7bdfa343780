//! The only place that opens transactions: immediate ones on SQLite; on PostgreSQL read-committed
//! ones whose first statement locks the wallet rows of the users concerned, which puts all effects
//! on one user's rows in one line. Here too is what a failure says about the transaction it ended.

use crate::conn::{Conn, on};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::result::{DatabaseErrorKind, Error};
use edupay_domain::store::{StoreError, StoreFault};
use edupay_mischief::{failpoint, planted};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Why the work of a transaction did not come to its commit.
pub(crate) enum TxError<R> {
    /// The rule refused.
    Refused(R),
    /// The database failed.
    Database(Error),
    /// What was read contradicts the rules.
    Store(StoreError),
}

impl<R> From<Error> for TxError<R> {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl<R> From<StoreError> for TxError<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A rule that can't refuse.
pub(crate) enum Never {}

/// What a failure says about the transaction that it ended.
#[derive(Debug)]
pub(crate) enum Setback {
    /// Nothing was written; worth another try.
    Again(StoreError),
    /// Nothing was written, and another try would end the same.
    Failed(StoreError),
    /// The commit's answer was lost: it may have been written.
    Lost(StoreError),
}

/// A statement failed before the commit: nothing was written. `rolled_back` says whether the
/// connection could still be told so.
pub(crate) fn failed_statement(error: Error, rolled_back: bool) -> Setback {
    match &error {
        Error::DatabaseError(
            DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => Setback::Again(StoreError::new(StoreFault::Unavailable, error)),
        Error::DatabaseError(DatabaseErrorKind::Unknown, information)
            if !rolled_back || information.message().contains("deadlock") =>
        {
            Setback::Again(StoreError::new(StoreFault::Unavailable, error))
        }
        Error::DatabaseError(
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation,
            _,
        ) => Setback::Failed(StoreError::new(StoreFault::Corrupt, error)),
        _ => Setback::Failed(StoreError::new(StoreFault::Unavailable, error)),
    }
}

/// The commit failed: with the connection alive the database said so and has rolled back; with the
/// connection dead nobody knows.
pub(crate) fn failed_commit(error: Error, alive: bool) -> Setback {
    match &error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => {
            Setback::Again(StoreError::new(StoreFault::Unavailable, error))
        }
        _ if alive || planted!("unknown_commit_is_failure") => {
            Setback::Failed(StoreError::new(StoreFault::Unavailable, error))
        }
        _ => Setback::Lost(StoreError::new(StoreFault::Unknown, error)),
    }
}

/// Waits a little before another try, each time longer and never twice the same across threads.
pub(crate) fn pause(number: u32) {
    let jitter = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_micros()).checked_rem(7_000).unwrap_or_default());
    let base = 2_000_u64.saturating_mul(u64::from(number)).saturating_mul(u64::from(number));
    std::thread::sleep(Duration::from_micros(base.saturating_add(jitter)));
}

/// Begins a transaction that writes.
pub(crate) fn begin(conn: &mut Conn<'_>) -> Result<(), Error> {
    failpoint!("tx.begin.before");
    match conn {
        Conn::Sqlite(_) => begin_as(conn, "BEGIN IMMEDIATE"),
        Conn::Postgres(_) => begin_as(conn, "BEGIN"),
    }
}

/// Begins a transaction that reads one snapshot.
pub(crate) fn begin_snapshot(conn: &mut Conn<'_>) -> Result<(), Error> {
    match conn {
        Conn::Sqlite(_) => begin_as(conn, "BEGIN"),
        Conn::Postgres(_) => begin_as(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
    }
}

/// Begins a transaction by a statement of its own.
pub(crate) fn begin_as(conn: &mut Conn<'_>, sql: &str) -> Result<(), Error> {
    on!(conn, c => AnsiTransactionManager::begin_transaction_sql(c, sql))
}

/// One transaction on PostgreSQL for work that is not tried again.
pub(crate) fn whole<T, E: From<Error>>(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
) -> Result<T, E> {
    AnsiTransactionManager::transaction(connection, work)
}

/// Begins a part of a transaction that can be taken back alone; ended like a transaction.
pub(crate) fn begin_part(conn: &mut Conn<'_>) -> Result<(), Error> {
    on!(conn, c => AnsiTransactionManager::begin_transaction(c))
}

pub(crate) fn commit(conn: &mut Conn<'_>) -> Result<(), Error> {
    if planted!("ack_without_commit", 25) {
        return rollback(conn);
    }
    failpoint!("tx.commit.before");
    let committed = on!(conn, c => AnsiTransactionManager::commit_transaction(c));
    failpoint!("tx.commit.after");
    committed
}

/// Commits, and begins the next transaction in the same message: one way to the server instead of two.
/// Until its first statement a transaction holds nothing but the connection.
pub(crate) fn commit_and_begin(connection: &mut PgConnection) -> Result<(), Error> {
    if planted!("ack_without_commit", 25) {
        return connection.batch_execute("ROLLBACK; BEGIN");
    }
    failpoint!("tx.commit.before");
    let committed = connection.batch_execute("COMMIT; BEGIN");
    failpoint!("tx.commit.after");
    committed
}

pub(crate) fn rollback(conn: &mut Conn<'_>) -> Result<(), Error> {
    on!(conn, c => AnsiTransactionManager::rollback_transaction(c))
}
