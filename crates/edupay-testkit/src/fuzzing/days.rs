//! Days, terms and ranges of days.

use chrono::Datelike;
use edupay_domain::packages::{Day, Term};
use edupay_domain::reconciliation::{Days, DaysError};

/// A text is a day exactly when a second reader finds it in the calendar; what is written is read again; a
/// term that starts there ends on the day before the same day of a later month, or at that month's end;
/// a range is never backwards and never too long. The input is one day, or two with a space between.
pub fn days(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((from, to)) = text.split_once(' ') else {
        day(text);
        return;
    };
    let (Some(from), Some(to)) = (day(from), day(to)) else { return };
    let apart = to.date().num_days_from_ce().saturating_sub(from.date().num_days_from_ce());
    let expected = match i64::from(apart) {
        ..0 => Err(DaysError::Backwards),
        apart if apart >= Days::MAX => Err(DaysError::TooMany),
        _ => Ok(()),
    };
    assert_eq!(Days::try_new(from, to).map(|_| ()), expected);
    assert_eq!(Days::named(Some(from), Some(to)).map(|_| ()), expected);
}

fn day(text: &str) -> Option<Day> {
    let read = Day::parse(text);
    assert_eq!(read.is_some(), is_day(text), "{text}");
    let day = read?;
    assert_eq!(day.to_string(), text);
    if let Some(next) = day.next() {
        assert!(next > day && next.previous() == Some(day));
    }
    for months in [0, 1, 11, 12, Term::MAX_MONTHS, u32::MAX] {
        let Ok(term) = Term::try_new(months) else { continue };
        let Some(period) = term.period_from(day) else { continue };
        assert!(period.starts == day && period.ends > day && period.days() >= 28 && period.covers(period.ends));
        let after = period.ends.next().map(|after| after.date());
        let clamped = after.is_some_and(|after| {
            after.day() == day.date().day() || after.succ_opt().is_some_and(|next| next.day() == 1)
        });
        assert!(after.is_none() || clamped);
    }
    Some(day)
}

/// `yyyy-MM-dd` by the rules of the Gregorian calendar alone.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |part: &str, length: usize| -> Option<u32> {
        let plain = part.len() == length && part.chars().all(|digit| digit.is_ascii_digit());
        part.parse().ok().filter(|_| plain)
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=longest).contains(&day)
}
