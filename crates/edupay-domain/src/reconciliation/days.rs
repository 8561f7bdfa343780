//! The days that a run is about.

use crate::clock::Timestamp;
use crate::packages::Day;
use chrono::{NaiveTime, TimeDelta};
use thiserror::Error;

/// How far Beijing's clock is before UTC.
const BEIJING: TimeDelta = TimeDelta::hours(8);

/// Days in Beijing from one to another, both included. The last is never before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days {
    from: Day,
    to: Day,
}

/// Why two days are no range to reconcile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DaysError {
    /// The last is before the first.
    #[error("the last day is before the first")]
    Backwards,
    /// More than [`Days::MAX`].
    #[error("at most {} days are reconciled at once", Days::MAX)]
    TooMany,
}

impl DaysError {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Backwards => "days_backwards",
            Self::TooMany => "days_too_many",
        }
    }
}

impl Days {
    /// The most days of one run: what of a run is remembered grows with its days.
    pub const MAX: i64 = 92;

    /// From one day to another.
    ///
    /// # Errors
    /// [`DaysError`].
    pub fn try_new(from: Day, to: Day) -> Result<Self, DaysError> {
        let count = to.date().signed_duration_since(from.date()).num_days();
        match count {
            ..0 => Err(DaysError::Backwards),
            0..Self::MAX => Ok(Self { from, to }),
            _ => Err(DaysError::TooMany),
        }
    }

    /// What somebody says who may name both ends, one of them, or none: one end alone is one day.
    ///
    /// # Errors
    /// [`DaysError`].
    pub fn named(from: Option<Day>, to: Option<Day>) -> Result<Option<Self>, DaysError> {
        match (from, to) {
            (None, None) => Ok(None),
            (Some(day), None) | (None, Some(day)) => Ok(Some(Self::one(day))),
            (Some(from), Some(to)) => Self::try_new(from, to).map(Some),
        }
    }

    /// One day.
    #[must_use]
    pub const fn one(day: Day) -> Self {
        Self { from: day, to: day }
    }

    /// The day before that of a moment.
    #[must_use]
    pub fn yesterday(now: Timestamp) -> Self {
        let today = Day::of(now);
        Self::one(today.previous().unwrap_or(today))
    }

    /// The first day.
    #[must_use]
    pub const fn from(self) -> Day {
        self.from
    }

    /// The last day.
    #[must_use]
    pub const fn to(self) -> Day {
        self.to
    }

    /// The first moment.
    #[must_use]
    pub fn begins_at(self) -> Timestamp {
        midnight(self.from)
    }

    /// The first moment after them.
    #[must_use]
    pub fn ends_at(self) -> Timestamp {
        midnight(self.to.next().unwrap_or(self.to))
    }

    /// Whether a moment falls on one of them in Beijing.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        (self.begins_at()..self.ends_at()).contains(&at)
    }
}

fn midnight(day: Day) -> Timestamp {
    let local = day.date().and_time(NaiveTime::MIN).and_utc();
    local.checked_sub_signed(BEIJING).unwrap_or(local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn days_begin_and_end_at_midnight_in_beijing() {
        let days = Days::try_new(day("2026-11-28"), day("2026-11-29")).unwrap();
        let at = |day, hour| Utc.with_ymd_and_hms(2026, 11, day, hour, 0, 0).single().unwrap();
        assert_eq!((days.begins_at(), days.ends_at()), (at(27, 16), at(29, 16)));
        assert!(days.contains(at(27, 16)) && days.contains(at(29, 15)));
        assert!(!days.contains(at(27, 15)) && !days.contains(at(29, 16)));
        assert_eq!(Days::yesterday(at(28, 16)), Days::one(day("2026-11-28")));
        assert_eq!(Days::yesterday(at(28, 15)), Days::one(day("2026-11-27")));
    }

    #[test]
    fn days_run_forwards_and_are_not_too_many() {
        let days = |from, to| Days::try_new(day(from), day(to)).map(|_| ());
        assert_eq!(days("2026-11-28", "2026-11-28"), Ok(()));
        assert_eq!(days("2026-11-28", "2026-11-27"), Err(DaysError::Backwards));
        assert_eq!(days("2026-01-01", "2026-04-02"), Ok(()));
        assert_eq!(days("2026-01-01", "2026-04-03"), Err(DaysError::TooMany));
        let one = Some(day("2026-11-28"));
        assert_eq!(Days::named(None, None), Ok(None));
        for (from, to) in [(one, None), (None, one), (one, one)] {
            assert_eq!(Days::named(from, to), Ok(Some(Days::one(day("2026-11-28")))));
        }
    }
}
