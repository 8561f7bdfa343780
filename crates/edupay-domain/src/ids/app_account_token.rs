//! The name a user has for the App Store.

use super::IdError;
use std::fmt;

/// The UUID that an app hands to StoreKit when its user buys, and that the App Store then signs with
/// the transaction: what binds a purchase to its user. Two texts of one UUID are one token, whatever
/// their case; StoreKit writes upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppAccountToken(u128);

impl AppAccountToken {
    /// Where the hyphens of a UUID stand.
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];

    /// A random UUID (version 4) of 128 random bits.
    #[must_use]
    pub const fn from_random(random: u128) -> Self {
        let version = (random & !(0xf << 76)) | (4 << 76);
        Self((version & !(0b11 << 62)) | (0b10 << 62))
    }

    /// The token of the `n`th user that one effect makes, counted from 0, so that a rule which runs again
    /// gives the same tokens.
    #[must_use]
    pub const fn nth(self, n: u64) -> Self {
        Self::from_random(self.0.wrapping_add((n as u128) << 80))
    }

    /// Reads a UUID with its four hyphens, in upper or lower case.
    ///
    /// # Errors
    /// [`IdError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let error = IdError { what: "app account token" };
        if text.len() != 36 {
            return Err(error);
        }
        let mut value = 0_u128;
        for (at, byte) in text.bytes().enumerate() {
            if Self::HYPHENS.contains(&at) {
                if byte != b'-' {
                    return Err(error);
                }
                continue;
            }
            let digit = char::from(byte).to_digit(16).ok_or(error)?;
            value = (value << 4) | u128::from(digit);
        }
        Ok(Self(value))
    }
}

impl fmt::Display for AppAccountToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        write!(f, "{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_compared_as_values_and_written_in_lower_case() {
        let upper = AppAccountToken::parse("7E3FB20B-4CDB-47CC-936D-99D65F608138").unwrap();
        let lower = AppAccountToken::parse("7e3fb20b-4cdb-47cc-936d-99d65f608138").unwrap();
        assert_eq!(upper, lower);
        assert_eq!(upper.to_string(), "7e3fb20b-4cdb-47cc-936d-99d65f608138");
        for bad in [
            "",
            "7e3fb20b4cdb47cc936d99d65f608138",
            "7e3fb20b-4cdb-47cc-936d-99d65f60813",
            "7e3fb20b-4cdb-47cc-936d-99d65f60813g",
            "7e3fb20b-4cdb-47cc-936d+99d65f608138",
            "{7e3fb20b-4cdb-47cc-936d-99d65f6081}",
        ] {
            assert!(AppAccountToken::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_drawn_token_is_a_random_uuid_of_version_4() {
        for random in [0, u128::MAX, 0x1234_5678_9abc_def0_1234_5678_9abc_def0] {
            let text = AppAccountToken::from_random(random).to_string();
            assert_eq!(&text[14..15], "4", "{text}");
            assert!(["8", "9", "a", "b"].contains(&&text[19..20]), "{text}");
            assert_eq!(AppAccountToken::parse(&text), Ok(AppAccountToken::from_random(random)));
        }
        // Every bit but those of the version and the variant is as it was drawn.
        let drawn = AppAccountToken::from_random(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(drawn.to_string(), "01234567-89ab-4def-8123-456789abcdef");
    }

    #[test]
    fn the_users_of_one_effect_have_a_token_each() {
        let drawn = AppAccountToken::from_random(7);
        let tokens: std::collections::BTreeSet<_> = (0..1_000).map(|n| drawn.nth(n)).collect();
        assert_eq!((tokens.len(), drawn.nth(0)), (1_000, drawn));
        assert_eq!(tokens, (0..1_000).map(|n| drawn.nth(n)).collect(), "a rule that runs again gives the same");
    }
}
