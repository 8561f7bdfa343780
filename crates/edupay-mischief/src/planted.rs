//! The planted bug that the environment names.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable that names it.
const VARIABLE: &str = "MISCHIEF_BUG";

static NAME: LazyLock<Option<String>> = LazyLock::new(|| std::env::var(VARIABLE).ok());
static TIMES: AtomicU64 = AtomicU64::new(0);

/// Whether this bug is planted and its time has come: every so many times.
#[must_use]
pub fn is_planted(name: &str, every: u64) -> bool {
    NAME.as_deref() == Some(name) && TIMES.fetch_add(1, Ordering::SeqCst).is_multiple_of(every.max(1))
}
