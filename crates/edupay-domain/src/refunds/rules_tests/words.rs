//! What each word of the gateway makes of each stage.

use super::*;

/// A refund of 40 of 100 fen in some stage.
fn world(stage: RefundStage) -> World {
    let mut world = World::new(100, by_charge());
    world.ask(&wish("R-1", Some(40), RefundTarget::Source)).unwrap();
    let refund = world.claim("R-1");
    let settled_at = Some(at(25)).filter(|_| !stage.is_at_gateway() && stage != RefundStage::AwaitingApproval);
    let failure = Some("x".to_owned()).filter(|_| stage == RefundStage::Failed);
    world.put(Refund { stage, settled_at, failure, ..refund });
    world
}

#[test]
fn only_a_refund_that_waits_for_an_answer_is_answered() {
    use RefundStage::{AwaitingApproval, Failed, Pending, Rejected, Requested, Succeeded};
    for (stage, answered) in [
        (Requested, true),
        // Known by the gateway's id from then on, and this is another id.
        (Pending, false),
        (Succeeded, false),
        (Failed, false),
        (Rejected, false),
        (AwaitingApproval, false),
    ] {
        for (status, expected) in
            [(RefundStatus::Pending, Pending), (RefundStatus::Succeeded, Succeeded), (RefundStatus::Failed, Failed)]
        {
            let mut world = world(stage);
            let told = world.tell(&word("re_1", 40, status, Some("R-1")));
            if answered {
                let refund = told.unwrap();
                assert_eq!((refund.refund_no.as_str(), refund.stage), ("R-1", expected), "{stage:?} {status:?}");
            } else {
                // It was made at the gateway, and is booked only when it has succeeded.
                let made_there = told.map(|refund| (refund.origin, refund.stage));
                let booked = (status == RefundStatus::Succeeded).then_some((RefundOrigin::Gateway, Succeeded));
                assert_eq!(made_there, booked, "{stage:?} {status:?}");
                assert_eq!(world.named(&number("R-1")).named.unwrap().stage, stage);
            }
        }
    }
}

/// Booked as a refund of its own it would hide ours, which would be asked for again.
#[test]
fn a_callback_that_contradicts_a_refund_that_waits_books_nothing() {
    let told = |stage, amount, heard| {
        let word = word("re_1", amount, RefundStatus::Succeeded, Some("R-1"));
        world(stage).tell(&RecordGatewayRefund { heard, ..word }).map(|refund| refund.origin)
    };
    for amount in [1, 39, 41] {
        assert_eq!(told(RefundStage::Requested, amount, RefundHeard::Callback), None, "{amount}");
        // What the gateway lists is there.
        assert_eq!(told(RefundStage::Requested, amount, RefundHeard::Listing), Some(RefundOrigin::Gateway), "{amount}");
        // One that waits for nothing can't be hidden.
        for stage in [RefundStage::Pending, RefundStage::Succeeded, RefundStage::Failed] {
            assert_eq!(told(stage, amount, RefundHeard::Callback), Some(RefundOrigin::Gateway), "{stage:?} {amount}");
        }
    }
}

#[test]
fn an_answer_is_told_from_a_strangers_refund() {
    let ours = |word: &RecordGatewayRefund| {
        let mut world = world(RefundStage::Requested);
        world.tell(word).is_some_and(|refund| refund.refund_no == number("R-1"))
    };
    let answer = word("re_1", 40, RefundStatus::Succeeded, Some("R-1"));
    assert!(ours(&answer));
    assert!(!ours(&word("re_1", 41, RefundStatus::Succeeded, Some("R-1"))), "another amount");
    assert!(!ours(&word("re_1", 40, RefundStatus::Succeeded, Some("R-2"))), "another number");
    assert!(!ours(&word("re_1", 40, RefundStatus::Succeeded, None)), "no number");
    let mut other_charge = answer.clone();
    other_charge.refund.charge_id = ChargeId::parse("ch_2").unwrap();
    assert!(!ours(&other_charge), "another charge");
    // A gateway that forgets the metadata: the reply to our request is ours all the same.
    let mut bare = word("re_1", 40, RefundStatus::Succeeded, None);
    bare.heard = RefundHeard::Answer(number("R-1"));
    assert!(ours(&bare));
    let callback = |word| RecordGatewayRefund { heard: RefundHeard::Callback, ..word };
    assert!(ours(&callback(answer.clone())));
    // One that was never asked for has no answer.
    let mut world = World::new(100, by_charge());
    world.ask(&wish("R-1", Some(40), RefundTarget::Source)).unwrap();
    assert_eq!(world.tell(&answer).unwrap().origin, RefundOrigin::Gateway);
}

#[test]
fn news_are_told_once() {
    let mut world = world(RefundStage::Requested);
    for (status, stage) in [
        (RefundStatus::Pending, RefundStage::Pending),
        (RefundStatus::Pending, RefundStage::Pending),
        (RefundStatus::Succeeded, RefundStage::Succeeded),
        (RefundStatus::Succeeded, RefundStage::Succeeded),
        (RefundStatus::Failed, RefundStage::Succeeded),
    ] {
        assert_eq!(world.tell(&word("re_1", 40, status, Some("R-1"))).unwrap().stage, stage);
    }
    assert_eq!(world.view.wallet.entries, 1);
}

#[test]
fn a_claim_is_granted_for_what_is_due_at_the_gateway() {
    use RefundStage::{Pending, Requested};
    for stage in RefundStage::ALL {
        let refund = world(stage).named(&number("R-1")).named.unwrap();
        let claim = |refund: &Refund, second| {
            let (at, until) = (at(second), at(second + 60));
            claim_refund_work(&ClaimRefundWork { user_id: user(1), refund_no: number("R-1"), at, until }, refund)
        };
        assert_eq!(claim(&refund, 79), ClaimedRefund::Denied, "{stage:?} before its time");
        let granted = matches!(stage, Requested | Pending);
        let claimed = Refund { next_try_at: at(140), ..refund.clone() };
        let expected = if granted { ClaimedRefund::LookFirst(claimed) } else { ClaimedRefund::Denied };
        assert_eq!(claim(&refund, 80), expected, "{stage:?}");
        let unasked = Refund { asked_at: None, ..refund };
        assert_eq!(matches!(claim(&unasked, 80), ClaimedRefund::Ask(_)), granted, "{stage:?}");
    }
}
