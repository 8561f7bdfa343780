//! The only place that leaves async: a database call runs on a thread of the blocking pool, and no
//! more of them at once than there are connections. Small questions that many ask are gathered on a
//! thread of their own.

mod gathered;

pub(crate) use gathered::Gathered;

use edupay_domain::store::{StoreError, StoreFault};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a call waits for its turn.
const WAIT: Duration = Duration::from_secs(2);

/// As many turns as there are connections.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Semaphore>, Arc<Waits>);

/// How callers waited for a turn.
#[derive(Debug, Default)]
struct Waits {
    count: AtomicU64,
    micros: AtomicU64,
    in_vain: AtomicU64,
}

/// How callers wait for their turn at a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnStats {
    /// How many turns are free.
    pub free: usize,
    /// How many callers had to wait so far.
    pub waits: u64,
    /// How long, all of them together.
    pub waited: Duration,
    /// How many of them gave up.
    pub in_vain: u64,
}

impl Turns {
    pub(crate) fn new(count: u32) -> Self {
        Self(Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(1))), Arc::default())
    }

    /// How many turns are free, and how callers have waited for one so far. Who found one free did not wait.
    pub(crate) fn counts(&self) -> TurnStats {
        let Self(turns, waits) = self;
        TurnStats {
            free: turns.available_permits(),
            waits: waits.count.load(Ordering::Relaxed),
            waited: Duration::from_micros(waits.micros.load(Ordering::Relaxed)),
            in_vain: waits.in_vain.load(Ordering::Relaxed),
        }
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let Self(turns, waits) = self;
        if let Ok(turn) = Arc::clone(turns).try_acquire_owned() {
            return Ok(turn);
        }
        let since = Instant::now();
        let turn = tokio::time::timeout(WAIT, Arc::clone(turns).acquire_owned()).await;
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        waits.count.fetch_add(1, Ordering::Relaxed);
        waits.micros.fetch_add(micros, Ordering::Relaxed);
        let turn = turn.map_err(|late| {
            waits.in_vain.fetch_add(1, Ordering::Relaxed);
            StoreError::new(StoreFault::Unavailable, late)
        })?;
        turn.map_err(|closed| StoreError::new(StoreFault::Unavailable, closed))
    }

    /// Waits for a turn, then runs the work to its end, whether or not anybody still waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.turn().await?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        })
        .await
        .map_err(|panic| StoreError::new(StoreFault::Unknown, panic))?
    }
}
