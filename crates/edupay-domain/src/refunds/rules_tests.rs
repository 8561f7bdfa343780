//! Tables of who may ask and decide, of what the gateway's word makes of a refund, and of random histories
//! against a model of their own.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers in test code")]

mod asking;
mod deciding;
mod histories;
mod purchases_and_top_ups;
mod words;

use super::*;
use crate::clock::Timestamp;
use crate::ids::{ChargeId, CourseId, EventId, OrderNo, OrderPk, RefundId, RefundNo, TopUpNo, UserId};
use crate::ledger::{Split, Wallet};
use crate::money::Money;
use crate::orders::{Order, OrderLine, OrderState, Payment, Tender, Visibility};
use crate::payments::{Channel, ChargeSubject, GatewayRefund, RefundHeard, RefundStatus};
use crate::top_ups::{TopUp, TopUpState};
use chrono::DateTime;

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn fen(amount: u32) -> Money {
    Money::from_fen_u32(amount)
}

fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

fn number(text: &str) -> RefundNo {
    RefundNo::parse(text).unwrap()
}

fn charge_id() -> ChargeId {
    ChargeId::parse("ch_1").unwrap()
}

fn subject() -> ChargeSubject {
    ChargeSubject::Order(OrderNo::parse("1").unwrap())
}

fn by_charge() -> Tender {
    Tender::Charge { channel: Channel::Wx, charge_id: charge_id() }
}

fn order(amount: u32, state: OrderState) -> Order {
    let course_id = CourseId::try_new(1).unwrap();
    Order {
        user_id: user(1),
        order_no: OrderNo::parse("1").unwrap(),
        pk: OrderPk::try_new(1).unwrap(),
        lines: vec![OrderLine { course_id, name: "course".to_owned(), price: fen(amount) }],
        amount: fen(amount),
        state,
        visibility: Visibility::Visible,
        created_at: at(0),
        expires_at: at(9),
    }
}

/// A paid order with the wallet and the refunds of its buyer, to be moved by plans.
#[derive(Debug, Clone)]
struct World {
    view: RefundView,
    claims: Vec<(RefundId, RefundNo)>,
    owned: bool,
}

impl World {
    fn new(amount: u32, tender: Tender) -> Self {
        let paid = order(amount, OrderState::Paid(Payment { at: at(1), tender }));
        let paid = Some(Refundable::Order(paid));
        let view = RefundView { wallet: Wallet::new(user(1)), paid, refunds: Vec::new(), named: None };
        Self { view, claims: Vec::new(), owned: true }
    }

    fn order(&self) -> &Order {
        match &self.view.paid {
            Some(Refundable::Order(order)) => order,
            other => panic!("no order: {other:?}"),
        }
    }

    fn named(&self, refund_no: &RefundNo) -> RefundView {
        let named = self.view.refunds.iter().find(|refund| refund.refund_no == *refund_no).cloned();
        RefundView { named, ..self.view.clone() }
    }

    fn carry(&mut self, plan: RefundingPlan) -> Refund {
        let change = match plan {
            RefundingPlan::Keep(refund) => return refund,
            RefundingPlan::Change(change) => change,
        };
        let totals = change.totals.unwrap();
        assert!(totals.refunded <= totals.reserved && totals.reserved <= totals.amount, "{totals:?}");
        if let Some(posted) = change.posted {
            self.view.wallet = posted.wallet;
        }
        if let Some(order) = change.order {
            self.owned &= change.ended_courses.is_empty();
            self.view.paid = Some(Refundable::Order(order));
        }
        self.put(change.refund.clone());
        change.refund
    }

    fn put(&mut self, refund: Refund) {
        self.claims.extend(refund.refund_id.clone().map(|id| (id, refund.refund_no.clone())));
        match self.view.refunds.iter_mut().find(|other| other.refund_no == refund.refund_no) {
            Some(other) => *other = refund,
            None => self.view.refunds.push(refund),
        }
    }

    fn ask(&mut self, command: &RequestRefund) -> Result<Refund, RefundRefusal> {
        let plan = request_refund(command, &self.named(&command.refund_no))?;
        Ok(self.carry(plan))
    }

    /// The refund is at the gateway, asked for at second 20.
    fn claim(&mut self, refund_no: &str) -> Refund {
        let refund = self.named(&number(refund_no)).named.unwrap();
        let command = ClaimRefundWork { user_id: user(1), refund_no: number(refund_no), at: at(20), until: at(80) };
        match claim_refund_work(&command, &refund) {
            ClaimedRefund::Ask(refund) | ClaimedRefund::LookFirst(refund) => {
                self.put(refund.clone());
                refund
            }
            ClaimedRefund::Denied => refund,
        }
    }

    fn tell(&mut self, command: &RecordGatewayRefund) -> Option<Refund> {
        let claimed = self.claims.iter().find(|(id, _)| *id == command.refund.id);
        let claimed_for = claimed.map(|(_, refund_no)| refund_no.clone());
        let view = GatewayRefundView { view: self.view.clone(), claimed_for };
        let plan = record_gateway_refund(command, &view).unwrap()?;
        Some(self.carry(plan))
    }
}

fn wish(refund_no: &str, amount: Option<u32>, to: RefundTarget) -> RequestRefund {
    RequestRefund {
        user_id: user(1),
        subject: subject(),
        refund_no: number(refund_no),
        amount: amount.map(fen),
        to,
        reason: RefundReason::parse("a reason").unwrap(),
        by: user(8),
        approval_above: None,
        at: at(20),
        event_id: EventId::from_random(7),
    }
}

fn word(id: &str, amount: u32, status: RefundStatus, refund_no: Option<&str>) -> RecordGatewayRefund {
    RecordGatewayRefund {
        user_id: user(1),
        subject: subject(),
        refund: GatewayRefund {
            id: RefundId::parse(id).unwrap(),
            charge_id: charge_id(),
            gateway_order_no: None,
            amount: fen(amount),
            status,
            failure: None,
            refund_no: refund_no.map(number),
        },
        heard: RefundHeard::Listing,
        at: at(30),
        next_try_at: at(45),
        event_id: EventId::from_random(9),
    }
}

#[test]
fn a_reason_has_1_to_255_characters() {
    assert_eq!(RefundReason::parse(""), None);
    assert_eq!(RefundReason::parse(&"因".repeat(256)), None);
    assert!(RefundReason::parse(&"因".repeat(255)).is_some() && RefundReason::parse("x").is_some());
}

#[test]
fn only_what_was_paid_goes_back() {
    for state in [OrderState::Unpaid, OrderState::Cancelled, OrderState::Closed] {
        let mut world = World::new(100, by_charge());
        world.view.paid = Some(Refundable::Order(order(100, state)));
        assert_eq!(world.ask(&wish("R-1", None, RefundTarget::Source)), Err(RefundRefusal::NotPaid));
    }
    let top_up = TopUp {
        user_id: user(1),
        top_up_no: TopUpNo::parse("3").unwrap(),
        amount: fen(100),
        bonus: Money::ZERO,
        state: TopUpState::Credited { at: at(1), charge_id: charge_id() },
        created_at: at(0),
    };
    for paid in [None, Some(Refundable::TopUp(top_up))] {
        let mut world = World::new(100, by_charge());
        world.view.paid = paid;
        assert_eq!(world.ask(&wish("R-1", None, RefundTarget::Source)), Err(RefundRefusal::NotFound));
    }
}

#[test]
fn where_a_refund_goes_follows_what_paid() {
    let split = Split { bonus: fen(40), iap: fen(30), cash: fen(30) };
    for (tender, to, stage, cash) in [
        (by_charge(), RefundTarget::Source, RefundStage::Requested, 0),
        (by_charge(), RefundTarget::Balance, RefundStage::Succeeded, 50),
        (Tender::Balance(split), RefundTarget::Source, RefundStage::Succeeded, 30),
        (Tender::Balance(split), RefundTarget::Balance, RefundStage::Succeeded, 30),
    ] {
        let through_gateway = stage == RefundStage::Requested;
        let mut world = World::new(100, tender);
        let refund = world.ask(&wish("R-1", Some(50), to)).unwrap();
        assert_eq!((refund.stage, refund.charge_id.is_some()), (stage, through_gateway));
        assert_eq!(world.view.wallet.cash, fen(cash));
        // A gift never leaves through a channel: what gifts paid has no charge to go back through.
        assert!(world.view.wallet.bonus.is_zero());
    }
}

#[test]
fn above_the_limit_somebody_else_must_agree_once() {
    for (limit, amount, stage) in [
        (None, 100, RefundStage::Requested),
        (Some(60), 60, RefundStage::Requested),
        (Some(60), 61, RefundStage::AwaitingApproval),
        (Some(0), 1, RefundStage::AwaitingApproval),
    ] {
        let mut world = World::new(100, by_charge());
        let approval_above = limit.map(fen);
        let command = RequestRefund { approval_above, ..wish("R-1", Some(amount), RefundTarget::Source) };
        assert_eq!(world.ask(&command).unwrap().stage, stage, "{limit:?} {amount}");
    }
    let mut world = World::new(100, by_charge());
    let command = RequestRefund { approval_above: Some(fen(1)), ..wish("R-1", None, RefundTarget::Source) };
    world.ask(&command).unwrap();
    let decide = |by| DecideRefund {
        user_id: user(1),
        subject: subject(),
        refund_no: number("R-1"),
        by: user(by),
        at: at(20),
        event_id: EventId::from_random(8),
    };
    assert_eq!(world.claim("R-1").asked_at, None, "nothing is asked for before it is approved");
    let view = world.named(&number("R-1"));
    assert_eq!(approve_refund(&decide(8), &view).unwrap_err(), DecisionRefusal::OwnRequest);
    let foreign = DecideRefund { subject: ChargeSubject::Order(OrderNo::parse("2").unwrap()), ..decide(9) };
    assert_eq!(approve_refund(&foreign, &view).unwrap_err(), DecisionRefusal::NotFound);
    let plan = approve_refund(&decide(9), &view).unwrap();
    assert_eq!(world.carry(plan).stage, RefundStage::Requested);
    let refund = world.claim("R-1");
    assert!(refund.asked_at.is_some());
    let failure = FailRefund {
        user_id: user(1),
        subject: subject(),
        refund_no: number("R-1"),
        failure: "refund_refused".to_owned(),
        at: at(30),
        event_id: EventId::from_random(9),
    };
    let plan = fail_refund(&failure, &world.named(&number("R-1"))).unwrap();
    assert_eq!(world.carry(plan).stage, RefundStage::Failed);
    // Who approved it has approved its next tries.
    let again = RequestRefund { to: RefundTarget::Balance, ..command };
    let refund = world.ask(&again).unwrap();
    assert_eq!((refund.stage, refund.decided_by), (RefundStage::Succeeded, Some(user(9))));
}
