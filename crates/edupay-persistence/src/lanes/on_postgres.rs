//! Batches on PostgreSQL: one statement loads and locks, one writes, whatever the size.

use super::command::Task;
use super::lane::{Doubt, Ground};
use crate::conn::Conn;
use crate::journal;
use crate::pools::Connector;
use crate::rows::{self, Keys};
use crate::tx::{self, Setback};
use diesel::pg::PgConnection;
use diesel::r2d2::R2D2Connection;
use diesel::result::Error;
use edupay_domain::ids::{EventId, UserId};
use edupay_domain::store::{StoreError, StoreFault};
use edupay_mischief::failpoint;

/// A connection, made when it is needed. Between two batches that follow each other closely its next
/// transaction is begun already, by the message that committed the one before; not behind a pooler, which
/// could give the server's process to nobody else meanwhile.
pub(super) struct PostgresGround {
    connector: Connector,
    connection: Option<PgConnection>,
    is_begun: bool,
}

impl PostgresGround {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, connection: None, is_begun: false }
    }
}

impl Ground for PostgresGround {
    fn run(&mut self, batch: &mut [Box<dyn Task>], doubt: &mut Doubt) -> Result<(), Setback> {
        let is_begun = std::mem::take(&mut self.is_begun);
        let unavailable = |error| Setback::Again(StoreError::new(StoreFault::Unavailable, error));
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self
                .connector
                .connect()
                .map_err(|error| Setback::Again(StoreError::new(StoreFault::Unavailable, error)))?,
        };
        let next = if self.connector.session_is_own() { Ended::Begun } else { Ended::Idle };
        let begun = if is_begun { Ok(()) } else { tx::begin(&mut Conn::Postgres(&mut connection)) };
        let result = begun.map_err(unavailable).and_then(|()| run_on(&mut connection, batch, doubt, next));
        match result {
            Ok(Ended::Begun) => self.is_begun = true,
            Ok(Ended::Idle) => {}
            Err(_) if connection.ping().is_ok() => {}
            Err(setback) => return Err(setback),
        }
        self.connection = Some(connection);
        result.map(drop)
    }

    fn rest(&mut self) {
        if std::mem::take(&mut self.is_begun)
            && let Some(mut connection) = self.connection.take()
            && tx::rollback(&mut Conn::Postgres(&mut connection)).is_ok()
        {
            self.connection = Some(connection);
        }
    }
}

/// How a batch left its connection.
#[derive(Clone, Copy)]
enum Ended {
    /// In no transaction.
    Idle,
    /// In the next one.
    Begun,
}

/// In a transaction that is begun; what was written leaves the connection as `next` says.
fn run_on(
    connection: &mut PgConnection,
    batch: &mut [Box<dyn Task>],
    doubt: &mut Doubt,
    next: Ended,
) -> Result<Ended, Setback> {
    let mut conn = Conn::Postgres(&mut *connection);
    match decide_and_write(&mut conn, batch, doubt) {
        Ok(Work::Nothing) => {
            // What was refused or committed before needs no commit.
            let _ = tx::rollback(&mut conn);
            Ok(Ended::Idle)
        }
        Ok(Work::Changed) => {
            let _ = tx::rollback(&mut conn);
            Err(Setback::Again(StoreError::new(StoreFault::Unavailable, "a row changed before it was locked")))
        }
        Ok(Work::Written(event)) => commit(connection, next).map_err(|error| {
            // Which of two failed is not told, so an answer that came counts as one that was lost.
            let alive = matches!(next, Ended::Idle) && connection.ping().is_ok();
            let setback = tx::failed_commit(error, alive);
            let _ = tx::rollback(&mut Conn::Postgres(connection));
            if let Setback::Lost(_) = setback {
                *doubt = Doubt::Commit(event);
            }
            setback
        }),
        Err(error) => {
            let rolled_back = tx::rollback(&mut conn).is_ok();
            Err(tx::failed_statement(error, rolled_back))
        }
    }
}

fn commit(connection: &mut PgConnection, next: Ended) -> Result<Ended, Error> {
    match next {
        Ended::Begun => tx::commit_and_begin(connection)?,
        Ended::Idle => tx::commit(&mut Conn::Postgres(connection))?,
    }
    Ok(next)
}

/// What a transaction has come to.
enum Work {
    /// Nothing is to be committed.
    Nothing,
    /// All is written; an event of it, if there is one.
    Written(Option<(UserId, EventId)>),
    /// A row was not as it was loaded.
    Changed,
}

fn decide_and_write(conn: &mut Conn<'_>, batch: &mut [Box<dyn Task>], doubt: &mut Doubt) -> Result<Work, Error> {
    let keys: Vec<&Keys> = batch.iter().filter_map(|task| task.keys()).collect();
    let mut rows = rows::load(conn, &keys)?;
    failpoint!("lane.load.after");
    // The rows are locked, so a commit that was under way has ended by now, one way or the other.
    if let Doubt::Commit(Some((user_id, event_id))) = *doubt
        && journal::is_recorded(conn, user_id, event_id)?
    {
        return Ok(Work::Nothing);
    }
    *doubt = Doubt::None;
    for task in batch {
        task.decide(&mut rows);
    }
    failpoint!("lane.decide.after");
    if rows.changes().is_empty() {
        return Ok(Work::Nothing);
    }
    Ok(if rows::write(conn, &rows)? { Work::Written(rows.changes().an_event()) } else { Work::Changed })
}
