//! What the rules see, and what they write.

use crate::events::{Event, RefundedThing};
use crate::ids::{ChargeId, CourseId, RefundNo};
use crate::ledger::{PostedEntry, Split, Wallet};
use crate::money::Money;
use crate::orders::{Order, Tender};
use crate::packages::{Purchase, PurchaseState, ServicePeriod};
use crate::payments::ChargeSubject;
use crate::refunds::model::Refund;
use crate::top_ups::{TopUp, TopUpState};

/// What money can go back of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one per effect, never stored")]
pub enum Refundable {
    /// An order.
    Order(Order),
    /// A purchase of packages.
    Purchase {
        /// The purchase.
        purchase: Purchase,
        /// All periods of the student in the purchase's project.
        periods: Vec<ServicePeriod>,
    },
    /// A top-up: nobody here refunds it, but the gateway may give it back.
    TopUp(TopUp),
}

/// How something was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PaidWith {
    Balances(Split),
    Charge(ChargeId),
}

impl Refundable {
    /// What was to be paid for it.
    #[must_use]
    pub fn amount(&self) -> Money {
        match self {
            Self::Order(order) => order.amount,
            Self::Purchase { purchase, .. } => purchase.amount,
            Self::TopUp(top_up) => top_up.amount,
        }
    }

    /// With what it was paid; `None` when it was not.
    pub(super) fn paid_with(&self) -> Option<PaidWith> {
        match self {
            Self::Order(order) => match &order.state.payment()?.tender {
                Tender::Balance(split) => Some(PaidWith::Balances(*split)),
                Tender::Charge { charge_id, .. } => Some(PaidWith::Charge(charge_id.clone())),
            },
            Self::Purchase { purchase, .. } => match &purchase.state {
                PurchaseState::Paid { charge_id, .. } => Some(PaidWith::Charge(charge_id.clone())),
                PurchaseState::Unpaid | PurchaseState::Closed => None,
            },
            Self::TopUp(top_up) => match &top_up.state {
                TopUpState::Credited { charge_id, .. } => Some(PaidWith::Charge(charge_id.clone())),
                TopUpState::Pending => None,
            },
        }
    }
}

/// What every rule sees: the user's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundView {
    /// The wallet.
    pub wallet: Wallet,
    /// What is to be refunded, if the user has it.
    pub paid: Option<Refundable>,
    /// All refunds of it, whatever became of them.
    pub refunds: Vec<Refund>,
    /// The user's refund of the number that the command names, of whatever.
    pub named: Option<Refund>,
}

impl RefundView {
    /// What is left of what was paid: neither refunded nor reserved by another refund than this one.
    /// Nothing of a top-up is: that money is the user's.
    pub(super) fn left_beside(&self, refund_no: &RefundNo) -> Money {
        let others = self.refunds.iter().filter(|other| other.refund_no != *refund_no);
        let reserved = Money::checked_sum(others.map(Refund::reserved));
        match (&self.paid, reserved) {
            (Some(Refundable::TopUp(_)) | None, _) | (_, None) => Money::ZERO,
            (Some(paid), Some(reserved)) => paid.amount().checked_sub(reserved).unwrap_or_default(),
        }
    }
}

/// What the refunds of one thing come to: the wall behind the rules is built of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefundTotals {
    /// What was paid.
    pub amount: Money,
    /// What refunds have taken of it, or would take: never more than the amount.
    pub reserved: Money,
    /// What they have taken.
    pub refunded: Money,
}

/// What a refund writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundChange {
    /// The refund, new or in its next state.
    pub refund: Refund,
    /// What the refunds of the same thing come to now; nothing for a top-up.
    pub totals: Option<RefundTotals>,
    /// The order's next state.
    pub order: Option<Order>,
    /// The courses that the order gave and that are owned no more.
    pub ended_courses: Vec<CourseId>,
    /// The purchase's next state.
    pub purchase: Option<Purchase>,
    /// The student's periods that change, in their next state.
    pub periods: Vec<ServicePeriod>,
    /// The entry.
    pub posted: Option<PostedEntry>,
    /// What happened.
    pub events: Vec<Event>,
}

/// What is to be done for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart once per effect, never stored")]
pub enum RefundingPlan {
    /// Write this.
    Change(RefundChange),
    /// It is as it should be; nothing is written.
    Keep(Refund),
}

impl RefundingPlan {
    /// The refund as it is after the plan.
    #[must_use]
    pub fn refund(&self) -> &Refund {
        match self {
            Self::Change(change) => &change.refund,
            Self::Keep(refund) => refund,
        }
    }
}

impl RefundChange {
    /// The refund alone, with what the refunds of the same thing come to with it.
    pub(super) fn of(refund: Refund, view: &RefundView) -> Self {
        Self {
            totals: totals(&refund, view),
            refund,
            order: None,
            ended_courses: Vec::new(),
            purchase: None,
            periods: Vec::new(),
            posted: None,
            events: Vec::new(),
        }
    }

    pub(super) fn plan(self) -> RefundingPlan {
        RefundingPlan::Change(self)
    }
}

/// What a refund is of, as its events tell it.
pub(super) fn thing(refund: &Refund) -> RefundedThing {
    let (subject, subject_no) = (refund.subject.code(), refund.subject.number().to_owned());
    RefundedThing { subject, subject_no, refund_no: refund.refund_no.clone() }
}

fn totals(refund: &Refund, view: &RefundView) -> Option<RefundTotals> {
    let amount = match (&refund.subject, &view.paid) {
        (ChargeSubject::TopUp(_), _) | (_, None) => return None,
        (_, Some(paid)) => paid.amount(),
    };
    let others = || view.refunds.iter().filter(|other| other.refund_no != refund.refund_no).chain([refund]);
    Some(RefundTotals {
        amount,
        reserved: Money::checked_sum(others().map(Refund::reserved))?,
        refunded: Money::checked_sum(others().map(Refund::succeeded))?,
    })
}
