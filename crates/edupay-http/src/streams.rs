//! How many pages are told of changes at once.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many; the others ask now and then.
const MOST: usize = 256;

/// The seats of those that are told.
pub(crate) struct Streams(Arc<Semaphore>);

impl Streams {
    /// A seat until it is dropped; `None` when all are taken.
    pub(crate) fn take_a_seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}
