//! Orders, what they give, and the commands that move them.

use crate::clock::Timestamp;
use crate::idempotency::KeyClaim;
use crate::ids::{ChargeId, CourseId, EventId, GatewayOrderNo, OrderNo, OrderPk, UserId};
use crate::ledger::{Split, Wallet};
use crate::money::Money;
use crate::payments::{Channel, Charge, ChargeRoute, Merchant};

/// One course of an order, with name and price as they were when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Which course.
    pub course_id: CourseId,
    /// Its name then.
    pub name: String,
    /// Its price then.
    pub price: Money,
}

/// What an order was paid with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tender {
    /// The balances, in these parts.
    Balance(Split),
    /// A charge.
    Charge {
        /// Through which channel.
        channel: Channel,
        /// Which.
        charge_id: ChargeId,
    },
}

impl Tender {
    /// `balance`, or the gateway's channel: the `channel` of the wire.
    #[must_use]
    pub fn channel_code(&self) -> &'static str {
        match self {
            Self::Balance(_) => "balance",
            Self::Charge { channel, .. } => channel.code(),
        }
    }
}

/// When and with what an order was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// When.
    pub at: Timestamp,
    /// With what.
    pub tender: Tender,
}

/// How far an order has come. A paid one never goes back to unpaid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Waiting for payment.
    Unpaid,
    /// Paid.
    Paid(Payment),
    /// Cancelled by its buyer before it was paid.
    Cancelled,
    /// Its time ran out before it was paid.
    Closed,
    /// Paid, and a part went back.
    PartlyRefunded(Payment),
    /// Paid, and all went back.
    Refunded(Payment),
}

impl OrderState {
    /// The status of the wire: 0 unpaid, 1 paid, 2 cancelled, 3 closed, 4 partly refunded, 5 refunded.
    #[must_use]
    pub fn number(&self) -> u8 {
        match self {
            Self::Unpaid => 0,
            Self::Paid(_) => 1,
            Self::Cancelled => 2,
            Self::Closed => 3,
            Self::PartlyRefunded(_) => 4,
            Self::Refunded(_) => 5,
        }
    }

    /// The status as a word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Paid(_) => "paid",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::PartlyRefunded(_) => "partly_refunded",
            Self::Refunded(_) => "refunded",
        }
    }

    /// The payment, if there was one.
    #[must_use]
    pub fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Paid(payment) | Self::PartlyRefunded(payment) | Self::Refunded(payment) => Some(payment),
            Self::Unpaid | Self::Cancelled | Self::Closed => None,
        }
    }
}

/// Whether the buyer sees the order in lists: the `flag` of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// 1.
    Visible,
    /// 0.
    Hidden,
}

/// An order of courses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The buyer.
    pub user_id: UserId,
    /// Its number, unique over all.
    pub order_no: OrderNo,
    /// Its ordinal among the buyer's: the `pk` of the wire.
    pub pk: OrderPk,
    /// Its courses; at least one.
    pub lines: Vec<OrderLine>,
    /// The sum of the prices.
    pub amount: Money,
    /// How far it has come.
    pub state: OrderState,
    /// Whether the buyer sees it.
    pub visibility: Visibility,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

impl Order {
    /// The most courses of one order.
    pub const MAX_LINES: usize = 20;

    /// The course ids, comma-joined: the `courses` of the wire.
    #[must_use]
    pub fn courses(&self) -> String {
        self.lines.iter().map(|line| line.course_id.to_string()).collect::<Vec<_>>().join(",")
    }

    /// The names, comma-joined: the `names` of the wire.
    #[must_use]
    pub fn names(&self) -> String {
        self.lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// The right to a course: at most one per user and course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Whose.
    pub user_id: UserId,
    /// To what.
    pub course_id: CourseId,
    /// By which order.
    pub order_no: OrderNo,
    /// Since when.
    pub granted_at: Timestamp,
}

/// Makes an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrder {
    /// The buyer.
    pub user_id: UserId,
    /// The number, drawn before the first try.
    pub order_no: OrderNo,
    /// The courses.
    pub course_ids: Vec<CourseId>,
    /// When.
    pub at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// The claim under which it is made, if it is made once per key.
    pub claim: Option<KeyClaim>,
}

/// Cancels an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelOrder {
    /// The buyer.
    pub user_id: UserId,
    /// Which.
    pub order_no: OrderNo,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// Closes an order whose time has run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseOrder {
    /// The buyer.
    pub user_id: UserId,
    /// Which.
    pub order_no: OrderNo,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// Pays an order from the buyer's balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayFromBalance {
    /// The buyer.
    pub user_id: UserId,
    /// Which.
    pub order_no: OrderNo,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// An order that is paid, with the wallet of that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaidOrder {
    /// It was paid now.
    Paid {
        /// The order.
        order: Order,
        /// The wallet after.
        wallet: Wallet,
    },
    /// It was paid from the balance before; nothing moved.
    AlreadyPaid {
        /// The order.
        order: Order,
        /// The wallet.
        wallet: Wallet,
    },
}

impl PaidOrder {
    /// The order and the wallet, paid now or before.
    #[must_use]
    pub fn parts(&self) -> (&Order, &Wallet) {
        match self {
            Self::Paid { order, wallet } | Self::AlreadyPaid { order, wallet } => (order, wallet),
        }
    }
}

/// Opens a charge for an order, or finds the one that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrderCharge {
    /// The buyer.
    pub user_id: UserId,
    /// Which.
    pub order_no: OrderNo,
    /// How.
    pub channel: Channel,
    /// A gateway order number for a further attempt, drawn before the first try.
    pub candidate: GatewayOrderNo,
    /// When.
    pub at: Timestamp,
    /// Until when the charge can be paid; not longer than its order.
    pub expires_at: Timestamp,
    /// The shortest life the gateway takes: a charge may outlive its order by this much, and what is
    /// paid then goes back.
    pub min_expires_at: Timestamp,
    /// When to look for a missing answer.
    pub look_at: Timestamp,
}

/// Books a paid charge of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmOrderCharge {
    /// Whose attempt it is.
    pub route: ChargeRoute,
    /// The order.
    pub order_no: OrderNo,
    /// The paid charge.
    pub charge: Charge,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}
