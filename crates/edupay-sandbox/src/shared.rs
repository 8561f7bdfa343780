//! What every request of one sandbox sees.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::book::Book;
use crate::clock::SandboxClock;
use crate::config::SandboxOptions;
use crate::faults::Faults;
use crate::keys::Keys;

pub(crate) struct Shared {
    book: Mutex<Book>,
    faults: Mutex<Faults>,
    webhook_url: Mutex<Option<String>>,
    pub(crate) clock: SandboxClock,
    pub(crate) keys: Keys,
    pub(crate) options: SandboxOptions,
    /// Where people and credentials find this sandbox, without a slash at the end.
    pub(crate) base_url: String,
    pub(crate) agent: ureq::Agent,
}

impl Shared {
    pub(crate) fn new(
        keys: Keys,
        options: SandboxOptions,
        base_url: String,
        webhook_url: Option<String>,
        agent: ureq::Agent,
    ) -> Self {
        Self {
            book: Mutex::default(),
            faults: Mutex::new(Faults::new(crate::faults::Plan::default())),
            webhook_url: Mutex::new(webhook_url),
            clock: SandboxClock::default(),
            keys,
            options,
            base_url,
            agent,
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        locked(&self.book)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        locked(&self.faults)
    }

    pub(crate) fn webhook_url(&self) -> Option<String> {
        locked(&self.webhook_url).clone()
    }

    pub(crate) fn set_webhook_url(&self, url: Option<String>) {
        *locked(&self.webhook_url) = url;
    }
}

/// A panic elsewhere leaves nothing half-written that a test could not see in the state.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
