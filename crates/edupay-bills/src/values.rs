//! What stands in the fields: amounts, moments, numbers.

use crate::columns::Row;
use chrono::{NaiveDateTime, TimeDelta};
use edupay_domain::clock::Timestamp;
use edupay_domain::money::Money;
use edupay_domain::reconciliation::BillFault;

/// The longest number that is kept.
const MAX_NUMBER: usize = 64;
/// How far the clock of a bill is before UTC.
const BEIJING: TimeDelta = TimeDelta::hours(8);

/// Yuan without a sign.
pub(crate) fn amount(row: &Row<'_>, column: &str) -> Result<Money, BillFault> {
    Money::parse_yuan(row.text(column)).map_err(|error| row.fault(column, error.code()))
}

/// Yuan that may have one sign before it, which says nothing that the line does not say otherwise.
pub(crate) fn amount_with_sign(row: &Row<'_>, column: &str, sign: char) -> Result<Money, BillFault> {
    let text = row.text(column);
    let text = text.strip_prefix(sign).unwrap_or(text);
    Money::parse_yuan(text).map_err(|error| row.fault(column, error.code()))
}

/// Yuan, or nothing.
pub(crate) fn amount_or_none(row: &Row<'_>, column: &str, sign: char) -> Result<Money, BillFault> {
    if row.text(column).is_empty() { Ok(Money::ZERO) } else { amount_with_sign(row, column, sign) }
}

/// A moment on Beijing's clock: `2026-11-28 15:25:29`.
pub(crate) fn moment(row: &Row<'_>, column: &str) -> Result<Timestamp, BillFault> {
    let text = row.text(column);
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S");
    let at = local.ok().and_then(|local| local.and_utc().checked_sub_signed(BEIJING));
    at.ok_or_else(|| row.fault(column, "time_invalid"))
}

/// A number that must be there. A spreadsheet that saved the file may have made it an approximation, which is
/// no number any more.
pub(crate) fn number(row: &Row<'_>, column: &str) -> Result<String, BillFault> {
    let text = row.text(column);
    let approximate = |text: &str| {
        let (digits, power) = text.split_once(['E', 'e'])?;
        let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+'));
        (digits.contains('.') && number(digits) && number(power)).then_some(())
    };
    if text.is_empty() {
        Err(row.fault(column, "required"))
    } else if text.len() > MAX_NUMBER {
        Err(row.fault(column, "too_long"))
    } else if text.chars().any(char::is_control) {
        Err(row.fault(column, "control_character"))
    } else if approximate(text).is_some() {
        Err(row.fault(column, "number_approximated"))
    } else {
        Ok(text.to_owned())
    }
}
