//! Who may approve and reject in which stage, and what a decision leaves behind.

use super::*;
use crate::events::EventBody;

/// A refund of 40 of 100 fen in some stage; in those that follow an approval, staff 9 has approved.
fn world(stage: RefundStage) -> World {
    let mut world = World::new(100, by_charge());
    let command = RequestRefund { approval_above: Some(fen(1)), ..wish("R-1", Some(40), RefundTarget::Source) };
    let refund = world.ask(&command).unwrap();
    let decided_by = (stage != RefundStage::AwaitingApproval).then(|| user(9));
    world.put(Refund { stage, decided_by, ..refund });
    world
}

fn decide(by: i64) -> DecideRefund {
    DecideRefund {
        user_id: user(1),
        subject: subject(),
        refund_no: number("R-1"),
        by: user(by),
        at: at(25),
        event_id: EventId::from_random(8),
    }
}

#[test]
fn a_refund_is_approved_once_by_somebody_else_and_a_repeat_is_the_same_success() {
    use RefundStage::{AwaitingApproval, Rejected};
    for stage in RefundStage::ALL {
        let view = world(stage).named(&number("R-1"));
        let refund = view.named.clone().unwrap();
        for by in [8, 9, 10] {
            let plan = approve_refund(&decide(by), &view);
            let expected = match (stage, by) {
                (AwaitingApproval, 8) => Err(DecisionRefusal::OwnRequest),
                (AwaitingApproval, _) => {
                    let (stage, decided_by) = (RefundStage::Requested, Some(user(by)));
                    Ok(Refund { stage, decided_by, next_try_at: at(25), ..refund.clone() })
                }
                (Rejected, _) => Err(DecisionRefusal::NotAwaiting),
                (_, 9) => Ok(refund.clone()),
                _ => Err(DecisionRefusal::NotAwaiting),
            };
            assert_eq!(plan.map(|plan| plan.refund().clone()), expected, "{stage:?} {by}");
        }
    }
    let twice = approve_refund(&decide(9), &world(RefundStage::Requested).named(&number("R-1"))).unwrap();
    assert!(matches!(twice, RefundingPlan::Keep(_)), "{twice:?}");
}

#[test]
fn only_a_refund_that_waits_is_rejected_and_then_reserves_nothing() {
    use RefundStage::{AwaitingApproval, Rejected};
    for stage in RefundStage::ALL {
        let mut world = world(stage);
        let view = world.named(&number("R-1"));
        let refund = view.named.clone().unwrap();
        let plan = reject_refund(&decide(8), &view);
        match stage {
            AwaitingApproval => {
                let Ok(RefundingPlan::Change(change)) = plan else { panic!("{plan:?}") };
                let (decided_by, settled_at) = (Some(user(8)), Some(at(25)));
                assert_eq!(change.refund, Refund { stage: Rejected, decided_by, settled_at, ..refund });
                assert_eq!((&change.posted, change.totals.unwrap().reserved), (&None, Money::ZERO));
                assert!(matches!(change.events[0].body, EventBody::RefundRejected { .. }));
                world.carry(RefundingPlan::Change(change));
                assert_eq!(world.ask(&wish("R-2", None, RefundTarget::Source)).unwrap().amount, fen(100));
            }
            Rejected => assert_eq!(plan, Ok(RefundingPlan::Keep(refund))),
            _ => assert_eq!(plan, Err(DecisionRefusal::NotAwaiting), "{stage:?}"),
        }
    }
    let foreign = DecideRefund { subject: ChargeSubject::Order(OrderNo::parse("2").unwrap()), ..decide(8) };
    let view = world(AwaitingApproval).named(&number("R-1"));
    assert_eq!(reject_refund(&foreign, &view), Err(DecisionRefusal::NotFound));
}

#[test]
fn what_was_approved_into_the_balance_is_there_at_once() {
    let mut world = World::new(100, by_charge());
    let command = RequestRefund { approval_above: Some(fen(1)), ..wish("R-1", None, RefundTarget::Balance) };
    assert_eq!(world.ask(&command).unwrap().stage, RefundStage::AwaitingApproval);
    assert!(world.owned && world.view.wallet.cash.is_zero());
    let plan = approve_refund(&decide(9), &world.named(&number("R-1"))).unwrap();
    let refund = world.carry(plan);
    assert_eq!((refund.stage, refund.settled_at), (RefundStage::Succeeded, Some(at(25))));
    assert_eq!((world.view.wallet.cash, world.owned), (fen(100), false));
}
