//! Why a top-up did not start.

use crate::payments::Postponement;
use thiserror::Error;

/// Why a top-up did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TopUpRefusal {
    /// Zero, or above the limit.
    #[error("the amount is out of bounds")]
    AmountOutOfBounds,
    /// The channel asks for the payer's open id.
    #[error("the channel asks for the payer's open id")]
    OpenIdMissing,
    /// The gateway gave no charge.
    #[error("the gateway refused the charge")]
    ChargeRefused,
    /// The gateway could not be asked now; there is no charge, and the same request may make one later.
    #[error("the gateway could not be asked for the charge")]
    ChargePostponed(Postponement),
    /// The gateway's answer is unknown; the attempt is kept.
    #[error("the gateway's answer is unknown")]
    ChargeUnknown,
}

impl TopUpRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AmountOutOfBounds => "amount_out_of_bounds",
            Self::OpenIdMissing => "open_id_missing",
            Self::ChargeRefused => "charge_refused",
            Self::ChargePostponed(postponement) => postponement.code(),
            Self::ChargeUnknown => "charge_unknown",
        }
    }
}
