//! One lane: takes what waits, carries it through, answers.
//!
//! When the database fails: a failure of the batch itself (a constraint, a corrupt row) is looked
//! for in smaller batches, so that one command can't fail its neighbours. A lost connection is
//! tried again, and where the commit was under way the next try first looks whether it happened.
//! Only then, or when time runs out, is anybody answered.

use super::command::{Command, Task};
use super::queue::Queue;
use crate::tx::{self, Setback};
use edupay_domain::ids::{EventId, UserId};
use edupay_domain::store::{StoreError, StoreFault};
use edupay_mischief::failpoint;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How many commands a batch has at most: more would make the first wait for the last.
pub(super) const MOST: usize = 64;
/// How long a batch of which nothing was written is tried.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a batch is tried of which nobody knows whether it was written.
const PATIENCE_IN_DOUBT: Duration = Duration::from_secs(15);
/// How long a lane with nothing to do keeps what it holds for the next batch.
const REST: Duration = Duration::from_millis(200);
/// From here on the pauses between tries no longer grow.
const LONGEST_PAUSE: u32 = 12;

/// Whether an earlier try's commit may have happened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Doubt {
    /// It did not, or there was none.
    #[default]
    None,
    /// Its answer was lost. An event of it, where it had one, tells whether it happened; what has
    /// no events moves no money and may simply be done again.
    Commit(Option<(UserId, EventId)>),
}

/// Where a lane's batches run.
pub(super) trait Ground: Send {
    /// Runs the tasks in one transaction, each keeping what came of it. In doubt about an earlier
    /// try it first finds out, with the rows locked, whether that one was committed; if so, the
    /// outcomes of then stand. Leaves a doubt behind when its own commit's answer is lost.
    fn run(&mut self, batch: &mut [Box<dyn Task>], doubt: &mut Doubt) -> Result<(), Setback>;

    /// Lets go of what it holds for a next batch: none has come for a while.
    fn rest(&mut self) {}
}

/// A thread's work.
pub(super) struct Lane {
    ground: Box<dyn Ground>,
    queue: Arc<Queue<Command>>,
}

/// Why a batch was not carried through.
enum Failure {
    /// By itself: a smaller one may be.
    OfTheBatch(StoreError),
    /// By the database.
    OfTheDatabase(StoreError),
}

impl Lane {
    pub(super) fn new(ground: Box<dyn Ground>, queue: Arc<Queue<Command>>) -> Self {
        Self { ground, queue }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn run(&mut self) {
        while self.wait() {
            let waiting = self.queue.take(MOST);
            let batch: Vec<_> = waiting.into_iter().filter_map(Command::take).collect();
            if !batch.is_empty() {
                // A panic must not end the lane, for nobody could pay from then on. Those of its batch
                // find their reply dropped and are told that nothing is known; the connection goes
                // with it, and so does what it had not committed.
                let _ = catch_unwind(AssertUnwindSafe(|| self.settle(batch)));
            }
        }
    }

    /// Waits until something is there; `false` once nothing can come any more.
    fn wait(&mut self) -> bool {
        self.queue.wait(Some(REST)).unwrap_or_else(|| {
            self.ground.rest();
            self.queue.wait(None).unwrap_or_default()
        })
    }

    fn settle(&mut self, mut batch: Vec<Box<dyn Task>>) {
        match self.carry_through(&mut batch) {
            Ok(()) => {}
            Err(Failure::OfTheBatch(_)) if batch.len() > 1 => {
                let later = batch.split_off(batch.len().div_ceil(2));
                self.settle(batch);
                return self.settle(later);
            }
            Err(Failure::OfTheBatch(error) | Failure::OfTheDatabase(error)) => {
                let shared = Shared(Arc::new(error));
                for task in &mut batch {
                    task.fail(StoreError::new(shared.0.fault(), shared.clone()));
                }
            }
        }
        failpoint!("lane.answer.before");
        for task in batch {
            task.answer();
        }
        failpoint!("lane.answer.after");
    }

    fn carry_through(&mut self, batch: &mut [Box<dyn Task>]) -> Result<(), Failure> {
        let since = Instant::now();
        let mut doubt = Doubt::None;
        let mut number = 0;
        loop {
            let setback = match self.ground.run(batch, &mut doubt) {
                Ok(()) => return Ok(()),
                Err(setback) => setback,
            };
            let (error, fault, patience) = match (setback, doubt) {
                (Setback::Failed(error), Doubt::None) => return Err(Failure::OfTheBatch(error)),
                (Setback::Again(error) | Setback::Lost(error), Doubt::None) => {
                    (error, StoreFault::Unavailable, PATIENCE)
                }
                (Setback::Failed(error) | Setback::Again(error) | Setback::Lost(error), Doubt::Commit(_)) => {
                    (error, StoreFault::Unknown, PATIENCE_IN_DOUBT)
                }
            };
            if since.elapsed() > patience {
                return Err(Failure::OfTheDatabase(StoreError::new(fault, error)));
            }
            number = LONGEST_PAUSE.min(number).saturating_add(1);
            tx::pause(number);
        }
    }
}

/// One failure that many are told.
#[derive(Debug, Clone, Error)]
#[error("the batch failed")]
struct Shared(#[source] Arc<StoreError>);
