//! Claims about attempts: opened, routed, answered, closed.

use super::case::refusal_of;
use super::{Case, StoreHarness};
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::orders::{
    OpenChargePlan, OpenOrderCharge, OpenedCharge, Order, PayRefusal, cancel_order, close_order, open_order_charge,
};
use edupay_domain::payments::{
    AttemptStatus, Awaited, Channel, Charge, ChargeAttempt, ChargeReply, ChargeRoute, ChargeSubject, ClaimLook,
    CloseAttempt, LookWay, RecordChargeReply, ScheduleLook, claim_look, close_attempt, record_charge_reply,
    schedule_look,
};
use edupay_domain::store::StoreFault;
use futures_util::future::join_all;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    async fn record(&self, attempt: &ChargeAttempt, reply: ChargeReply) -> ChargeAttempt {
        let command = reply_command(attempt, reply);
        self.harness().charges().record_reply(&command, record_charge_reply).await.unwrap()
    }

    /// The gateway has the charge.
    async fn open(&self, attempt: &ChargeAttempt) -> (ChargeAttempt, Charge) {
        let charge = self.charge(attempt);
        (self.record(attempt, created(&charge)).await, charge)
    }

    async fn attempts(&self, order: &Order) -> Vec<ChargeAttempt> {
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

fn look_command<H: StoreHarness + ?Sized>(case: &Case<'_, H>, attempt: &ChargeAttempt, minute: i64) -> ClaimLook {
    ClaimLook {
        user_id: attempt.user_id,
        gateway_order_no: attempt.gateway_order_no.clone(),
        at: case.minute(minute),
        until: case.minute(minute.saturating_add(10)),
    }
}

fn created(charge: &Charge) -> ChargeReply {
    ChargeReply::Created { charge_id: charge.id.clone(), document: charge.document.clone() }
}

fn close_command(attempt: &ChargeAttempt) -> CloseAttempt {
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

/// Due are unfinished attempts whose look has come, and at once those whose order was paid, cancelled
/// or closed; never those that are done.
pub async fn attempts_are_due_by_time_and_when_their_order_ends<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let (waiting, paid, cancelled, ran_out, done) = (
        case.order(buyer, 1).await,
        case.order(buyer, 2).await,
        case.order(buyer, 3).await,
        case.order(buyer, 5).await,
        case.order(buyer, 4).await,
    );
    let due = async |minutes| {
        let all = case.due_attempts(case.minute(minutes)).await;
        let numbers =
            all.into_iter().filter(|attempt| attempt.user_id == buyer).map(|attempt| attempt.gateway_order_no);
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort();
        numbers
    };
    // Each is to be looked at in minute 2; a claim puts that off to minute 12.
    let mut all = Vec::new();
    for order in [&waiting, &paid, &cancelled, &ran_out] {
        all.push(case.attempt(order).await);
    }
    let (closed, refused) = (case.attempt(&done).await, case.attempt_by(&done, Channel::Alipay).await);
    harness.charges().close_attempt(&close_command(&closed), close_attempt).await.unwrap();
    case.record(&refused, ChargeReply::Refused).await;
    assert_eq!(due(1).await, []);
    assert_eq!(due(2).await.len(), 4);
    for attempt in &all {
        let claimed = harness.charges().claim_look(&look_command(&case, attempt, 2), claim_look).await.unwrap();
        assert_eq!(claimed.map(|(_, awaited)| awaited), Some(Awaited::Yes));
    }
    assert_eq!(due(11).await, []);

    case.pay(&paid).await.unwrap();
    harness.orders().cancel(&case.cancel_command(&cancelled), cancel_order).await.unwrap();
    case.pay(&done).await.unwrap();
    assert_eq!(due(11).await.len(), 2, "what ended is due at once");
    harness.orders().close(&case.close_command(&ran_out), close_order).await.unwrap();
    assert_eq!(due(61).await.len(), 4);
    let one = harness.charges().due_attempts(LookWay::ByNumber, case.minute(61), 1).await.unwrap();
    assert_eq!(one.len(), 1);
    for (attempt, expected) in all.iter().zip([Awaited::Yes, Awaited::No, Awaited::No, Awaited::No]) {
        let claimed = harness.charges().claim_look(&look_command(&case, attempt, 61), claim_look).await.unwrap();
        assert_eq!(claimed.map(|(_, awaited)| awaited), Some(expected));
    }
}

/// Paid from the balance or by a charge, cancelled, or closed: in the same transaction the order's
/// unfinished attempts are due, however far off their next look was; finished ones stay as they were,
/// and so do the attempts of another order.
pub async fn an_order_that_no_longer_waits_makes_its_attempts_due_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let bystander = case.order(buyer, 1).await;
    case.attempt(&bystander).await;
    for (way, minutes) in [("balance", 2), ("cancel", 3), ("charge", 4), ("close", 60)] {
        let order = case.order(buyer, 100).await;
        let refused = case.attempt(&order).await;
        case.record(&refused, ChargeReply::Refused).await;
        let paying = case.open(&case.attempt_by(&order, Channel::Alipay).await).await;
        case.attempt_by(&order, Channel::Wx).await;
        for attempt in case.attempts(&order).await {
            let far_off = ClaimLook { until: case.minute(6_000), ..look_command(&case, &attempt, 2) };
            let claimed = harness.charges().claim_look(&far_off, claim_look).await.unwrap();
            assert_eq!(claimed.is_some(), attempt.status != AttemptStatus::Refused);
        }
        let (before, others) = (case.attempts(&order).await, case.attempts(&bystander).await);
        match way {
            "balance" => drop(case.pay(&order).await.unwrap()),
            "cancel" => drop(harness.orders().cancel(&case.cancel_command(&order), cancel_order).await.unwrap()),
            "charge" => drop(case.confirm(&order, &paying.0, &paying.1).await),
            _ => drop(harness.orders().close(&case.close_command(&order), close_order).await.unwrap()),
        }
        let after = case.attempts(&order).await;
        assert_eq!(after.len(), 3);
        for (before, after) in before.iter().zip(&after) {
            match after.status {
                AttemptStatus::Refused => assert_eq!(after, before, "{way}"),
                AttemptStatus::Paid => assert_eq!((way, &after.charge_id), ("charge", &before.charge_id)),
                _ => assert_eq!(*after, ChargeAttempt { look_at: case.minute(minutes), ..before.clone() }, "{way}"),
            }
        }
        let due = case.due_attempts(case.minute(minutes)).await;
        let due = due.iter().filter(|attempt| attempt.user_id == buyer && attempt.subject == refused.subject);
        assert_eq!(due.count(), if way == "charge" { 1 } else { 2 }, "{way}");
        assert_eq!(case.attempts(&bystander).await, others, "{way}");
    }
    case.audit().await;
}

/// Attempts whose charge is known and those that are looked for by their number have lists of their own, so
/// that however many of the one kind are due, the other is not kept waiting.
pub async fn attempts_are_due_in_the_way_that_they_are_looked_at<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let order = case.order(buyer, 1).await;
    let (known, unknown) = (case.attempt(&order).await, case.attempt_by(&order, Channel::Alipay).await);
    let (known, _) = case.open(&known).await;
    let due = async |way| {
        let due = harness.charges().due_attempts(way, case.minute(60), 100_000).await.unwrap();
        assert!(due.iter().all(|attempt| LookWay::of(attempt) == way));
        due.into_iter().filter(|attempt| attempt.user_id == buyer).collect::<Vec<_>>()
    };
    assert_eq!(due(LookWay::ByCharge).await, [known]);
    assert_eq!(due(LookWay::ByNumber).await, [unknown]);
}

/// Of many workers one may look; then nobody until the next look.
pub async fn a_look_is_claimed_by_one_worker<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let answers = join_all((0..8).map(|_| {
        let (charges, command) = (harness.charges(), look_command(&case, &attempt, 2));
        tokio::spawn(async move { charges.claim_look(&command, claim_look).await.unwrap().is_some() })
    }))
    .await;
    assert_eq!(answers.iter().filter(|granted| matches!(granted, Ok(true))).count(), 1, "{answers:?}");
    let claim = async |minute| {
        harness.charges().claim_look(&look_command(&case, &attempt, minute), claim_look).await.unwrap().is_some()
    };
    assert!(!claim(11).await);
    assert!(claim(12).await);
}

/// After a look at which the gateway answered the next one is due by the schedule, if nothing else made it due
/// meanwhile.
pub async fn a_look_that_was_answered_plans_the_next_one<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for is_cancelled in [false, true] {
        let order = case.order(case.user().await.id, 100).await;
        let attempt = case.attempt(&order).await;
        let claim = look_command(&case, &attempt, 2);
        let (claimed, _) = harness.charges().claim_look(&claim, claim_look).await.unwrap().unwrap();
        if is_cancelled {
            harness.orders().cancel(&case.cancel_command(&order), cancel_order).await.unwrap();
        }
        let command = ScheduleLook {
            user_id: attempt.user_id,
            gateway_order_no: attempt.gateway_order_no.clone(),
            claimed_until: claimed.look_at,
            at: case.minute(3),
        };
        let next = harness.charges().schedule_look(&command, schedule_look).await.unwrap();
        // Requested in minute 1: five minutes later, or at once when its order was cancelled in minute 3.
        let look_at = case.minute(if is_cancelled { 3 } else { 6 });
        assert_eq!(next, ChargeAttempt { look_at, ..attempt.clone() });
        assert_eq!(case.attempts(&order).await, [next]);
    }
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
