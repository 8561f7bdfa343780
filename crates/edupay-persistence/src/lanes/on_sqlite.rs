//! Batches on SQLite: the one sync to disk at the end is for all tasks.
//!
//! Work that reads and writes by itself is a part of the transaction that can be taken back alone,
//! since it may refuse after it has written. A decision writes only what its rule has planned, so it
//! needs no such part; should the database refuse it, the lane looks for it in smaller batches.

use super::command::Task;
use super::lane::{Doubt, Ground};
use crate::conn::Conn;
use crate::pools::SqlitePool;
use crate::tx::{self, Setback};
use edupay_domain::store::{StoreError, StoreFault};
use edupay_mischief::failpoint;

/// The writer.
pub(super) struct SqliteGround {
    writer: SqlitePool,
}

impl SqliteGround {
    pub(super) fn new(writer: SqlitePool) -> Self {
        Self { writer }
    }
}

impl Ground for SqliteGround {
    /// SQLite's commit either happened or said why not, so there is never a doubt.
    fn run(&mut self, batch: &mut [Box<dyn Task>], _: &mut Doubt) -> Result<(), Setback> {
        let unavailable = |error| Setback::Again(StoreError::new(StoreFault::Unavailable, error));
        let mut writer =
            self.writer.get().map_err(|error| Setback::Again(StoreError::new(StoreFault::Unavailable, error)))?;
        let mut conn = Conn::Sqlite(&mut writer);
        tx::begin(&mut conn).map_err(unavailable)?;
        for task in batch {
            let result = match task.keys() {
                Some(_) => task.run(&mut conn).map(drop).map_err(|error| tx::failed_statement(error, true)),
                None => run_part(&mut conn, task.as_mut()),
            };
            if let Err(setback) = result {
                let _ = tx::rollback(&mut conn);
                return Err(setback);
            }
        }
        tx::commit(&mut conn).map_err(|error| {
            let _ = tx::rollback(&mut conn);
            tx::failed_commit(error, true)
        })
    }
}

/// Runs one task; its failure is its own, unless the whole transaction is gone with it.
fn run_part(conn: &mut Conn<'_>, task: &mut dyn Task) -> Result<(), Setback> {
    let gone = |error| Setback::Again(StoreError::new(StoreFault::Unavailable, error));
    tx::begin_part(conn).map_err(gone)?;
    failpoint!("effect.work.before");
    let done = task.run(conn);
    failpoint!("effect.work.after");
    match done {
        Ok(true) => tx::commit(conn).map_err(gone),
        Ok(false) => tx::rollback(conn).map_err(gone),
        Err(error) => {
            tx::rollback(conn).map_err(gone)?;
            match tx::failed_statement(error, true) {
                Setback::Failed(error) => {
                    task.fail(error);
                    Ok(())
                }
                setback => Err(setback),
            }
        }
    }
}
