//! Claims about looking after attempts: when they are due, who looks, when again.

use super::charges::close_command;
use super::{Case, StoreHarness};
use edupay_domain::orders::{cancel_order, close_order};
use edupay_domain::payments::{
    AttemptStatus, Awaited, Channel, ChargeAttempt, ChargeReply, ClaimLook, LookWay, ScheduleLook, claim_look,
    close_attempt, schedule_look,
};
use futures_util::future::join_all;

fn look_command<H: StoreHarness + ?Sized>(case: &Case<'_, H>, attempt: &ChargeAttempt, minute: i64) -> ClaimLook {
    ClaimLook {
        user_id: attempt.user_id,
        gateway_order_no: attempt.gateway_order_no.clone(),
        at: case.minute(minute),
        until: case.minute(minute.saturating_add(10)),
    }
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
