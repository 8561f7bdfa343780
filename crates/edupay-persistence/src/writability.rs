//! Whether the database takes what is written. A full disk and a standby that only reads answer whoever reads,
//! so a look at whether the database is there finds nothing.

use diesel::result::{DatabaseErrorKind, Error};
use std::error::Error as StdError;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// For how long a refused write counts, when none is refused after it. Whoever is sent no requests writes little
/// and would never hear that there is room again.
const COUNTS_FOR: Duration = Duration::from_secs(15);

/// What the databases say. PostgreSQL says it in the language of its messages, with what the system says of a
/// full disk; its code is not told by the driver.
const SAID: [&str; 6] = [
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "No space left on device",
    "设备上没有空间",
    "Disk quota exceeded",
];

/// When the database has refused a write last.
#[derive(Debug, Default)]
pub(crate) struct Writability(Mutex<Option<Instant>>);

impl Writability {
    /// Heeds why an effect failed.
    pub(crate) fn heed(&self, error: &(dyn StdError + 'static)) {
        if refuses_writes(error) {
            let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *last = Some(Instant::now());
        }
    }

    /// Whether a write was refused just now.
    pub(crate) fn is_refused(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < COUNTS_FOR)
    }
}

/// Whether the database's own words, wherever they are among the causes, say that it can write nothing.
fn refuses_writes(error: &(dyn StdError + 'static)) -> bool {
    match error.downcast_ref::<Error>() {
        Some(Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)) => true,
        Some(Error::DatabaseError(DatabaseErrorKind::Unknown, information)) => {
            SAID.iter().any(|said| information.message().contains(said))
        }
        _ => error.source().is_some_and(refuses_writes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_domain::store::{StoreError, StoreFault};

    fn failure(kind: DatabaseErrorKind, message: &str) -> StoreError {
        let cause = Error::DatabaseError(kind, Box::new(message.to_owned()));
        StoreError::new(StoreFault::Unavailable, cause).after_a_committed_step()
    }

    #[test]
    fn a_full_disk_and_a_database_that_only_reads_are_told_from_other_failures() {
        use DatabaseErrorKind::{ReadOnlyTransaction, SerializationFailure, UniqueViolation, Unknown};
        let full = "could not extend file \"base/5/16384\": No space left on device";
        for (kind, message, expected) in [
            (Unknown, "database or disk is full", true),
            (Unknown, "disk I/O error", true),
            (Unknown, "attempt to write a readonly database", true),
            (Unknown, full, true),
            (Unknown, "无法扩展文件 \"base/5/16384\": 设备上没有空间", true),
            (ReadOnlyTransaction, "cannot execute INSERT in a read-only transaction", true),
            (Unknown, "canceling statement due to lock timeout", false),
            (Unknown, "deadlock detected", false),
            (SerializationFailure, "could not serialize access", false),
            (UniqueViolation, full, false),
        ] {
            let writability = Writability::default();
            assert!(!writability.is_refused());
            writability.heed(&failure(kind, message));
            assert_eq!(writability.is_refused(), expected, "{message}");
        }
    }
}
