//! Waiting for something that must come, without trusting any pause to be long enough.

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: it is only reached by a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer; `what` says what was waited for in vain.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
