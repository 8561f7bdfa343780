//! Why a decision was not taken.

use crate::refunds::RefundRefusal;
use crate::store::{EffectError, StoreError};
use thiserror::Error;

/// Why a decision on something in the list was not taken. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReviewRefusal {
    /// It is not in the list, or no longer.
    #[error("there is no such thing in the list")]
    NotFound,
    /// This can't be done about it.
    #[error("this can't be done about it")]
    NotPossible,
}

impl ReviewRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "review_not_found",
            Self::NotPossible => "review_action_not_possible",
        }
    }
}

/// Why a decision did not come to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecideError {
    /// It was not taken.
    #[error("the decision was refused")]
    Refused(#[from] ReviewRefusal),
    /// It is on record, but the refund that it asks for is refused.
    #[error("the refund was refused")]
    Refund(#[source] RefundRefusal),
    /// The store failed.
    #[error("the decision could not be stored")]
    Store(#[from] StoreError),
}

impl From<EffectError<ReviewRefusal>> for DecideError {
    fn from(error: EffectError<ReviewRefusal>) -> Self {
        match error {
            EffectError::Refused(refusal) => Self::Refused(refusal),
            EffectError::Store(error) => Self::Store(error),
        }
    }
}
