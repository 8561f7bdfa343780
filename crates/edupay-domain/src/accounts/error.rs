//! Why somebody was not let in, and why a balance was not adjusted.

use crate::ledger::LedgerError;
use thiserror::Error;

/// Why a log-in failed. One variant for all of it, so that nobody learns which names exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// No such user, a wrong password, or an inactive user.
    #[error("the name or the password is wrong")]
    WrongCredentials,
}

/// Why a token was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// Not a token of anybody.
    #[error("the token is not valid")]
    Unknown,
    /// Its user was deactivated.
    #[error("the user is inactive")]
    Inactive,
}

impl TokenRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "token_invalid",
            Self::Inactive => "user_inactive",
        }
    }
}

/// Why a user was not created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CreateUserRefusal {
    /// The name is taken.
    #[error("a user with this name exists")]
    UsernameTaken,
    /// Shorter than [`super::AccountService::MIN_PASSWORD`] characters.
    #[error("the password is too short")]
    PasswordTooShort,
}

/// Why a balance was not adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdjustRefusal {
    /// No such user.
    #[error("there is no such user")]
    UserNotFound,
    /// A reason is needed.
    #[error("a reason is needed")]
    NoReason,
    /// The amount can't be booked.
    #[error("the amount can't be booked")]
    Ledger(#[from] LedgerError),
}
