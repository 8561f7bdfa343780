//! Somebody who reads the books all the while: whatever is going on, each snapshot must hold.

use crate::checks::check_books;
use crate::database::Database;
use crate::error::{Doing, Failure};
use crate::load::Shared;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(700);

/// The observer, until it is dropped.
pub(crate) struct Observer {
    over: Arc<AtomicBool>,
    looks: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Observer {
    pub(crate) fn start(database: &Database, shared: &Arc<Shared>) -> Result<Self, Failure> {
        let (over, looks) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (database, shared) = (database.clone(), Arc::clone(shared));
        let (ended, seen) = (Arc::clone(&over), Arc::clone(&looks));
        let thread = std::thread::Builder::new().name("observer".to_owned()).spawn(move || {
            while !ended.load(Ordering::SeqCst) {
                // A database that is down now is looked at later.
                if let Ok(found) = database.open().and_then(|mut eye| check_books(&mut eye)) {
                    seen.fetch_add(1, Ordering::SeqCst);
                    for violation in found {
                        shared.history.note_oddity(format!("I13: in the middle of the run: {violation}"));
                    }
                }
                std::thread::sleep(PAUSE);
            }
        });
        Ok(Self { over, looks, thread: Some(thread.doing("the observer can't be started")?) })
    }

    /// How often it has seen a whole snapshot.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
