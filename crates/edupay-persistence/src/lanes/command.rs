//! What waits in a lane.

use crate::conn::Conn;
use crate::rows::{self, Keys, Rows};
use crate::tx::TxError;
use diesel::result::Error;
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_mischief::failpoint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

/// One command, until its caller gives up waiting for its turn.
pub(super) struct Command {
    task: Box<dyn Task>,
    turn: Arc<AtomicBool>,
}

impl Command {
    pub(super) fn new(task: Box<dyn Task>) -> Self {
        Self { task, turn: Arc::default() }
    }

    /// For the caller: whether the command is still waiting, which it is not after this. Either the
    /// lane gets it or the caller takes it back.
    pub(super) fn turn(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.turn)
    }

    /// The task, unless its caller took it back.
    pub(super) fn take(self) -> Option<Box<dyn Task>> {
        (!self.turn.swap(true, Ordering::AcqRel)).then_some(self.task)
    }
}

/// What is done for a caller. It may be done again, as long as nothing was answered.
pub(super) trait Task: Send {
    /// The rows that [`Task::decide`] looks at; `None` when [`Task::run`] reads and writes by itself.
    fn keys(&self) -> Option<&Keys>;

    /// Runs the rule, carries its plan into the rows, and keeps what came of it. A refusal is a
    /// result as any other; it leaves the rows as they were.
    fn decide(&mut self, rows: &mut Rows);

    /// Does it all on the connection, and keeps what came of it; `Ok(false)` when what it wrote must
    /// be taken back.
    fn run(&mut self, conn: &mut Conn<'_>) -> Result<bool, Error>;

    /// Keeps that the store failed.
    fn fail(&mut self, error: StoreError);

    /// Answers what was kept.
    fn answer(self: Box<Self>);
}

/// The caller, and what there is to say so far.
pub(super) struct Reply<T, R> {
    sender: oneshot::Sender<Result<T, EffectError<R>>>,
    outcome: Option<Result<T, EffectError<R>>>,
}

impl<T, R> Reply<T, R> {
    pub(super) fn new(sender: oneshot::Sender<Result<T, EffectError<R>>>) -> Self {
        Self { sender, outcome: None }
    }

    /// Whoever stopped waiting misses the answer, not the effect.
    fn send(self) {
        if let Some(outcome) = self.outcome {
            let _ = self.sender.send(outcome);
        }
    }
}

/// A rule on rows.
pub(super) struct Decision<T, R, F> {
    keys: Keys,
    rule: F,
    reply: Reply<T, R>,
}

impl<T, R, F> Decision<T, R, F> {
    pub(super) fn new(keys: Keys, rule: F, reply: Reply<T, R>) -> Self {
        Self { keys, rule, reply }
    }
}

impl<T, R, F> Task for Decision<T, R, F>
where
    T: Send,
    R: Send,
    F: FnMut(&mut Rows) -> Result<T, TxError<R>> + Send,
{
    fn keys(&self) -> Option<&Keys> {
        Some(&self.keys)
    }

    fn decide(&mut self, rows: &mut Rows) {
        self.reply.outcome = Some((self.rule)(rows).map_err(|error| match error {
            TxError::Refused(refusal) => EffectError::Refused(refusal),
            TxError::Store(error) => EffectError::Store(error),
            TxError::Database(error) => StoreError::new(StoreFault::Unavailable, error).into(),
        }));
    }

    fn run(&mut self, conn: &mut Conn<'_>) -> Result<bool, Error> {
        let mut rows = rows::load(conn, &[&self.keys])?;
        failpoint!("lane.load.after");
        self.decide(&mut rows);
        failpoint!("lane.decide.after");
        match rows::write(conn, &rows)? {
            true => Ok(true),
            // Locked rows don't change; whatever did must not be committed.
            false => Err(Error::RollbackTransaction),
        }
    }

    fn fail(&mut self, error: StoreError) {
        self.reply.outcome = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        self.reply.send();
    }
}

/// Work on a connection.
pub(super) struct Alone<T, R, F, G> {
    work: F,
    then: G,
    reply: Reply<T, R>,
}

impl<T, R, F, G> Alone<T, R, F, G> {
    pub(super) fn new(work: F, then: G, reply: Reply<T, R>) -> Self {
        Self { work, then, reply }
    }
}

impl<T, R, F, G> Task for Alone<T, R, F, G>
where
    T: Send,
    R: Send,
    F: FnMut(&mut Conn<'_>) -> Result<T, TxError<R>> + Send,
    G: FnOnce() + Send,
{
    fn keys(&self) -> Option<&Keys> {
        None
    }

    fn decide(&mut self, _: &mut Rows) {}

    fn run(&mut self, conn: &mut Conn<'_>) -> Result<bool, Error> {
        let (outcome, keep) = match (self.work)(conn) {
            Ok(value) => (Ok(value), true),
            Err(TxError::Refused(refusal)) => (Err(EffectError::Refused(refusal)), false),
            Err(TxError::Store(error)) => (Err(error.into()), false),
            Err(TxError::Database(error)) => return Err(error),
        };
        self.reply.outcome = Some(outcome);
        Ok(keep)
    }

    fn fail(&mut self, error: StoreError) {
        self.reply.outcome = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        (self.then)();
        self.reply.send();
    }
}
