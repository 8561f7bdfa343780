//! Why an order was not made, paid or cancelled.

use crate::ids::CourseId;
use crate::ledger::LedgerError;
use crate::payments::Postponement;
use thiserror::Error;

/// Why an order was not made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CreateOrderRefusal {
    /// No course was named, too many, or one twice.
    #[error("an order names each of its courses once, from 1 to {max}")]
    BadSelection {
        /// The most courses of one order.
        max: usize,
    },
    /// A course that is not offered.
    #[error("course {0} is not offered")]
    CourseNotOffered(CourseId),
    /// A course that the buyer owns.
    #[error("course {course_id} is owned already")]
    CourseOwned {
        /// Which.
        course_id: CourseId,
        /// Its name.
        name: String,
    },
    /// The sum does not fit.
    #[error("the sum is too large")]
    TooLarge,
}

impl CreateOrderRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadSelection { .. } => "course_selection_invalid",
            Self::CourseNotOffered(_) => "course_not_offered",
            Self::CourseOwned { .. } => "course_owned",
            Self::TooLarge => "amount_too_large",
        }
    }
}

/// Why an order was not paid. Nothing has moved, but for [`PayRefusal::ChargeUnknown`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayRefusal {
    /// No such order of this buyer.
    #[error("there is no such order")]
    OrderNotFound,
    /// It was paid otherwise.
    #[error("the order is paid")]
    OrderPaid,
    /// Its time has run out.
    #[error("the order is closed")]
    OrderClosed,
    /// Its buyer has cancelled it.
    #[error("the order is cancelled")]
    OrderCancelled,
    /// One of its courses is owned already.
    #[error("a course of the order is owned already")]
    CourseOwned {
        /// The course's name, as the order copied it.
        name: String,
    },
    /// The three balances together are not enough.
    #[error("the balance is not enough")]
    InsufficientBalance,
    /// The gateway gave no charge.
    #[error("the gateway refused the charge")]
    ChargeRefused,
    /// The gateway could not be asked now; there is no charge, and the same request may make one later.
    #[error("the gateway could not be asked for the charge")]
    ChargePostponed(Postponement),
    /// The gateway's answer is unknown; the attempt is kept and resolved.
    #[error("the gateway's answer is unknown")]
    ChargeUnknown,
    /// The amount can't be booked.
    #[error("the payment can't be booked")]
    Ledger(#[from] LedgerError),
}

impl PayRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OrderNotFound => "order_not_found",
            Self::OrderPaid => "order_paid",
            Self::OrderClosed => "order_closed",
            Self::OrderCancelled => "order_cancelled",
            Self::CourseOwned { .. } => "course_owned",
            Self::InsufficientBalance => "balance_insufficient",
            Self::ChargeRefused => "charge_refused",
            Self::ChargePostponed(postponement) => postponement.code(),
            Self::ChargeUnknown => "charge_unknown",
            Self::Ledger(error) => error.code(),
        }
    }
}

/// Why an order was not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CancelRefusal {
    /// No such order of this buyer.
    #[error("there is no such order")]
    OrderNotFound,
    /// It is paid.
    #[error("the order is paid")]
    OrderPaid,
    /// Its time has run out.
    #[error("the order is closed")]
    OrderClosed,
}

impl CancelRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OrderNotFound => "order_not_found",
            Self::OrderPaid => "order_paid",
            Self::OrderClosed => "order_closed",
        }
    }
}
