//! Money: whole fen of CNY in an `i64` that is never negative. No floats, no unchecked arithmetic.

use rust_decimal::Decimal;
use std::fmt;
use std::iter;
use thiserror::Error;

/// An amount of CNY in whole fen, from 0 to `i64::MAX`.
///
/// Source of the rule: contract section 2. Never negative, so a subtraction that would pass zero
/// is `None` and a balance below zero can't be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

/// Why a text or a number is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The text has something other than ASCII digits with at most one dot.
    #[error("an amount has only digits and at most one dot")]
    NotANumber,
    /// More than two digits after the dot: a fen can't be split.
    #[error("an amount has at most two decimals")]
    TooManyDecimals,
    /// Zero where an amount must be above zero.
    #[error("an amount must be above zero")]
    NotPositive,
    /// Above the limit, or above what fits.
    #[error("an amount is above its limit")]
    TooLarge,
}

impl MoneyError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "amount_not_a_number",
            Self::TooManyDecimals => "amount_too_many_decimals",
            Self::NotPositive => "amount_not_positive",
            Self::TooLarge => "amount_too_large",
        }
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);
    /// The longest text [`Money::parse_yuan`] looks at, in bytes.
    pub const MAX_TEXT: usize = 20;

    /// Whole fen; negative numbers are refused.
    ///
    /// # Errors
    /// [`MoneyError::NotPositive`] below zero.
    pub fn try_from_fen(fen: i64) -> Result<Self, MoneyError> {
        if fen < 0 { Err(MoneyError::NotPositive) } else { Ok(Self(fen)) }
    }

    /// Whole fen of an unsigned number that always fits.
    #[must_use]
    pub const fn from_fen_u32(fen: u32) -> Self {
        Self(fen as i64)
    }

    /// Reads yuan as the wire writes them: ASCII digits, at most one dot, one or two decimals
    /// after it. No sign, exponent, space, grouping or other alphabet.
    ///
    /// # Errors
    /// Each [`MoneyError`] but `NotPositive`: zero is an amount here.
    ///
    /// ```
    /// use edupay_domain::money::Money;
    /// assert_eq!(Money::parse_yuan("100.5").unwrap().fen(), 10_050);
    /// assert!(Money::parse_yuan("1e2").is_err());
    /// ```
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyError> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (text, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || decimals.is_some_and(|part| !digits(part)) {
            return Err(MoneyError::NotANumber);
        }
        if decimals.is_some_and(|part| part.len() > 2) {
            return Err(MoneyError::TooManyDecimals);
        }
        if text.len() > Self::MAX_TEXT {
            return Err(MoneyError::TooLarge);
        }
        let padded = decimals.unwrap_or_default().bytes().chain(iter::repeat(b'0')).take(2);
        whole
            .bytes()
            .chain(padded)
            .try_fold(0_i64, |fen, digit| fen.checked_mul(10)?.checked_add(i64::from(digit.wrapping_sub(b'0'))))
            .map(Self)
            .ok_or(MoneyError::TooLarge)
    }

    /// Reads yuan that must be above zero and at most `limit`: every amount that comes in.
    ///
    /// # Errors
    /// Every [`MoneyError`].
    pub fn parse_amount(text: &str, limit: Self) -> Result<Self, MoneyError> {
        Self::parse_yuan(text)?.positive_within(limit)
    }

    /// Itself, when it is above zero and at most `limit`.
    ///
    /// # Errors
    /// [`MoneyError::NotPositive`] and [`MoneyError::TooLarge`].
    pub fn positive_within(self, limit: Self) -> Result<Self, MoneyError> {
        if self.is_zero() {
            Err(MoneyError::NotPositive)
        } else if self > limit {
            Err(MoneyError::TooLarge)
        } else {
            Ok(self)
        }
    }

    /// The amount in fen.
    #[must_use]
    pub const fn fen(self) -> i64 {
        self.0
    }

    /// The amount in yuan, with two decimals.
    #[must_use]
    pub fn yuan(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, unless it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it is below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).filter(|fen| *fen >= 0).map(Self)
    }

    /// The sum of all, unless it does not fit.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

/// Yuan with two decimals: `200.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.yuan().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_digits_with_two_decimals_are_money() {
        for (text, expected) in [
            ("0", Ok(0)),
            ("1", Ok(100)),
            ("100", Ok(10_000)),
            ("0100", Ok(10_000)),
            ("6.5", Ok(650)),
            ("200.50", Ok(20_050)),
            ("0.01", Ok(1)),
            ("50000.00", Ok(5_000_000)),
            ("92233720368547758.07", Ok(i64::MAX)),
            ("92233720368547758.08", Err(MoneyError::TooLarge)),
            ("999999999999999999999999999999", Err(MoneyError::TooLarge)),
            ("00000000000000000001", Ok(100)),
            ("000000000000000000001", Err(MoneyError::TooLarge)),
            ("0.001", Err(MoneyError::TooManyDecimals)),
            ("99.999999999999999", Err(MoneyError::TooManyDecimals)),
            ("", Err(MoneyError::NotANumber)),
            (".", Err(MoneyError::NotANumber)),
            (".5", Err(MoneyError::NotANumber)),
            ("100.", Err(MoneyError::NotANumber)),
            ("1e2", Err(MoneyError::NotANumber)),
            ("-1", Err(MoneyError::NotANumber)),
            ("+1", Err(MoneyError::NotANumber)),
            ("NaN", Err(MoneyError::NotANumber)),
            ("Infinity", Err(MoneyError::NotANumber)),
            ("１００", Err(MoneyError::NotANumber)),
            (" 100", Err(MoneyError::NotANumber)),
            ("100 ", Err(MoneyError::NotANumber)),
            ("1_000", Err(MoneyError::NotANumber)),
            ("1,000", Err(MoneyError::NotANumber)),
            ("1.2.3", Err(MoneyError::NotANumber)),
            ("¥158元/年", Err(MoneyError::NotANumber)),
            ("1\0", Err(MoneyError::NotANumber)),
        ] {
            assert_eq!(Money::parse_yuan(text).map(Money::fen), expected, "{text:?}");
        }
    }

    #[test]
    fn no_amount_is_below_zero() {
        assert_eq!(Money::try_from_fen(0), Ok(Money::ZERO));
        for fen in [-1, -2, i64::MIN] {
            assert_eq!(Money::try_from_fen(fen), Err(MoneyError::NotPositive));
        }
        let (one, two) = (Money::from_fen_u32(1), Money::from_fen_u32(2));
        assert_eq!((two.checked_sub(two), one.checked_sub(two)), (Some(Money::ZERO), None));
        assert_eq!((Money::MAX.checked_add(one), Money::checked_sum([Money::MAX, one])), (None, None));
        assert_eq!(Money::checked_sum([one, two, one]), Some(Money::from_fen_u32(4)));
    }

    #[test]
    fn an_amount_that_comes_in_is_above_zero_and_within_the_limit() {
        let limit = Money::from_fen_u32(5_000_000);
        assert_eq!(Money::parse_amount("0", limit), Err(MoneyError::NotPositive));
        assert_eq!(Money::parse_amount("0.00", limit), Err(MoneyError::NotPositive));
        assert_eq!(Money::parse_amount("50000.01", limit), Err(MoneyError::TooLarge));
        assert_eq!(Money::parse_amount("50000", limit), Ok(limit));
    }

    proptest! {
        #[test]
        fn what_is_displayed_is_parsed_to_the_same(fen in 0..=i64::MAX) {
            let money = Money::try_from_fen(fen).unwrap();
            prop_assert_eq!(Money::parse_yuan(&money.to_string()), Ok(money));
        }

        #[test]
        fn no_text_panics_and_every_accepted_text_is_exact(text in "\\PC{0,24}") {
            if let Ok(money) = Money::parse_yuan(&text) {
                let exact: Decimal = text.parse().unwrap();
                prop_assert_eq!(money.yuan(), exact);
            }
        }

        #[test]
        fn subtraction_never_passes_zero(a in 0..=i64::MAX, b in 0..=i64::MAX) {
            let (a, b) = (Money(a), Money(b));
            match a.checked_sub(b) {
                Some(rest) => prop_assert_eq!(rest.checked_add(b), Some(a)),
                None => prop_assert!(a < b),
            }
        }
    }
}
