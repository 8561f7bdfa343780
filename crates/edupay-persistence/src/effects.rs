//! How a port method reaches the database: an effect is one transaction, tried again a bounded
//! number of times; a read is one statement or one snapshot.
//!
//! On SQLite every effect goes through the one lane, which is the one writer. On PostgreSQL only
//! what moves money does ([`SqlStore::decide`]); the other effects have connections of the pool.

use crate::conn::Conn;
use crate::database::SqlStore;
use crate::pools::{Pooled, Pools};
use crate::rows::{Keys, Rows};
use crate::tx::{self, Never, Setback, TxError};
use diesel::r2d2::R2D2Connection;
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_mischief::failpoint;

/// How often an effect is tried.
const TRIES: u32 = 5;

impl SqlStore {
    /// Runs an effect that moves money: in the lane of its user, in one transaction with whatever
    /// else waits there. `rule` sees the rows of its keys as they are after the effects before it,
    /// and writes its plan into them. It may run again, so it changes nothing but the rows, and
    /// nothing in them when it fails.
    pub(crate) async fn decide<T, R>(
        &self,
        keys: Keys,
        rule: impl FnMut(&mut Rows) -> Result<T, TxError<R>> + Send + 'static,
    ) -> Result<T, EffectError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let outcome = self.lanes().decide(keys, rule).await;
        self.heeded(outcome)
    }

    /// Runs an effect in one transaction. The work may run again: it must not change anything
    /// outside the connection, and repeating it after it was committed must change nothing.
    pub(crate) async fn effect<T, R>(
        &self,
        work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>> + Send + 'static,
    ) -> Result<T, EffectError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        self.effect_then(work, || ()).await
    }

    /// Runs an effect whose rule can't refuse.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<Never>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_then(work, || ()).await
    }

    /// The same, and then something in memory that must follow: after the commit, whatever became
    /// of it, and also when nobody waits for the outcome any more.
    pub(crate) async fn write_then<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<Never>> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, StoreError> {
        self.effect_then(work, then).await.map_err(never_refused)
    }

    async fn effect_then<T, R>(
        &self,
        mut work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, EffectError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let outcome = match self.pools() {
            Pools::Sqlite { .. } => self.lanes().run_alone(work, then).await,
            Pools::Postgres(_) => {
                let pools = self.pools().clone();
                let outcome = self.turns().run(move || {
                    let outcome = effect_blocking(&pools, &mut work);
                    then();
                    Ok(outcome)
                });
                outcome.await.map_err(EffectError::Store).flatten()
            }
        };
        self.heeded(outcome)
    }

    /// Whoever asks whether the store is ready hears of what it could not write.
    fn heeded<T, R>(&self, outcome: Result<T, EffectError<R>>) -> Result<T, EffectError<R>> {
        if let Err(EffectError::Store(error)) = &outcome {
            self.writability().heed(error);
        }
        outcome
    }

    /// Reads without a transaction: each statement sees what is committed when it starts.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn<'_>) -> Result<T, TxError<Never>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pools = self.pools().clone();
        self.turns()
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
            tx::begin_snapshot(conn)?;
            let result = work(conn);
            let end = tx::rollback(conn);
            result.and_then(|value| end.map(|()| value).map_err(TxError::from))
        })
        .await
    }
}

/// The failure of an effect whose rule can't refuse.
pub(crate) fn never_refused(error: EffectError<Never>) -> StoreError {
    match error {
        EffectError::Refused(never) => match never {},
        EffectError::Store(error) => error,
    }
}

fn read_failure(error: TxError<Never>) -> StoreError {
    match error {
        TxError::Refused(never) => match never {},
        TxError::Database(error) => StoreError::new(StoreFault::Unavailable, error),
        TxError::Store(error) => error,
    }
}

/// How one try ended.
enum Try<T, R> {
    Done(T),
    Refused(R),
    Set(Setback),
}

fn effect_blocking<T, R>(
    pools: &Pools,
    work: &mut impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>>,
) -> Result<T, EffectError<R>> {
    let mut lost = false;
    let mut last = None;
    for number in 0..TRIES {
        if number > 0 {
            tx::pause(number);
        }
        match one_try(pools, work) {
            Try::Done(value) => return Ok(value),
            Try::Refused(refusal) if !lost => return Err(EffectError::Refused(refusal)),
            // What is refused now may be what the lost commit did: its caller must ask.
            Try::Refused(_) => break,
            Try::Set(Setback::Failed(error)) if !lost => return Err(EffectError::Store(error)),
            Try::Set(Setback::Failed(error) | Setback::Again(error)) => last = Some(error),
            Try::Set(Setback::Lost(error)) => {
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

fn one_try<T, R>(pools: &Pools, work: &mut impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>>) -> Try<T, R> {
    let mut pooled = match pools.writer() {
        Ok(pooled) => pooled,
        // The wait for a connection is bounded already; no second one.
        Err(error) => return Try::Set(Setback::Failed(StoreError::new(StoreFault::Unavailable, error))),
    };
    let mut conn = pooled.conn();
    if let Err(error) = tx::begin(&mut conn) {
        return Try::Set(Setback::Again(StoreError::new(StoreFault::Unavailable, error)));
    }
    failpoint!("effect.work.before");
    let done = work(&mut conn);
    failpoint!("effect.work.after");
    match done {
        Ok(value) => match tx::commit(&mut conn) {
            Ok(()) => Try::Done(value),
            Err(error) => {
                let alive = match &mut pooled {
                    Pooled::Sqlite(_) => true,
                    Pooled::Postgres(connection) => connection.ping().is_ok(),
                };
                Try::Set(tx::failed_commit(error, alive))
            }
        },
        Err(error) => {
            let rolled_back = tx::rollback(&mut conn).is_ok();
            match error {
                TxError::Refused(refusal) => Try::Refused(refusal),
                TxError::Store(error) => Try::Set(Setback::Failed(error)),
                TxError::Database(error) => Try::Set(tx::failed_statement(error, rolled_back)),
            }
        }
    }
}
