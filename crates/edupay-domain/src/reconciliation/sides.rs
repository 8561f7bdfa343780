//! The two sides that are compared, each as it is told.

use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, RefundId, UserId};
use crate::money::Money;
use crate::payments::{Channel, Mode, ReceiptStatus, RefundStatus};

/// How far a payment has come on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// The payer has paid.
    Paid,
    /// Nobody has paid.
    Unpaid,
    /// It can't be paid any more.
    Reversed,
}

impl PaymentState {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Unpaid => "unpaid",
            Self::Reversed => "reversed",
        }
    }
}

/// A payment as the gateway or a bill tells it. A text of theirs that is not of our kind stays a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheirPayment {
    /// What it is known by there: the charge id, or the channel's own number.
    pub name: String,
    /// The charge, where it is told.
    pub charge_id: Option<ChargeId>,
    /// Our number of it, or whatever stands in its place.
    pub number: String,
    /// How much.
    pub amount: Money,
    /// The ISO code in lower case, where it is told.
    pub currency: Option<String>,
    /// The app it was paid to, where it is told.
    pub app_id: Option<String>,
    /// Real money or not, where it is told.
    pub mode: Option<Mode>,
    /// How far it has come.
    pub state: PaymentState,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
}

/// A refund as the gateway or a bill tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TheirRefund {
    /// What it is known by there.
    pub name: String,
    /// The gateway's name of it, where it is told.
    pub refund_id: Option<RefundId>,
    /// The charge, where it is told.
    pub charge_id: Option<ChargeId>,
    /// Our number of the charge, or whatever stands in its place.
    pub number: String,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub status: RefundStatus,
    /// When it succeeded, or was made as long as it has not.
    pub at: Option<Timestamp>,
}

/// A charge of the gateway's list with the refunds that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCharge {
    /// The payment.
    pub payment: TheirPayment,
    /// What the gateway says was given back of it.
    pub amount_refunded: Money,
    /// Its refunds.
    pub refunds: Vec<TheirRefund>,
}

/// A paid charge as we booked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurPayment {
    /// Whose.
    pub user_id: UserId,
    /// The gateway's charge.
    pub charge_id: ChargeId,
    /// Our number of it.
    pub gateway_order_no: GatewayOrderNo,
    /// How it was to be paid.
    pub channel: Channel,
    /// What we asked for.
    pub asked: Money,
    /// What we booked.
    pub booked: Money,
    /// What became of it.
    pub status: ReceiptStatus,
    /// When we booked it.
    pub received_at: Timestamp,
}

/// A gateway order number of ours, with everything that was booked under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurNumber {
    /// The number.
    pub gateway_order_no: GatewayOrderNo,
    /// The paid charges that we booked: mostly one or none.
    pub payments: Vec<OurPayment>,
}

/// How far a refund through the gateway has come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BookedRefund {
    /// The gateway works on it, as far as we know.
    AtGateway,
    /// It is booked.
    Succeeded,
    /// It did not work.
    Failed,
    /// A person must look.
    Review,
}

impl BookedRefund {
    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AtGateway => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Review => "review",
        }
    }
}

/// A refund through the gateway as we know it: of an order, a purchase or a top-up, or of what could not
/// be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurRefund {
    /// Whose.
    pub user_id: UserId,
    /// Our number of it; the charge's id when it is of what could not be applied.
    pub name: String,
    /// The gateway's name of it, once known.
    pub refund_id: Option<RefundId>,
    /// Of which charge.
    pub charge_id: ChargeId,
    /// Our number of the charge.
    pub gateway_order_no: GatewayOrderNo,
    /// How the charge was paid.
    pub channel: Channel,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub stage: BookedRefund,
    /// When it was settled, or asked for as long as it is not.
    pub at: Timestamp,
}
