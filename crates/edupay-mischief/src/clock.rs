//! The clock that the environment moves.

use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// The variable that says by how many seconds, such as `-86400`.
const VARIABLE: &str = "MISCHIEF_CLOCK";

static MOVED: LazyLock<i64> = LazyLock::new(|| {
    let moved = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    if moved != 0 {
        let _ = writeln!(std::io::stderr(), "the clock is moved by {moved} s");
    }
    moved
});

/// The system's time, moved.
#[must_use]
pub fn moved_time() -> SystemTime {
    shifted(SystemTime::now(), *MOVED)
}

fn shifted(time: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 { time.checked_sub(by) } else { time.checked_add(by) };
    moved.unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_moved_both_ways() {
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let seconds = |by| shifted(noon, by).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!((seconds(-86_400), seconds(0), seconds(86_400)), (913_600, 1_000_000, 1_086_400));
    }
}
