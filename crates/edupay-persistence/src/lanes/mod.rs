//! Lanes: whatever moves money waits in the lane of its user, and a lane commits all that waits at
//! once. A payment costs little computing and one durable commit; whoever commits once per payment
//! is bound by that.
//!
//! A lane is one thread. It takes what is waiting, up to [`lane::MOST`] and never waiting for more, so
//! that batching costs nothing when nobody waits. In one transaction it loads all rows, runs the
//! rules in the order of arrival, each on the rows as the ones before left them, writes all plans
//! and commits; then it answers. What a batch does when the database fails is in `lane`.
//!
//! On PostgreSQL a few lanes have a connection each, and other instances' lanes are kept apart by
//! row locks taken in the order of the users. On SQLite the one lane is the one writer, and it
//! carries every other effect too.

mod command;
mod lane;
mod on_postgres;
mod on_sqlite;
mod queue;

use crate::conn::Conn;
use crate::pools::{Connector, SqlitePool};
use crate::rows::{Keys, Rows};
use crate::tx::TxError;
use command::{Alone, Command, Decision, Reply};
use edupay_domain::ids::UserId;
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use lane::Lane;
use on_postgres::PostgresGround;
use on_sqlite::SqliteGround;
use queue::Queue;
pub(crate) use queue::{SIZES, Taken};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a command waits for its turn before its caller is told to come back.
const WAIT: Duration = Duration::from_secs(2);

/// The lanes of a store. Dropping it carries through what waits, then ends the threads.
pub(crate) struct Lanes {
    queues: Vec<Arc<Queue<Command>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Lanes {
    /// The one lane of a SQLite file.
    pub(crate) fn on_sqlite(writer: &SqlitePool, bound: usize) -> Result<Self, std::io::Error> {
        let writer = writer.clone();
        Self::start(1, bound, move || Box::new(SqliteGround::new(writer.clone())))
    }

    /// The lanes of a PostgreSQL server, each with a connection that is made when it is first used.
    pub(crate) fn on_postgres(connector: &Connector, count: usize, bound: usize) -> Result<Self, std::io::Error> {
        let connector = connector.clone();
        Self::start(count, bound, move || Box::new(PostgresGround::new(connector.clone())))
    }

    fn start(count: usize, bound: usize, ground: impl Fn() -> Box<dyn lane::Ground>) -> Result<Self, std::io::Error> {
        let mut lanes = Self { queues: Vec::new(), threads: Vec::new() };
        for number in 0..count.max(1) {
            let queue = Arc::new(Queue::new(bound));
            let mut lane = Lane::new(ground(), Arc::clone(&queue));
            let thread = std::thread::Builder::new().name(format!("lane-{number}")).spawn(move || lane.run())?;
            lanes.queues.push(queue);
            lanes.threads.push(thread);
        }
        Ok(lanes)
    }

    /// Runs a rule on the rows of these keys, in the lane of their user.
    pub(crate) async fn decide<T, R>(
        &self,
        keys: Keys,
        rule: impl FnMut(&mut Rows) -> Result<T, TxError<R>> + Send + 'static,
    ) -> Result<T, EffectError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let user_id = keys.user_id;
        let decision = Decision::new(keys, rule, Reply::new(sender));
        self.carry(Some(user_id), Command::new(Box::new(decision)), answer).await
    }

    /// Runs work that reads and writes by itself, as a part of the one lane's transaction; `then`
    /// follows before the answer, whatever that is.
    pub(crate) async fn run_alone<T, R>(
        &self,
        work: impl FnMut(&mut Conn<'_>) -> Result<T, TxError<R>> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, EffectError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        let alone = Alone::new(work, then, Reply::new(sender));
        self.carry(None, Command::new(Box::new(alone)), answer).await
    }

    /// Puts a command into its lane and waits: for its turn a bounded time, then for its answer.
    async fn carry<T, R>(
        &self,
        user_id: Option<UserId>,
        command: Command,
        mut answer: oneshot::Receiver<Result<T, EffectError<R>>>,
    ) -> Result<T, EffectError<R>> {
        let turn = command.turn();
        if !self.queue(user_id).is_some_and(|queue| queue.push(command)) {
            return Err(StoreError::new(StoreFault::Unavailable, "the lane is full").into());
        }
        let answered = match tokio::time::timeout(WAIT, &mut answer).await {
            Ok(answered) => answered,
            Err(late) if !turn.swap(true, Ordering::AcqRel) => {
                return Err(StoreError::new(StoreFault::Unavailable, late).into());
            }
            Err(_) => answer.await,
        };
        // A lane answers every command; one that it dropped was lost by a panic, after which nothing is known.
        answered.unwrap_or_else(|dropped| Err(StoreError::new(StoreFault::Unknown, dropped).into()))
    }

    /// What waits in each lane, and what each has taken so far.
    pub(crate) fn counts(&self) -> Vec<(usize, Taken)> {
        self.queues.iter().map(|queue| queue.counts()).collect()
    }

    fn queue(&self, user_id: Option<UserId>) -> Option<&Queue<Command>> {
        let hash = user_id.map_or(0, |id| BuildHasherDefault::<DefaultHasher>::default().hash_one(id.get()));
        let count = u64::try_from(self.queues.len()).ok()?;
        self.queues.get(usize::try_from(hash.checked_rem(count)?).ok()?).map(Arc::as_ref)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for queue in &self.queues {
            queue.close();
        }
        for thread in self.threads.drain(..) {
            // A lane that panicked has said so already.
            let _ = thread.join();
        }
    }
}
