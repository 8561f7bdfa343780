//! Our tries to have something paid, and the commands that move them.

use super::charge::{Channel, ChargeDocument};
use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, OrderNo, PurchaseNo, TopUpNo, UserId};
use crate::money::Money;

/// What a charge pays for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ChargeSubject {
    /// A course order.
    Order(OrderNo),
    /// A top-up of the cash balance.
    TopUp(TopUpNo),
    /// A purchase of packages.
    Purchase(PurchaseNo),
}

impl ChargeSubject {
    /// The stable name of its kind: `order`, `top_up` or `purchase`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::TopUp(_) => "top_up",
            Self::Purchase(_) => "purchase",
        }
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Order(number) => number.as_str(),
            Self::TopUp(number) => number.as_str(),
            Self::Purchase(number) => number.as_str(),
        }
    }
}

/// How far an attempt has come. It only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptStatus {
    /// Stored; the gateway is being asked, or the answer was lost.
    Requested,
    /// The gateway has the charge; it can be paid.
    Open,
    /// The gateway refused it; nothing can be paid.
    Refused,
    /// It can't be paid any more: reversed at the gateway, or past its time.
    Closed,
    /// It was paid.
    Paid,
}

impl AttemptStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Requested, Self::Open, Self::Refused, Self::Closed, Self::Paid];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Paid => "paid",
        }
    }
}

/// One try to have something paid by a charge: stored before the gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeAttempt {
    /// Whose.
    pub user_id: UserId,
    /// Our number at the gateway, unique over all.
    pub gateway_order_no: GatewayOrderNo,
    /// What it pays for.
    pub subject: ChargeSubject,
    /// How.
    pub channel: Channel,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub status: AttemptStatus,
    /// The gateway's charge, once known.
    pub charge_id: Option<ChargeId>,
    /// The gateway's document, once known.
    pub document: Option<ChargeDocument>,
    /// When it was stored.
    pub requested_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When the gateway is to be asked about it next, as long as it is not finished.
    pub look_at: Timestamp,
}

/// Where a gateway order number leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRoute {
    /// Whose attempt it is.
    pub user_id: UserId,
    /// The number.
    pub gateway_order_no: GatewayOrderNo,
    /// What it pays for.
    pub subject: ChargeSubject,
}

/// What the gateway said to a charge request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeReply {
    /// It made the charge, or had it.
    Created {
        /// Its name.
        charge_id: ChargeId,
        /// Its document.
        document: ChargeDocument,
    },
    /// It said no.
    Refused,
}

/// The gateway's answer to a charge request, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChargeReply {
    /// Whose attempt.
    pub user_id: UserId,
    /// Which.
    pub gateway_order_no: GatewayOrderNo,
    /// What the gateway said.
    pub reply: ChargeReply,
    /// When to look at it next.
    pub look_at: Timestamp,
}

/// Takes an attempt that is due to look at it, so that nobody else does for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLook {
    /// Whose attempt.
    pub user_id: UserId,
    /// Which.
    pub gateway_order_no: GatewayOrderNo,
    /// Now.
    pub at: Timestamp,
    /// The end of the lease: then the attempt is due again, whatever became of whoever took it.
    pub until: Timestamp,
}

/// Says after a look at which the gateway answered that the next one is due by the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleLook {
    /// Whose attempt.
    pub user_id: UserId,
    /// Which.
    pub gateway_order_no: GatewayOrderNo,
    /// The end of the lease under which the look was made.
    pub claimed_until: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// How the gateway is asked about an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookWay {
    /// By the id of its charge, which it has.
    ByCharge,
    /// Through the gateway's list, by its number: the answer with the charge was lost, or has not come.
    ByNumber,
}

impl LookWay {
    /// How this one is looked at.
    #[must_use]
    pub fn of(attempt: &ChargeAttempt) -> Self {
        if attempt.charge_id.is_some() { Self::ByCharge } else { Self::ByNumber }
    }
}

/// Whether what an attempt pays for still waits for payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// It does.
    Yes,
    /// It is paid, cancelled, closed or gone.
    No,
}

/// An attempt that can't be paid any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseAttempt {
    /// Whose attempt.
    pub user_id: UserId,
    /// Which.
    pub gateway_order_no: GatewayOrderNo,
}
