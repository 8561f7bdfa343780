//! What a campus client claims to pay.

use crate::money::{Money, MoneyError};

/// The `amount` of the campus API. The seed says that it is fen and shows it in yuan, so both readings
/// are kept. It is a cross-check only: the price comes from the catalogue (contract section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedAmount {
    as_fen: Option<Money>,
    as_yuan: Option<Money>,
}

impl ClaimedAmount {
    /// Reads the amount as it came: digits with at most one dot and two decimals, above zero. With a
    /// whole value it may be fen.
    ///
    /// # Errors
    /// [`MoneyError`] for anything else.
    ///
    /// ```
    /// use edupay_domain::{money::Money, packages::ClaimedAmount};
    /// let total = Money::from_fen_u32(15_800);
    /// assert!(ClaimedAmount::parse("15800").unwrap().matches(total));
    /// assert!(ClaimedAmount::parse("158.00").unwrap().matches(total));
    /// assert!(!ClaimedAmount::parse("0.01").unwrap().matches(total));
    /// ```
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let as_yuan = match Money::parse_yuan(text) {
            Ok(yuan) => Some(yuan),
            // What is too much in yuan may still be fen.
            Err(MoneyError::TooLarge) => None,
            Err(error) => return Err(error),
        };
        let as_fen = match text.split_once('.') {
            Some((whole, decimals)) => decimals.bytes().all(|byte| byte == b'0').then_some(whole),
            None => Some(text),
        };
        let as_fen = as_fen.and_then(|whole| whole.parse().ok()).and_then(|fen| Money::try_from_fen(fen).ok());
        match (as_fen, as_yuan) {
            (None, None) => Err(MoneyError::TooLarge),
            (_, Some(nothing)) | (Some(nothing), None) if nothing.is_zero() => Err(MoneyError::NotPositive),
            _ => Ok(Self { as_fen, as_yuan }),
        }
    }

    /// Whether one of the readings is this total.
    #[must_use]
    pub fn matches(self, total: Money) -> bool {
        self.as_fen == Some(total) || self.as_yuan == Some(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_matches_as_fen_or_as_yuan() {
        for (text, fen, expected) in [
            ("158", 15_800, true),
            ("158", 158, true),
            ("158.0", 15_800, true),
            ("158.00", 158, true),
            ("158.5", 15_850, true),
            ("158.5", 158, false),
            ("15800", 15_800, true),
            ("1", 15_800, false),
            ("0.01", 15_800, false),
            ("0.01", 1, true),
            ("1580000000", 15_800, false),
            ("92233720368547758", 15_800, false),
            ("9223372036854775807", 15_800, false),
        ] {
            let total = Money::from_fen_u32(fen);
            assert_eq!(ClaimedAmount::parse(text).unwrap().matches(total), expected, "{text} {fen}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_when_it_is_read() {
        for (text, expected) in [
            ("-1", MoneyError::NotANumber),
            ("-158", MoneyError::NotANumber),
            ("+158", MoneyError::NotANumber),
            ("1e2", MoneyError::NotANumber),
            ("¥158元/年", MoneyError::NotANumber),
            ("", MoneyError::NotANumber),
            ("1.234", MoneyError::TooManyDecimals),
            ("0", MoneyError::NotPositive),
            ("0.00", MoneyError::NotPositive),
            ("000000000000000000000", MoneyError::NotPositive),
            ("99999999999999999999", MoneyError::TooLarge),
        ] {
            assert_eq!(ClaimedAmount::parse(text), Err(expected), "{text}");
        }
    }
}
