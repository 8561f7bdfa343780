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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Timelike};

    #[test]
    fn a_moment_is_cut_to_whole_microseconds() {
        let nanos = |nanos| DateTime::from_timestamp(7, nanos).unwrap();
        assert_eq!(whole_micros(nanos(123_456_789)), nanos(123_456_000));
        assert_eq!(whole_micros(nanos(999)), nanos(0));
    }

    #[test]
    fn a_day_in_beijing_begins_at_sixteen_oclock() {
        let evening = Utc.with_ymd_and_hms(2026, 1, 5, 16, 0, 1).unwrap();
        let there = beijing(evening);
        assert_eq!((there.to_string().as_str(), there.hour()), ("2026-01-06 00:00:01 +08:00", 0));
        assert_eq!(there, evening, "the same moment");
    }
}
