//! Ids in paths.

use crate::failure::Failure;
use edupay_domain::ids::IdError;

/// Reads an id. What is none names nothing.
pub(super) fn id<T>(text: &str, try_new: fn(i64) -> Result<T, IdError>) -> Result<T, Failure> {
    text.parse().ok().and_then(|number| try_new(number).ok()).ok_or(Failure::NotFound)
}
