//! Why no link was made, or a link opened nothing.

use thiserror::Error;

/// Why no link was made, or a link opened nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CashierRefusal {
    /// What it would lead to is not there, or not the caller's: the same answer.
    #[error("the caller has no such thing to pay")]
    NotYours,
    /// No such link.
    #[error("there is no such link")]
    Unknown,
    /// Its time has run out.
    #[error("the link has expired")]
    Expired,
}

impl CashierRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotYours => "cashier_target_not_yours",
            Self::Unknown => "cashier_link_unknown",
            Self::Expired => "cashier_link_expired",
        }
    }
}
