//! Amounts on the command line.

use crate::error::Failure;
use edupay_domain::money::Money;

/// Reads an amount in yuan, above zero and within the limit.
pub(crate) fn amount(text: &str, limit: Money) -> Result<Money, Failure> {
    Money::parse_amount(text, limit).map_err(|error| Failure::setting("amount", error))
}
