//! Lets the clients work, holds them, or sends them home.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Held,
    Over,
}

struct Inside {
    phase: Phase,
    busy: usize,
}

/// The gate that every client passes before each thing it does.
pub(crate) struct Gate {
    inside: Mutex<Inside>,
    change: Condvar,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { inside: Mutex::new(Inside { phase: Phase::Held, busy: 0 }), change: Condvar::new() }
    }

    /// Waits to be let in; `false` when all is over.
    pub(crate) fn enter(&self) -> bool {
        let mut inside = self.lock();
        loop {
            match inside.phase {
                Phase::Open => {
                    inside.busy = inside.busy.saturating_add(1);
                    return true;
                }
                Phase::Held => inside = self.change.wait(inside).unwrap_or_else(PoisonError::into_inner),
                Phase::Over => return false,
            }
        }
    }

    pub(crate) fn leave(&self) {
        let mut inside = self.lock();
        inside.busy = inside.busy.saturating_sub(1);
        drop(inside);
        self.change.notify_all();
    }

    pub(crate) fn open(&self) {
        self.lock().phase = Phase::Open;
        self.change.notify_all();
    }

    /// Holds them and waits until nobody is inside; whether that came in time.
    pub(crate) fn hold(&self, limit: Duration) -> bool {
        let since = Instant::now();
        let mut inside = self.lock();
        inside.phase = Phase::Held;
        while inside.busy > 0 {
            let Some(rest) = limit.checked_sub(since.elapsed()) else { return false };
            inside = self.change.wait_timeout(inside, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(crate) fn close(&self) {
        self.lock().phase = Phase::Over;
        self.change.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
