//! The only place that leaves async: a database call runs on a thread of the blocking pool, and no
//! more of them at once than there are connections. Small questions that many ask are gathered on a
//! thread of their own.

mod gathered;

pub(crate) use gathered::Gathered;

use edupay_domain::store::{StoreError, StoreFault};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a call waits for its turn.
const WAIT: Duration = Duration::from_secs(2);

/// As many turns as there are connections.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Turns {
    pub(crate) fn new(count: u32) -> Self {
        Self(Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(1))))
    }

    /// Waits for a turn, then runs the work to its end, whether or not anybody still waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.0).acquire_owned())
            .await
            .map_err(|late| StoreError::new(StoreFault::Unavailable, late))?
            .map_err(|closed| StoreError::new(StoreFault::Unavailable, closed))?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        })
        .await
        .map_err(|panic| StoreError::new(StoreFault::Unknown, panic))?
    }
}
