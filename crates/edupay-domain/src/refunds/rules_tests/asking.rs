//! What may be asked for, what the same number again means, and what a refusal of the gateway leaves.

use super::*;
use crate::events::EventBody;

#[test]
fn never_more_is_asked_for_than_is_left_and_never_nothing() {
    let left = |left| Err(RefundRefusal::AboveLeft { left: fen(left) });
    for (before, amount, expected) in [
        (None, Some(100), Ok(100)),
        (None, None, Ok(100)),
        (None, Some(101), left(100)),
        (None, Some(0), Err(RefundRefusal::AmountNotPositive)),
        (Some(40), Some(60), Ok(60)),
        (Some(40), Some(61), left(60)),
        (Some(40), None, Ok(60)),
        (Some(100), Some(1), left(0)),
        (Some(100), None, left(0)),
        (Some(100), Some(0), Err(RefundRefusal::AmountNotPositive)),
    ] {
        let mut world = World::new(100, by_charge());
        if let Some(before) = before {
            world.ask(&wish("R-0", Some(before), RefundTarget::Source)).unwrap();
        }
        let asked = world.ask(&wish("R-1", amount, RefundTarget::Source)).map(|refund| refund.amount);
        assert_eq!(asked, expected.map(fen), "{before:?} {amount:?}");
    }
}

#[test]
fn the_same_number_is_the_same_refund_only_with_the_same_content() {
    let first = wish("R-1", Some(40), RefundTarget::Source);
    let reason = RefundReason::parse("another reason").unwrap();
    assert_eq!(reason.as_str(), "another reason");
    for (again, is_the_same) in [
        (first.clone(), true),
        // Who does not say how much does not say something else.
        (RequestRefund { amount: None, ..first.clone() }, true),
        (RequestRefund { by: user(9), at: at(99), ..first.clone() }, true),
        (RequestRefund { amount: Some(fen(41)), ..first.clone() }, false),
        (RequestRefund { to: RefundTarget::Balance, ..first.clone() }, false),
        (RequestRefund { reason, ..first.clone() }, false),
    ] {
        let mut world = World::new(100, by_charge());
        let known = world.ask(&first).unwrap();
        let answer = request_refund(&again, &world.named(&number("R-1")));
        let expected = if is_the_same { Ok(RefundingPlan::Keep(known)) } else { Err(RefundRefusal::RefundNoTaken) };
        assert_eq!(answer, expected, "{again:?}");
    }
    let mut world = World::new(100, by_charge());
    let other = ChargeSubject::Order(OrderNo::parse("2").unwrap());
    world.ask(&RequestRefund { subject: other, ..first.clone() }).unwrap();
    assert_eq!(world.ask(&first), Err(RefundRefusal::RefundNoTaken), "it is of another order");
    let of_gateway = RequestRefund { refund_no: number("gw-1"), ..first };
    assert_eq!(world.ask(&of_gateway), Err(RefundRefusal::RefundNoReserved));
}

fn refuse(refund_no: &str) -> FailRefund {
    FailRefund {
        user_id: user(1),
        subject: subject(),
        refund_no: number(refund_no),
        failure: "refund_refused".to_owned(),
        at: at(30),
        event_id: EventId::from_random(9),
    }
}

#[test]
fn a_refund_that_failed_is_tried_again_also_the_other_way() {
    for to in RefundTarget::ALL {
        let mut world = World::new(100, by_charge());
        world.ask(&wish("R-1", Some(60), RefundTarget::Source)).unwrap();
        let asked = world.claim("R-1");
        let plan = fail_refund(&refuse("R-1"), &world.named(&number("R-1"))).unwrap();
        let failed = world.carry(plan);
        let (stage, failure) = (RefundStage::Failed, Some("refund_refused".to_owned()));
        assert_eq!(failed, Refund { stage, failure, settled_at: Some(at(30)), ..asked });
        // What it had reserved is free, and may be taken meanwhile.
        world.ask(&wish("R-2", Some(41), RefundTarget::Balance)).unwrap();
        let again = RequestRefund { at: at(50), ..wish("R-1", Some(60), to) };
        assert_eq!(world.ask(&again), Err(RefundRefusal::AboveLeft { left: fen(59) }));
        let mut world = World::new(100, by_charge());
        world.put(failed.clone());
        let retried = world.ask(&again).unwrap();
        let expected = match to {
            RefundTarget::Source => (RefundStage::Requested, Some(charge_id()), None),
            RefundTarget::Balance => (RefundStage::Succeeded, None, Some(at(50))),
        };
        assert_eq!((retried.stage, retried.charge_id, retried.settled_at), expected);
        assert_eq!((retried.failure, retried.refund_id, retried.asked_at), (None, None, None));
        assert_eq!((retried.requested_at, retried.next_try_at), (failed.requested_at, at(50)));
        let other = RequestRefund { amount: Some(fen(59)), ..again };
        let mut world = World::new(100, by_charge());
        world.put(failed);
        assert_eq!(world.ask(&other), Err(RefundRefusal::RefundNoTaken), "the amount stays");
    }
}

#[test]
fn only_a_refund_of_which_the_gateway_said_nothing_is_refused() {
    for stage in RefundStage::ALL {
        for refund_id in [None, Some(RefundId::parse("re_1").unwrap())] {
            let mut world = World::new(100, by_charge());
            let refund = world.ask(&wish("R-1", Some(40), RefundTarget::Source)).unwrap();
            let refund = Refund { stage, refund_id: refund_id.clone(), ..refund };
            world.put(refund.clone());
            let plan = fail_refund(&refuse("R-1"), &world.named(&number("R-1"))).unwrap();
            if stage == RefundStage::Requested && refund_id.is_none() {
                let RefundingPlan::Change(change) = plan else { panic!("{plan:?}") };
                assert_eq!(change.refund.stage, RefundStage::Failed);
                assert!(matches!(change.events[0].body, EventBody::RefundFailed { .. }));
            } else {
                assert_eq!(plan, RefundingPlan::Keep(refund), "{stage:?} {refund_id:?}");
            }
        }
    }
    let world = World::new(100, by_charge());
    assert_eq!(fail_refund(&refuse("R-1"), &world.named(&number("R-1"))), None);
    let mut world = World::new(100, by_charge());
    world.ask(&wish("R-1", Some(40), RefundTarget::Source)).unwrap();
    let foreign = FailRefund { subject: ChargeSubject::Order(OrderNo::parse("2").unwrap()), ..refuse("R-1") };
    assert_eq!(fail_refund(&foreign, &world.named(&number("R-1"))), None);
}

#[test]
fn the_gateways_word_is_kept_with_the_refund() {
    let mut world = World::new(100, by_charge());
    world.ask(&wish("R-1", Some(40), RefundTarget::Source)).unwrap();
    let asked = world.claim("R-1");
    let refund_id = Some(RefundId::parse("re_1").unwrap());
    let pending = world.tell(&word("re_1", 40, RefundStatus::Pending, Some("R-1"))).unwrap();
    let (stage, next_try_at) = (RefundStage::Pending, at(45));
    assert_eq!(pending, Refund { stage, next_try_at, refund_id: refund_id.clone(), ..asked.clone() });
    for (status, stage, failure) in [
        (RefundStatus::Succeeded, RefundStage::Succeeded, None),
        (RefundStatus::Failed, RefundStage::Failed, Some("refund_failed".to_owned())),
    ] {
        let mut world = world.clone();
        let settled = world.tell(&word("re_1", 40, status, Some("R-1"))).unwrap();
        let settled_at = Some(at(30));
        assert_eq!(settled, Refund { stage, failure, settled_at, ..pending.clone() });
    }
    let mut says_why = word("re_1", 40, RefundStatus::Failed, Some("R-1"));
    says_why.refund.failure = Some("balance too low".to_owned());
    assert_eq!(world.tell(&says_why).unwrap().failure, Some("balance too low".to_owned()));
    // The next try has another name there. What is told of the first one is no news.
    world.ask(&wish("R-1", Some(40), RefundTarget::Source)).unwrap();
    let second = world.claim("R-1");
    assert_eq!(world.tell(&word("re_1", 40, RefundStatus::Succeeded, Some("R-1"))), Some(second));
    assert_eq!(world.view.wallet.entries, 0);
}

#[test]
fn a_refund_of_nothing_or_of_another_charge_is_not_booked() {
    let mut world = World::new(100, by_charge());
    assert_eq!(world.tell(&word("re_1", 0, RefundStatus::Succeeded, None)), None);
    let mut other = word("re_1", 40, RefundStatus::Succeeded, None);
    other.refund.charge_id = ChargeId::parse("ch_2").unwrap();
    assert_eq!(world.tell(&other), None);
    world.view.paid = None;
    assert_eq!(world.tell(&word("re_1", 40, RefundStatus::Succeeded, None)), None);
}
