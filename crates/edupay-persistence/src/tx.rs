//! The only place that opens transactions: immediate ones on SQLite; on PostgreSQL read-committed
//! ones whose first statement locks the user's wallet row, which puts all effects on one user's
//! rows in one line. Retries are bounded, and every effect can be repeated.

use crate::conn::Conn;
use crate::database::SqlStore;
use crate::pools::{Pooled, Pools};
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::r2d2::R2D2Connection;
use diesel::result::{DatabaseErrorKind, Error};
use edupay_domain::store::{EffectError, StoreError, StoreFault};

/// How often an effect is tried.
const TRIES: u32 = 5;

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

/// How one try ended.
enum Try<T, R> {
    Done(T),
    Refused(R),
    /// Nothing was written; worth another try.
    Again(StoreError),
    /// The commit's answer was lost; another try finds out.
    Lost(StoreError),
    Failed(StoreError),
}

impl SqlStore {
    /// Runs an effect in one transaction. The work may run again: it must not change anything
    /// outside the connection, and repeating it after it was committed must change nothing.
    pub(crate) async fn effect<T, R>(
        &self,
        mut work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>> + Send + 'static,
    ) -> Result<T, EffectError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let pools = self.pools().clone();
        let outcome = self.write_turns().run(move || Ok(effect_blocking(&pools, &mut work))).await;
        outcome.map_err(EffectError::Store)?
    }

    /// Runs an effect whose rule can't refuse.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<Never>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.effect(work).await.map_err(|error| match error {
            EffectError::Refused(never) => match never {},
            EffectError::Store(error) => error,
        })
    }

    /// Reads without a transaction: each statement sees what is committed when it starts.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn<'_>) -> Result<T, TxError<Never>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pools = self.pools().clone();
        self.read_turns()
            .run(move || {
                let mut pooled = pools.reader().map_err(|error| StoreError::new(StoreFault::Unavailable, error))?;
                work(&mut pooled.conn()).map_err(read_failure)
            })
            .await
    }

    /// Reads in one snapshot.
    pub(crate) async fn read_snapshot<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn<'_>) -> Result<T, TxError<Never>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(move |conn| {
            let begin = match conn {
                Conn::Sqlite(_) => "BEGIN",
                Conn::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            };
            begin_transaction(conn, begin)?;
            let result = work(conn);
            let end = rollback(conn);
            result.and_then(|value| end.map(|()| value).map_err(TxError::from))
        })
        .await
    }
}

fn read_failure(error: TxError<Never>) -> StoreError {
    match error {
        TxError::Refused(never) => match never {},
        TxError::Database(error) => StoreError::new(StoreFault::Unavailable, error),
        TxError::Store(error) => error,
    }
}

fn effect_blocking<T, R>(
    pools: &Pools,
    work: &mut impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>>,
) -> Result<T, EffectError<R>> {
    let mut lost = false;
    let mut last = None;
    for number in 0..TRIES {
        if number > 0 {
            pause(number);
        }
        match one_try(pools, work) {
            Try::Done(value) => return Ok(value),
            Try::Refused(refusal) if !lost => return Err(EffectError::Refused(refusal)),
            // What is refused now may be what the lost commit did: its caller must ask.
            Try::Refused(_) => break,
            Try::Failed(error) if !lost => return Err(EffectError::Store(error)),
            Try::Failed(error) | Try::Again(error) => last = Some(error),
            Try::Lost(error) => {
                lost = true;
                last = Some(error);
            }
        }
    }
    let fault = if lost { StoreFault::Unknown } else { StoreFault::Unavailable };
    Err(EffectError::Store(match last {
        Some(error) => StoreError::new(fault, error),
        None => StoreError::new(fault, "no try was made"),
    }))
}

/// Waits a little before another try, each time longer and never twice the same across threads.
fn pause(number: u32) {
    let jitter = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_micros()).checked_rem(7_000).unwrap_or_default());
    let base = 2_000_u64.saturating_mul(u64::from(number)).saturating_mul(u64::from(number));
    std::thread::sleep(std::time::Duration::from_micros(base.saturating_add(jitter)));
}

fn one_try<T, R>(pools: &Pools, work: &mut impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>>) -> Try<T, R> {
    let mut pooled = match pools.writer() {
        Ok(pooled) => pooled,
        // The wait for a connection is bounded already; no second one.
        Err(error) => return Try::Failed(StoreError::new(StoreFault::Unavailable, error)),
    };
    let mut conn = pooled.conn();
    let begin = match conn {
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
        Conn::Postgres(_) => "BEGIN",
    };
    if let Err(error) = begin_transaction(&mut conn, begin) {
        return Try::Again(StoreError::new(StoreFault::Unavailable, error));
    }
    match work(&mut conn) {
        Ok(value) => match commit(&mut conn) {
            Ok(()) => Try::Done(value),
            Err(error) => failed_commit(&mut pooled, error),
        },
        Err(error) => {
            let clean = rollback(&mut conn).is_ok();
            match error {
                TxError::Refused(refusal) => Try::Refused(refusal),
                TxError::Store(error) => Try::Failed(error),
                TxError::Database(error) => failed_statement(error, clean),
            }
        }
    }
}

/// A statement failed before the commit: nothing was written.
fn failed_statement<T, R>(error: Error, clean: bool) -> Try<T, R> {
    match &error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => {
            Try::Again(StoreError::new(StoreFault::Unavailable, error))
        }
        Error::DatabaseError(DatabaseErrorKind::Unknown, information)
            if !clean || information.message().contains("deadlock") =>
        {
            Try::Again(StoreError::new(StoreFault::Unavailable, error))
        }
        Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
            Try::Again(StoreError::new(StoreFault::Unavailable, error))
        }
        Error::DatabaseError(
            DatabaseErrorKind::UniqueViolation
            | DatabaseErrorKind::CheckViolation
            | DatabaseErrorKind::ForeignKeyViolation
            | DatabaseErrorKind::NotNullViolation,
            _,
        ) => Try::Failed(StoreError::new(StoreFault::Corrupt, error)),
        _ => Try::Failed(StoreError::new(StoreFault::Unavailable, error)),
    }
}

/// The commit failed: with the connection alive the database said so and has rolled back; with the
/// connection dead nobody knows.
fn failed_commit<T, R>(pooled: &mut Pooled, error: Error) -> Try<T, R> {
    let alive = match pooled {
        Pooled::Sqlite(connection) => {
            let _ = AnsiTransactionManager::rollback_transaction(&mut **connection);
            true
        }
        Pooled::Postgres(connection) => connection.ping().is_ok(),
    };
    match &error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => {
            Try::Again(StoreError::new(StoreFault::Unavailable, error))
        }
        _ if alive => Try::Failed(StoreError::new(StoreFault::Unavailable, error)),
        _ => Try::Lost(StoreError::new(StoreFault::Unknown, error)),
    }
}

fn begin_transaction(conn: &mut Conn<'_>, sql: &str) -> Result<(), Error> {
    crate::conn::on!(conn, c => AnsiTransactionManager::begin_transaction_sql(c, sql))
}

fn commit(conn: &mut Conn<'_>) -> Result<(), Error> {
    crate::conn::on!(conn, c => AnsiTransactionManager::commit_transaction(c))
}

fn rollback(conn: &mut Conn<'_>) -> Result<(), Error> {
    crate::conn::on!(conn, c => AnsiTransactionManager::rollback_transaction(c))
}
