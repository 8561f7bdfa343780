//! Days in Beijing, terms in calendar months, and periods of days.

use crate::clock::{Timestamp, beijing};
use chrono::{Months, NaiveDate};
use std::fmt;
use thiserror::Error;

/// A calendar day in Beijing, written `yyyy-MM-dd` (contract section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The day of a date.
    #[must_use]
    pub const fn new(date: NaiveDate) -> Self {
        Self(date)
    }

    /// The day on which a moment falls in Beijing.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(beijing(at).date_naive())
    }

    /// Reads `yyyy-MM-dd`, ten ASCII characters; `None` for anything else and for days that no
    /// calendar has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shaped = text.len() == 10
            && text
                .bytes()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        shaped.then_some(Self(date))
    }

    /// The date.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// The day after; `None` at the end of the calendar.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.succ_opt().map(Self)
    }

    /// The day before; `None` at the beginning of the calendar.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.pred_opt().map(Self)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// Why a number of months is not a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a term is 1 to {} months", Term::MAX_MONTHS)]
pub struct TermError;

/// For how many calendar months a package is bought: 1 to [`Term::MAX_MONTHS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(u32);

impl Term {
    /// The longest term.
    pub const MAX_MONTHS: u32 = 120;

    /// A term of so many months.
    ///
    /// # Errors
    /// [`TermError`] for none and for more than [`Term::MAX_MONTHS`].
    pub fn try_new(months: u32) -> Result<Self, TermError> {
        if (1..=Self::MAX_MONTHS).contains(&months) { Ok(Self(months)) } else { Err(TermError) }
    }

    /// The months.
    #[must_use]
    pub const fn months(self) -> u32 {
        self.0
    }

    /// The period of this term that starts on a day: it ends on the day before (start + n calendar
    /// months, clamped to the month's end), that day included (contract section 2). `None` at the
    /// end of the calendar.
    ///
    /// ```
    /// use edupay_domain::packages::{Day, Term};
    /// let year = Term::try_new(12).unwrap().period_from(Day::parse("2026-09-01").unwrap()).unwrap();
    /// assert_eq!(year.ends.to_string(), "2027-08-31");
    /// ```
    #[must_use]
    pub fn period_from(self, starts: Day) -> Option<Period> {
        let ends = Day(starts.0.checked_add_months(Months::new(self.0))?).previous()?;
        Some(Period { starts, ends })
    }
}

/// Days from one to another, both included. The last is never before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The first day.
    pub starts: Day,
    /// The last day.
    pub ends: Day,
}

impl Period {
    /// Whether the day is one of it.
    #[must_use]
    pub fn covers(self, day: Day) -> bool {
        (self.starts..=self.ends).contains(&day)
    }

    /// Whether a day is of both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.starts <= other.ends && other.starts <= self.ends
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> i64 {
        self.ends.0.signed_duration_since(self.starts.0).num_days().saturating_add(1)
    }
}
