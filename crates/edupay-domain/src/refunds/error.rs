//! Why money did not go back.

use crate::ledger::LedgerError;
use crate::money::Money;
use thiserror::Error;

/// Why a refund was not taken on. Nothing has moved and nothing is reserved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RefundRefusal {
    /// No such order or purchase, of nobody.
    #[error("there is nothing of this number")]
    NotFound,
    /// It was never paid.
    #[error("it was not paid")]
    NotPaid,
    /// More than is left of what was paid, or nothing is left.
    #[error("only {left} is left to refund")]
    AboveLeft {
        /// How much is left: neither refunded nor reserved.
        left: Money,
    },
    /// The amount is zero.
    #[error("an amount must be above zero")]
    AmountNotPositive,
    /// The number is that of another refund of the same user.
    #[error("another refund has this number")]
    RefundNoTaken,
    /// The number is one that only refunds made at the gateway have.
    #[error("numbers of this kind are the gateway's")]
    RefundNoReserved,
    /// A package of the purchase was upgraded since: the upgrade must be refunded first.
    #[error("a package of the purchase was upgraded")]
    PurchaseUpgraded,
    /// The amount can't be booked.
    #[error("the refund can't be booked")]
    Ledger(#[from] LedgerError),
}

impl RefundRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotPaid => "not_paid",
            Self::AboveLeft { .. } => "refund_above_left",
            Self::AmountNotPositive => "amount_not_positive",
            Self::RefundNoTaken => "refund_no_taken",
            Self::RefundNoReserved => "refund_no_reserved",
            Self::PurchaseUpgraded => "purchase_upgraded",
            Self::Ledger(error) => error.code(),
        }
    }
}

/// Why a refund was neither approved nor rejected. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecisionRefusal {
    /// No such refund of this order or purchase.
    #[error("there is no such refund")]
    NotFound,
    /// It waits for nobody's decision.
    #[error("the refund does not wait for approval")]
    NotAwaiting,
    /// Who asked for it can't approve it.
    #[error("somebody else must approve the refund")]
    OwnRequest,
    /// A package of the purchase was upgraded since it was asked for.
    #[error("a package of the purchase was upgraded")]
    PurchaseUpgraded,
    /// The amount can't be booked.
    #[error("the refund can't be booked")]
    Ledger(#[from] LedgerError),
}

impl DecisionRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "refund_not_found",
            Self::NotAwaiting => "refund_not_awaiting_approval",
            Self::OwnRequest => "refund_own_request",
            Self::PurchaseUpgraded => "purchase_upgraded",
            Self::Ledger(error) => error.code(),
        }
    }
}
