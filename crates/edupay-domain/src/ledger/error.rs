//! What can't be booked.

use thiserror::Error;

/// An entry that can't be made or posted. With amounts that passed the edge none of these is
/// reached; they are here so that nothing is ever booked wrong in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// An entry moves something.
    #[error("an entry needs an amount above zero")]
    Empty,
    /// A sum passed what fits.
    #[error("an amount does not fit")]
    Overflow,
    /// A balance would pass zero.
    #[error("a balance would fall below zero")]
    BelowZero,
}

impl LedgerError {
    /// The stable code of this error.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "entry_empty",
            Self::Overflow => "amount_too_large",
            Self::BelowZero => "balance_below_zero",
        }
    }
}
