//! How an order is paid from the balance, and when a charge is opened for it.

use super::error::PayRefusal;
use super::model::{Entitlement, OpenOrderCharge, Order, OrderState, PaidOrder, PayFromBalance, Payment, Tender};
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ids::{CourseId, EventId, GatewayOrderNo};
use crate::ledger::{self, PostedEntry, Wallet, post, split_spend};
use crate::payments::{self, ChargeAttempt, ChargeSubject, OpenCharge, OpenChargePlan, Payable};

/// What paying from the balance sees: the buyer's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayView {
    /// The wallet.
    pub wallet: Wallet,
    /// The order, if the buyer has it.
    pub order: Option<Order>,
    /// Those of the order's courses that the buyer owns.
    pub owned: Vec<CourseId>,
}

/// What a payment from the balance writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayPlan {
    /// The order is paid.
    Pay {
        /// The order, paid.
        order: Order,
        /// The courses, owned.
        entitlements: Vec<Entitlement>,
        /// The entry.
        posted: PostedEntry,
        /// What happened.
        events: Vec<Event>,
    },
    /// It was paid from the balance before; nothing is written.
    AlreadyPaid {
        /// The order.
        order: Order,
        /// The wallet.
        wallet: Wallet,
    },
}

impl PayPlan {
    /// What has happened once it is written.
    #[must_use]
    pub fn outcome(&self) -> PaidOrder {
        match self {
            Self::Pay { order, posted, .. } => PaidOrder::Paid { order: order.clone(), wallet: posted.wallet },
            Self::AlreadyPaid { order, wallet } => PaidOrder::AlreadyPaid { order: order.clone(), wallet: *wallet },
        }
    }
}

/// An unpaid order of courses that are not owned is paid when the balances are enough.
///
/// # Errors
/// [`PayRefusal`]; nothing is written.
pub fn pay_from_balance(command: &PayFromBalance, view: &PayView) -> Result<PayPlan, PayRefusal> {
    let order = view.order.as_ref().ok_or(PayRefusal::OrderNotFound)?;
    if let OrderState::Paid(Payment { tender: Tender::Balance(_), .. }) = order.state {
        return Ok(PayPlan::AlreadyPaid { order: order.clone(), wallet: view.wallet });
    }
    payable(order, &view.owned, command.at)?;
    let split = split_spend(&view.wallet, order.amount).ok_or(PayRefusal::InsufficientBalance)?;
    let posted = post(&view.wallet, ledger::pay_from_balance(&order.order_no, split)?)?;
    let (order, entitlements, event) =
        fulfil(order, Payment { at: command.at, tender: Tender::Balance(split) }, command.event_id);
    Ok(PayPlan::Pay { order, entitlements, posted, events: vec![event] })
}

/// Whether an order can be paid now.
///
/// # Errors
/// [`PayRefusal`].
pub(super) fn payable(order: &Order, owned: &[CourseId], at: Timestamp) -> Result<(), PayRefusal> {
    match order.state {
        OrderState::Unpaid if order.expires_at <= at => return Err(PayRefusal::OrderClosed),
        OrderState::Unpaid => {}
        OrderState::Cancelled => return Err(PayRefusal::OrderCancelled),
        OrderState::Closed => return Err(PayRefusal::OrderClosed),
        OrderState::Paid(_) | OrderState::PartlyRefunded(_) | OrderState::Refunded(_) => {
            return Err(PayRefusal::OrderPaid);
        }
    }
    match order.lines.iter().find(|line| owned.contains(&line.course_id)) {
        Some(line) => Err(PayRefusal::CourseOwned { name: line.name.clone() }),
        None => Ok(()),
    }
}

/// The order as it is once paid, what it gives, and the event.
pub(super) fn fulfil(order: &Order, payment: Payment, event_id: EventId) -> (Order, Vec<Entitlement>, Event) {
    let granted_at = payment.at;
    let body = EventBody::OrderPaid {
        order_no: order.order_no.clone(),
        amount: order.amount,
        channel: payment.tender.channel_code(),
    };
    let entitlement =
        |course_id| Entitlement { user_id: order.user_id, course_id, order_no: order.order_no.clone(), granted_at };
    let entitlements = order.lines.iter().map(|line| entitlement(line.course_id)).collect();
    let event = Event { id: event_id, user_id: order.user_id, at: granted_at, body };
    (Order { state: OrderState::Paid(payment), ..order.clone() }, entitlements, event)
}

/// What opening a charge sees: the buyer's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeView {
    /// The order, if the buyer has it.
    pub order: Option<Order>,
    /// Those of the order's courses that the buyer owns.
    pub owned: Vec<CourseId>,
    /// The order's attempts, oldest first.
    pub attempts: Vec<ChargeAttempt>,
}

/// Opens a charge for an order that can be paid, or gives the open one again: see
/// [`open_charge`](payments::open_charge).
///
/// # Errors
/// [`PayRefusal`]; nothing is written.
pub fn open_order_charge(command: &OpenOrderCharge, view: &ChargeView) -> Result<OpenChargePlan, PayRefusal> {
    let order = view.order.as_ref().ok_or(PayRefusal::OrderNotFound)?;
    payable(order, &view.owned, command.at)?;
    let wish = OpenCharge {
        channel: command.channel,
        candidate: command.candidate.clone(),
        at: command.at,
        expires_at: command.expires_at,
        min_expires_at: command.min_expires_at,
        look_at: command.look_at,
    };
    let payable = Payable {
        user_id: order.user_id,
        subject: ChargeSubject::Order(order.order_no.clone()),
        own_number: GatewayOrderNo::of_order(&order.order_no),
        amount: order.amount,
        expires_at: order.expires_at,
    };
    Ok(payments::open_charge(&wish, payable, &view.attempts))
}
