//! Terms in calendar months, against a calendar of its own.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers, counted independently of the code under test")]

use super::{day, days};
use crate::clock::Timestamp;
use crate::packages::{Day, Period, Term, TermError};
use chrono::DateTime;
use proptest::prelude::*;

fn period(starts: &str, months: u32) -> Period {
    Term::try_new(months).unwrap().period_from(day(starts)).unwrap()
}

#[test]
fn a_term_ends_on_the_day_before_the_same_day_clamped_to_the_months_end() {
    for (starts, months, ends) in [
        // Within a year, over a year's end, a whole year, the longest.
        ("2026-01-05", 1, "2026-02-04"),
        ("2026-12-15", 1, "2027-01-14"),
        ("2026-09-01", 12, "2027-08-31"),
        ("2026-01-01", 120, "2035-12-31"),
        // The first of a month ends with a month, whatever its length.
        ("2026-01-01", 1, "2026-01-31"),
        ("2026-02-01", 1, "2026-02-28"),
        ("2028-02-01", 1, "2028-02-29"),
        ("2026-04-01", 1, "2026-04-30"),
        // Every month's end into the next month.
        ("2026-01-31", 1, "2026-02-27"),
        ("2028-01-31", 1, "2028-02-28"),
        ("2026-02-28", 1, "2026-03-27"),
        ("2028-02-29", 1, "2028-03-28"),
        ("2026-03-31", 1, "2026-04-29"),
        ("2026-04-30", 1, "2026-05-29"),
        ("2026-05-31", 1, "2026-06-29"),
        ("2026-06-30", 1, "2026-07-29"),
        ("2026-07-31", 1, "2026-08-30"),
        ("2026-08-31", 1, "2026-09-29"),
        ("2026-09-30", 1, "2026-10-29"),
        ("2026-10-31", 1, "2026-11-29"),
        ("2026-11-30", 1, "2026-12-29"),
        ("2026-12-31", 1, "2027-01-30"),
        // Into February from the days that it may not have.
        ("2026-08-29", 6, "2027-02-27"),
        ("2026-08-30", 6, "2027-02-27"),
        ("2026-08-31", 6, "2027-02-27"),
        ("2027-08-28", 6, "2028-02-27"),
        ("2027-08-29", 6, "2028-02-28"),
        ("2027-08-30", 6, "2028-02-28"),
        // 29 February: into a year without it, into one with it, and over a century without it.
        ("2028-02-29", 12, "2029-02-27"),
        ("2024-02-29", 48, "2028-02-28"),
        ("2096-02-29", 48, "2100-02-27"),
        ("2027-02-28", 12, "2028-02-27"),
        ("2027-03-01", 12, "2028-02-29"),
        ("2028-03-01", 12, "2029-02-28"),
        ("1999-03-01", 12, "2000-02-29"),
    ] {
        assert_eq!(days(period(starts, months)), format!("{starts}..{ends}"), "{months} months");
    }
}

#[test]
fn a_day_is_that_of_beijing() {
    for (moment, expected) in [
        ("2026-01-04T15:59:59.999999Z", "2026-01-04"),
        ("2026-01-04T16:00:00Z", "2026-01-05"),
        ("2028-02-28T15:59:59Z", "2028-02-28"),
        ("2028-02-28T16:00:00Z", "2028-02-29"),
        ("2027-12-31T16:00:00Z", "2028-01-01"),
    ] {
        let at: Timestamp = DateTime::parse_from_rfc3339(moment).unwrap().to_utc();
        assert_eq!(Day::of(at).to_string(), expected, "{moment}");
    }
}

#[test]
fn a_day_is_ten_characters_of_a_real_calendar() {
    assert_eq!(Day::parse("2028-02-29").unwrap().to_string(), "2028-02-29");
    for bad in ["2026-02-29", "2026-13-01", "2026-1-1", "2026-01-1 ", "20260101", "+026-01-01", "２０２６-01-01", ""]
    {
        assert_eq!(Day::parse(bad), None, "{bad:?}");
    }
}

#[test]
fn a_term_is_one_to_a_hundred_and_twenty_months() {
    assert_eq!([0, 121].map(Term::try_new), [Err(TermError), Err(TermError)]);
    assert_eq!([1, 120].map(|months| Term::try_new(months).unwrap().months()), [1, 120]);
}

#[test]
fn a_period_counts_both_its_ends() {
    let year = period("2026-01-01", 12);
    assert_eq!(year.days(), 365);
    assert_eq!(period("2028-01-01", 12).days(), 366);
    assert!(year.covers(day("2026-01-01")) && year.covers(day("2026-12-31")));
    assert!(!year.covers(day("2025-12-31")) && !year.covers(day("2027-01-01")));
    assert!(year.overlaps(period("2026-12-31", 1)) && !year.overlaps(period("2027-01-01", 1)));
}

/// The days of a month, as a school child knows them.
fn length(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

proptest! {
    #[test]
    fn every_term_agrees_with_counting_months_on_fingers(
        (year, month, date) in (1990_i32..2190, 1_u32..=12, 1_u32..=31),
        months in 1_u32..=120,
    ) {
        prop_assume!(date <= length(year, month));
        let starts = day(&format!("{year:04}-{month:02}-{date:02}"));
        let (mut to_year, mut to_month) = (year, month);
        for _ in 0..months {
            (to_year, to_month) = if to_month == 12 { (to_year + 1, 1) } else { (to_year, to_month + 1) };
        }
        let to_date = date.min(length(to_year, to_month));
        let (year, month, date) = match (to_month, to_date) {
            (1, 1) => (to_year - 1, 12, 31),
            (month, 1) => (to_year, month - 1, length(to_year, month - 1)),
            (month, date) => (to_year, month, date - 1),
        };
        let given = Term::try_new(months).unwrap().period_from(starts).unwrap();
        prop_assert_eq!(given.ends.to_string(), format!("{year:04}-{month:02}-{date:02}"));
    }
}
