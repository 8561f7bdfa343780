//! Amounts.

use edupay_domain::money::{Money, MoneyError};
use edupay_domain::packages::ClaimedAmount;

/// A text is an amount exactly when a second reader says so, and then of as many fen; what is written is
/// read again; no limit is passed; a claimed amount is above zero, and one of the two things that its text
/// can mean.
pub fn money(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = Money::parse_yuan(text);
    assert_eq!(read, model(text));
    if let Ok(amount) = read {
        assert!(amount.fen() >= 0);
        assert_eq!(Money::parse_yuan(&amount.to_string()), Ok(amount));
        assert_eq!(amount.checked_sub(amount), Some(Money::ZERO));
    }
    for limit in [Money::ZERO, Money::from_fen_u32(1), Money::from_fen_u32(5_000_000), Money::MAX] {
        match (Money::parse_amount(text, limit), read) {
            (Ok(amount), Ok(same)) => assert!(amount == same && amount <= limit && !amount.is_zero()),
            (Err(MoneyError::NotPositive), Ok(same)) => assert!(same.is_zero()),
            (Err(MoneyError::TooLarge), Ok(same)) => assert!(same > limit),
            (refused, same) => assert_eq!(refused, same),
        }
    }
    if let Ok(claimed) = ClaimedAmount::parse(text) {
        assert!(!claimed.matches(Money::ZERO));
        let (as_yuan, as_fen) = (read.ok(), fen(text));
        assert!(as_yuan.is_some() || as_fen.is_some());
        for meant in as_yuan.into_iter().chain(as_fen) {
            assert!(claimed.matches(meant));
        }
        let other = as_yuan.max(as_fen).and_then(|most| most.checked_add(Money::from_fen_u32(1)));
        assert!(!other.is_some_and(|other| claimed.matches(other)));
    }
}

/// Yuan, read character by character.
fn model(text: &str) -> Result<Money, MoneyError> {
    let mut parts = text.split('.');
    let (whole, decimals, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let digits = |part: &str| !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit());
    if !digits(whole) || !decimals.is_none_or(digits) || more.is_some() {
        return Err(MoneyError::NotANumber);
    }
    let decimals = decimals.unwrap_or("0");
    if decimals.len() > 2 {
        return Err(MoneyError::TooManyDecimals);
    }
    if text.len() > Money::MAX_TEXT {
        return Err(MoneyError::TooLarge);
    }
    let number = |part: &str| part.parse::<i128>().unwrap_or(i128::MAX);
    let tenths = if decimals.len() == 1 { 10 } else { 1 };
    let fen = number(whole).saturating_mul(100).saturating_add(number(decimals).saturating_mul(tenths));
    i64::try_from(fen).map_err(|_| MoneyError::TooLarge).and_then(Money::try_from_fen)
}

/// The text as whole fen, if it can mean that.
fn fen(text: &str) -> Option<Money> {
    let whole = match text.split_once('.') {
        Some((whole, decimals)) => decimals.chars().all(|digit| digit == '0').then_some(whole)?,
        None => text,
    };
    whole.parse().ok().and_then(|fen| Money::try_from_fen(fen).ok())
}
