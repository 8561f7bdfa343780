//! Paid charges: applied, or kept apart and why.

use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, RefundId, UserId};
use crate::money::Money;

/// Why a paid charge could not be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnappliedReason {
    /// What it pays for was paid already.
    PaidAlready,
    /// A course of the order is owned already.
    CourseOwned,
    /// The order's time had run out.
    OrderClosed,
    /// The buyer had cancelled the order.
    OrderCancelled,
    /// The purchase's time had run out.
    PurchaseClosed,
    /// A package of the purchase, or its project, had been withdrawn when the payer paid.
    PackageWithdrawn,
    /// A package was to be bought, and one of its project is held already.
    PackageHeld,
    /// The period that was to be upgraded or renewed is no longer the one that was quoted for.
    HoldingChanged,
    /// Another amount than asked for.
    AmountDiffers,
    /// Another currency than CNY.
    CurrencyDiffers,
    /// Paid to another app.
    AppDiffers,
    /// Test money for a live service, or the other way round.
    ModeDiffers,
    /// The gateway has given it back already, in whole or in part.
    RefundedAlready,
    /// What it pays for is not there.
    SubjectMissing,
}

impl UnappliedReason {
    /// Every reason.
    pub const ALL: [Self; 14] = [
        Self::PaidAlready,
        Self::CourseOwned,
        Self::OrderClosed,
        Self::OrderCancelled,
        Self::PurchaseClosed,
        Self::PackageWithdrawn,
        Self::PackageHeld,
        Self::HoldingChanged,
        Self::AmountDiffers,
        Self::CurrencyDiffers,
        Self::AppDiffers,
        Self::ModeDiffers,
        Self::RefundedAlready,
        Self::SubjectMissing,
    ];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PaidAlready => "paid_already",
            Self::CourseOwned => "course_owned",
            Self::OrderClosed => "order_closed",
            Self::OrderCancelled => "order_cancelled",
            Self::PurchaseClosed => "purchase_closed",
            Self::PackageWithdrawn => "package_withdrawn",
            Self::PackageHeld => "package_held",
            Self::HoldingChanged => "holding_changed",
            Self::AmountDiffers => "amount_differs",
            Self::CurrencyDiffers => "currency_differs",
            Self::AppDiffers => "app_differs",
            Self::ModeDiffers => "mode_differs",
            Self::RefundedAlready => "refunded_already",
            Self::SubjectMissing => "subject_missing",
        }
    }

    /// Whether the ledger can hold it: only CNY, and only money as real as the service.
    #[must_use]
    pub fn is_booked(self) -> bool {
        !matches!(self, Self::CurrencyDiffers | Self::ModeDiffers)
    }

    /// What follows: a plain second or late payment goes back by itself, anything odd waits for a
    /// person (contract section 4).
    #[must_use]
    pub fn follow_up(self) -> ReceiptStatus {
        match self {
            Self::PaidAlready
            | Self::CourseOwned
            | Self::OrderClosed
            | Self::OrderCancelled
            | Self::PurchaseClosed
            | Self::PackageWithdrawn
            | Self::PackageHeld
            | Self::HoldingChanged => ReceiptStatus::RefundDue,
            Self::AmountDiffers
            | Self::CurrencyDiffers
            | Self::AppDiffers
            | Self::ModeDiffers
            | Self::RefundedAlready
            | Self::SubjectMissing => ReceiptStatus::Review,
        }
    }
}

/// What became of a paid charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReceiptStatus {
    /// It paid what it was for.
    Applied,
    /// It must go back; the gateway has not been asked.
    RefundDue,
    /// The gateway is being asked for the refund, or the answer was lost.
    RefundRequested,
    /// The gateway is refunding.
    RefundPending,
    /// It went back.
    Refunded,
    /// A person must look.
    Review,
}

impl ReceiptStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Applied, Self::RefundDue, Self::RefundRequested, Self::RefundPending, Self::Refunded, Self::Review];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RefundDue => "refund_due",
            Self::RefundRequested => "refund_requested",
            Self::RefundPending => "refund_pending",
            Self::Refunded => "refunded",
            Self::Review => "review",
        }
    }
}

/// A paid charge, booked once for ever: applied, or kept as an unapplied receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whose.
    pub user_id: UserId,
    /// The gateway's charge, unique over all.
    pub charge_id: ChargeId,
    /// Our number of it.
    pub gateway_order_no: GatewayOrderNo,
    /// What was paid, in fen of CNY; what another currency's smallest unit says is not booked.
    pub amount: Money,
    /// What became of it.
    pub status: ReceiptStatus,
    /// Why it was not applied.
    pub reason: Option<UnappliedReason>,
    /// The gateway's refund, once known.
    pub refund_id: Option<RefundId>,
    /// When it was booked.
    pub received_at: Timestamp,
    /// When its refund may be worked on next; in the future while somebody works on it.
    pub next_try_at: Timestamp,
}

/// What a confirmation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// The charge paid what it was for, now.
    Applied(Receipt),
    /// The charge could not be applied and is kept.
    Unapplied(Receipt),
    /// This charge was booked before; nothing moved.
    AlreadyConfirmed(Receipt),
}

impl Confirmation {
    /// The receipt, new or old.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        match self {
            Self::Applied(receipt) | Self::Unapplied(receipt) | Self::AlreadyConfirmed(receipt) => receipt,
        }
    }
}
