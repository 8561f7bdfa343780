//! Claims about attempts: opened, routed, answered, closed.

use super::case::refusal_of;
use super::{Case, StoreHarness};
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::orders::{
    OpenChargePlan, OpenOrderCharge, OpenedCharge, Order, PayRefusal, cancel_order, open_order_charge,
};
use edupay_domain::payments::{
    AttemptStatus, Channel, Charge, ChargeAttempt, ChargeReply, ChargeRoute, ChargeSubject, CloseAttempt,
    RecordChargeReply, close_attempt, record_charge_reply,
};
use edupay_domain::store::StoreFault;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    pub(super) async fn record(&self, attempt: &ChargeAttempt, reply: ChargeReply) -> ChargeAttempt {
        let command = reply_command(attempt, reply);
        self.harness().charges().record_reply(&command, record_charge_reply).await.unwrap()
    }

    /// The gateway has the charge.
    pub(super) async fn open(&self, attempt: &ChargeAttempt) -> (ChargeAttempt, Charge) {
        let charge = self.charge(attempt);
        (self.record(attempt, created(&charge)).await, charge)
    }

    pub(super) async fn attempts(&self, order: &Order) -> Vec<ChargeAttempt> {
        let subject = ChargeSubject::Order(order.order_no.clone());
        self.harness().charges().attempts_of(order.user_id, &subject).await.unwrap()
    }
}

fn reply_command(attempt: &ChargeAttempt, reply: ChargeReply) -> RecordChargeReply {
    RecordChargeReply {
        user_id: attempt.user_id,
        gateway_order_no: attempt.gateway_order_no.clone(),
        reply,
        look_at: attempt.look_at,
    }
}

fn created(charge: &Charge) -> ChargeReply {
    ChargeReply::Created { charge_id: charge.id.clone(), document: charge.document.clone() }
}

pub(super) fn close_command(attempt: &ChargeAttempt) -> CloseAttempt {
    CloseAttempt { user_id: attempt.user_id, gateway_order_no: attempt.gateway_order_no.clone() }
}

/// The first attempt is stored as planned, under the order's own number.
pub async fn the_first_attempt_has_the_number_of_its_order<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let command = case.charge_command(&order);
    let opened = harness.orders().open_charge(&command, open_order_charge).await.unwrap();
    let attempt = ChargeAttempt {
        user_id: order.user_id,
        gateway_order_no: GatewayOrderNo::of_order(&order.order_no),
        subject: ChargeSubject::Order(order.order_no.clone()),
        channel: Channel::Wx,
        amount: order.amount,
        status: AttemptStatus::Requested,
        charge_id: None,
        document: None,
        requested_at: command.at,
        expires_at: command.expires_at,
        look_at: command.look_at,
    };
    let plan = OpenChargePlan::Open(attempt.clone());
    assert_eq!(opened, OpenedCharge::Planned { order: order.clone(), plan });
    assert_eq!(case.attempts(&order).await, [attempt]);
}

/// As soon as an attempt is stored, whoever hears of its number finds whose it is.
pub async fn a_new_attempt_is_routed_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let number = GatewayOrderNo::of_order(&order.order_no);
    assert_eq!(harness.charges().find_route(&number).await.unwrap(), None);
    let attempt = case.attempt(&order).await;
    let route = ChargeRoute { user_id: order.user_id, gateway_order_no: number.clone(), subject: attempt.subject };
    assert_eq!(harness.charges().find_route(&number).await.unwrap(), Some(route));
    let further = case.attempt_by(&order, Channel::Alipay).await;
    let route = harness.charges().find_route(&further.gateway_order_no).await.unwrap().unwrap();
    assert_eq!(route.subject, ChargeSubject::Order(order.order_no));
}

/// While the gateway's answer is missing, the same attempt is given again and none is added.
pub async fn an_attempt_without_an_answer_is_asked_for_again<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let plan = case.planned(&case.charge_command(&order)).await;
    assert_eq!(plan, OpenChargePlan::AskAgain(attempt.clone()));
    assert_eq!(case.attempts(&order).await, [attempt]);
}

/// The open charge of the same channel is given again, with its document byte for byte.
pub async fn an_open_charge_is_used_again<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let (open, charge) = case.open(&attempt).await;
    let expected = ChargeAttempt {
        status: AttemptStatus::Open,
        charge_id: Some(charge.id.clone()),
        document: Some(charge.document.clone()),
        ..attempt
    };
    assert_eq!(open, expected);
    assert_eq!(case.planned(&case.charge_command(&order)).await, OpenChargePlan::Reuse(expected.clone()));
    assert_eq!(case.attempts(&order).await, [expected]);
}

/// Another channel, or an attempt that ran out, makes a further attempt under the drawn number; all
/// of them are listed, oldest first.
pub async fn a_further_attempt_has_a_number_of_its_own<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let (first, _) = case.open(&case.attempt(&order).await).await;
    let other_channel = OpenOrderCharge { channel: Channel::Alipay, at: case.minute(2), ..case.charge_command(&order) };
    let OpenChargePlan::Open(second) = case.planned(&other_channel).await else {
        return assert_eq!("no attempt", "another channel");
    };
    assert_eq!(second.gateway_order_no, other_channel.candidate);
    let later = OpenOrderCharge { at: first.expires_at, expires_at: case.minute(50), ..case.charge_command(&order) };
    let OpenChargePlan::Open(third) = case.planned(&later).await else {
        return assert_eq!("no attempt", "the first ran out");
    };
    assert_eq!(third.gateway_order_no, later.candidate);
    assert_eq!(case.attempts(&order).await, [first, second, third]);
}

/// A drawn number that anybody has is not given to a second attempt, and nothing is written.
pub async fn a_taken_attempt_number_is_answered_as_taken<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, foreign) = (case.order(case.user().await.id, 1).await, case.order(case.user().await.id, 1).await);
    let (first, taken) = (case.attempt(&order).await, case.attempt(&foreign).await);
    let command = OpenOrderCharge {
        channel: Channel::Alipay,
        candidate: taken.gateway_order_no.clone(),
        ..case.charge_command(&order)
    };
    let answer = harness.orders().open_charge(&command, open_order_charge).await.unwrap();
    assert_eq!(answer, OpenedCharge::NumberTaken);
    assert_eq!(case.attempts(&order).await, [first]);
    let route = harness.charges().find_route(&taken.gateway_order_no).await.unwrap().unwrap();
    assert_eq!(route.user_id, foreign.user_id);
}

/// A refused attempt stays refused, and the next one is a further attempt.
pub async fn a_refused_charge_is_recorded<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let refused = case.record(&attempt, ChargeReply::Refused).await;
    assert_eq!(refused, ChargeAttempt { status: AttemptStatus::Refused, ..attempt });
    let command = case.charge_command(&order);
    let OpenChargePlan::Open(next) = case.planned(&command).await else {
        return assert_eq!("no attempt", "the first was refused");
    };
    assert_eq!(next.gateway_order_no, command.candidate);
    assert_eq!(case.attempts(&order).await, [refused, next]);
}

/// The callback was faster than the reply: the attempt stays paid and learns nothing wrong.
pub async fn a_reply_after_the_confirmation_keeps_the_attempt_paid<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let charge = case.charge(&attempt);
    case.confirm(&order, &attempt, &charge).await;
    let paid = ChargeAttempt {
        status: AttemptStatus::Paid,
        charge_id: Some(charge.id.clone()),
        document: Some(charge.document.clone()),
        ..attempt.clone()
    };
    assert_eq!(case.record(&attempt, created(&charge)).await, paid);
    let another = case.charge(&attempt);
    assert_eq!(case.record(&attempt, created(&another)).await, paid);
    assert_eq!(case.record(&attempt, ChargeReply::Refused).await, paid);
    assert_eq!(case.attempts(&order).await, [paid]);
    case.audit().await;
}

/// A reply to an attempt that the user does not have contradicts the rules.
pub async fn a_reply_to_no_attempt_is_corrupt<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    for stranger in [
        ChargeAttempt { gateway_order_no: case.attempt_no(), ..attempt.clone() },
        ChargeAttempt { user_id: case.user().await.id, ..attempt.clone() },
    ] {
        let command = reply_command(&stranger, ChargeReply::Refused);
        let failed = harness.charges().record_reply(&command, record_charge_reply).await;
        assert_eq!(failed.unwrap_err().fault(), StoreFault::Corrupt);
    }
    assert_eq!(case.attempts(&order).await, [attempt]);
}

/// Paid, cancelled, expired or of an owned course: no attempt is stored.
pub async fn an_order_that_cannot_be_paid_opens_no_charge<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let course = case.course(100).await;
    let paid = case.order_of(buyer, std::slice::from_ref(&course)).await;
    let owned = case.order_of(buyer, std::slice::from_ref(&course)).await;
    let (cancelled, expired) = (case.order(buyer, 100).await, case.order(buyer, 100).await);
    case.pay(&paid).await.unwrap();
    harness.orders().cancel(&case.cancel_command(&cancelled), cancel_order).await.unwrap();
    for (order, at, expected) in [
        (&paid, case.minute(5), PayRefusal::OrderPaid),
        (&owned, case.minute(5), PayRefusal::CourseOwned { name: course.name }),
        (&cancelled, case.minute(5), PayRefusal::OrderCancelled),
        (&expired, expired.expires_at, PayRefusal::OrderClosed),
    ] {
        let command = OpenOrderCharge { at, ..case.charge_command(order) };
        let answer = harness.orders().open_charge(&command, open_order_charge).await;
        assert_eq!(refusal_of(answer), expected);
        assert_eq!(case.attempts(order).await, []);
    }
}

/// Closing is for ever, but for the money that comes all the same; a paid attempt is not closed.
pub async fn a_closed_attempt_stays_closed_and_a_paid_one_paid<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let closed = ChargeAttempt { status: AttemptStatus::Closed, ..attempt.clone() };
    for _ in 0..2 {
        let answer = harness.charges().close_attempt(&close_command(&attempt), close_attempt).await.unwrap();
        assert_eq!(answer, closed);
    }
    assert_eq!(case.attempts(&order).await, [closed]);
    let (late, charge) = case.open(&attempt).await;
    assert_eq!((late.status, late.charge_id.as_ref()), (AttemptStatus::Open, Some(&charge.id)), "it can be paid");
    case.confirm(&order, &attempt, &charge).await;
    let kept = harness.charges().close_attempt(&close_command(&attempt), close_attempt).await.unwrap();
    assert_eq!(kept.status, AttemptStatus::Paid);
    case.audit().await;
}

/// A charge's id finds the attempt it answered, for the attempt's user and nobody else.
pub async fn a_charge_finds_the_attempt_of_its_own_user_only<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let find = async |user_id, charge_id: &ChargeId| harness.charges().find_attempt(user_id, charge_id).await.unwrap();
    let (open, charge) = case.open(&attempt).await;
    assert_eq!(find(order.user_id, &charge.id).await, Some(open));
    assert_eq!(find(case.user().await.id, &charge.id).await, None);
    assert_eq!(find(order.user_id, &case.charge_id()).await, None);
}
