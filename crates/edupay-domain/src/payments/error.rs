//! What a gateway may answer besides a result, and why a confirmation did not happen.

use crate::store::StoreError;
use std::error::Error as StdError;
use std::time::Duration;
use thiserror::Error;

/// What is known after a gateway call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayFault {
    /// The gateway said no to this call, and would say it again: the money has not moved and will not.
    Refused {
        /// The gateway's own code, where it gave one.
        code: Option<String>,
    },
    /// The call was not made, or the gateway took no notice of it: the money has not moved, and the same
    /// call may be made later.
    Postponed(Postponement),
    /// A time-out, a broken connection, a 5xx, an unreadable answer: it may have happened.
    Unknown,
}

/// Why a gateway call can't be made now. It says nothing about what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Postponement {
    /// The gateway asked for fewer calls; this one was not processed.
    Throttled,
    /// Nothing was sent: there was no connection, or no place among the calls that are under way.
    Unreached,
    /// Nothing was sent, because the gateway has not been answering.
    Halted {
        /// After how long it is asked again.
        retry_after: Duration,
    },
}

impl Postponement {
    /// The stable code: `gateway_throttled`, `gateway_unreached` or `charges_halted`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Throttled => "gateway_throttled",
            Self::Unreached => "gateway_unreached",
            Self::Halted { .. } => "charges_halted",
        }
    }
}

impl GatewayFault {
    /// Whether the gateway itself is out of reach or overrun, so that the next call will hardly fare better.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Refused { code: None } | Self::Postponed(_) | Self::Unknown)
    }
}

/// A gateway call that failed. The cause is its source, for the log only.
#[derive(Debug, Error)]
#[error("the gateway call failed: {}", match .fault {
    GatewayFault::Refused { .. } => "refused",
    GatewayFault::Postponed(_) => "it can't be made now",
    GatewayFault::Unknown => "its outcome is unknown",
})]
pub struct GatewayError {
    fault: GatewayFault,
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl GatewayError {
    /// An error of this kind with its cause.
    pub fn new(fault: GatewayFault, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { fault, source: source.into() }
    }

    /// What is known about the call.
    #[must_use]
    pub fn fault(&self) -> &GatewayFault {
        &self.fault
    }

    /// The stable code: `gateway_refused`, `gateway_unknown` or that of a [`Postponement`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.fault {
            GatewayFault::Refused { .. } => "gateway_refused",
            GatewayFault::Postponed(postponement) => postponement.code(),
            GatewayFault::Unknown => "gateway_unknown",
        }
    }
}

/// Why a paid charge was not confirmed now. Whatever it was, the charge can be confirmed again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// No attempt of ours has this gateway order number (yet): keep the charge and try again.
    #[error("no attempt has this gateway order number")]
    Unmatched,
    /// The amount can't be booked.
    #[error("the charge can't be booked")]
    Ledger(#[from] crate::ledger::LedgerError),
    /// The store failed.
    #[error("the confirmation could not be stored")]
    Store(#[from] StoreError),
    /// The gateway could not be asked.
    #[error("the gateway could not be asked")]
    Gateway(#[from] GatewayError),
}

impl ConfirmError {
    /// Whether the gateway is out of reach: see [`GatewayFault::is_outage`].
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Gateway(error) if error.fault().is_outage())
    }
}

/// Why a charge is no proof of a paid top-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofRefusal {
    /// Missing, unknown, another user's, of something other than a top-up, past its time without having been
    /// paid, or not applied.
    #[error("no proof of a paid top-up")]
    Invalid,
    /// A charge of the user's that may still turn out to be paid: it is not yet, or the gateway can't say.
    #[error("the gateway's answer is unknown")]
    Unknown,
}

impl ProofRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid => "proof_invalid",
            Self::Unknown => "gateway_unknown",
        }
    }
}

/// Why a callback was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallbackRefusal {
    /// The signature is missing, unreadable or wrong, or there is no key to verify it with.
    #[error("the signature does not match")]
    BadSignature,
    /// The signature is right, but the body is not an event.
    #[error("the body is not an event")]
    Unreadable,
}

impl CallbackRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Unreadable => "unreadable_event",
        }
    }
}
