//! Time comes from a port, in UTC and whole microseconds.

use chrono::{DateTime, FixedOffset, SubsecRound, Utc};

/// A moment in UTC, in whole microseconds: what every store can keep exactly.
pub type Timestamp = DateTime<Utc>;

/// Where the services take the time from.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now. MUST be in whole microseconds ([`whole_micros`]).
    fn now(&self) -> Timestamp;
}

/// Cuts a moment to whole microseconds.
#[must_use]
pub fn whole_micros(at: Timestamp) -> Timestamp {
    at.trunc_subsecs(6)
}

/// The same moment on a clock in Beijing, where order numbers and package days are counted.
#[must_use]
pub fn beijing(at: Timestamp) -> DateTime<FixedOffset> {
    const EIGHT_HOURS: i32 = 8 * 60 * 60;
    match FixedOffset::east_opt(EIGHT_HOURS) {
        Some(offset) => at.with_timezone(&offset),
        None => at.fixed_offset(),
    }
}
