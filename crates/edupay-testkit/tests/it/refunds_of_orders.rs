//! Refunds at a gateway that falls silent, refuses, refunds by itself: whatever is lost on the way, one
//! refund there is one refund booked.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::clock::Clock;
use edupay_domain::ids::{ChargeId, RefundNo, UserId};
use edupay_domain::orders::{Order, OrderState};
use edupay_domain::payments::{
    Channel, ChargeSubject, EventOutcome, GatewayRefund, MockPaymentGateway, Postponement, RefundHeard, RefundStatus,
};
use edupay_domain::refunds::{
    ClaimRefundWork, ClaimedRefund, Refund, RefundOrigin, RefundPolicy, RefundReason, RefundService, RefundStage,
    RefundStore, RefundTarget, Refunds, WantedRefund, claim_refund_work,
};
use edupay_domain::schedule::leased;
use edupay_domain::top_ups::TopUpWish;
use edupay_testkit::fixtures::fen;
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::ids::SeededIds;
use edupay_testkit::platform::{PAYER_IP, Platform};
use futures_util::FutureExt;
use std::sync::Arc;

/// An order of 99.00 that a charge paid.
async fn charged(platform: &Platform) -> (User, Order, ChargeId) {
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
    let charge_id = attempt.unwrap().charge_id.unwrap();
    let paid = platform.gateway.payer_pays(&charge_id).unwrap();
    platform.payments.confirm(&paid).await.unwrap();
    (buyer, order, charge_id)
}

fn subject(order: &Order) -> ChargeSubject {
    ChargeSubject::Order(order.order_no.clone())
}

fn staff() -> UserId {
    UserId::try_new(900).unwrap()
}

async fn ask(platform: &Platform, order: &Order, refund_no: &str, amount: Option<u32>, to: RefundTarget) -> Refund {
    let wanted = WantedRefund {
        refund_no: RefundNo::parse(refund_no).unwrap(),
        amount: amount.map(fen),
        to,
        reason: RefundReason::parse("课程取消").unwrap(),
    };
    platform.refunds.request(staff(), subject(order), wanted).await.unwrap()
}

async fn stage(platform: &Platform, order: &Order, refund_no: &str) -> RefundStage {
    let refunds = platform.refunds.of_subject(&subject(order)).await.unwrap().unwrap();
    refunds.iter().find(|refund| refund.refund_no.as_str() == refund_no).unwrap().stage
}

async fn state(platform: &Platform, order: &Order) -> OrderState {
    platform.orders.find(order.user_id, &order.order_no).await.unwrap().unwrap().state
}

/// Hands over every callback that the gateway has sent so far.
async fn hear(platform: &Platform) {
    for event in platform.gateway.events() {
        assert_eq!(platform.payments.receive(&event).await.unwrap(), EventOutcome::Processed);
    }
}

#[tokio::test]
async fn a_refund_is_asked_for_at_once_and_booked_when_it_has_succeeded() {
    let platform = Platform::new();
    let (_, order, charge_id) = charged(&platform).await;
    assert_eq!(ask(&platform, &order, "R-1", None, RefundTarget::Source).await.stage, RefundStage::Succeeded);
    assert!(matches!(state(&platform, &order).await, OrderState::Refunded(_)));
    let made = platform.gateway.refunds();
    assert_eq!((made.len(), &made[0].charge_id, made[0].amount), (1, &charge_id, fen(9_900)));
    hear(&platform).await;
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 0);
    assert_eq!(platform.gateway.calls(Call::CreateRefund), 1);
    platform.audit().await;
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_looked_for_and_not_made_again() {
    let platform = Platform::new();
    let (_, order, charge_id) = charged(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::LoseAnswer);
    let refund = ask(&platform, &order, "R-1", Some(4_000), RefundTarget::Source).await;
    assert_eq!(refund.stage, RefundStage::Requested);
    // Meanwhile somebody refunds as much by hand: it must not be taken for ours.
    platform.gateway.refund_by_hand(&charge_id, fen(4_000), None).unwrap();
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 0, "somebody may still be at work");
    platform.clock.step(TimeDelta::minutes(1));
    platform.gateway.fail_next(Call::ListRefunds, Fault::LoseRequest);
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().failed.len(), 1);
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 1);
    assert_eq!(platform.gateway.calls(Call::CreateRefund), 1);
    assert_eq!(stage(&platform, &order, "R-1").await, RefundStage::Succeeded);
    // Both were found in the list, each booked as what it is.
    let refunds = platform.refunds.of_subject(&subject(&order)).await.unwrap().unwrap();
    let ids: Vec<_> = refunds.iter().map(|refund| (refund.origin.code(), refund.refund_id.clone())).collect();
    let made: Vec<_> = platform.gateway.refunds().into_iter().map(|refund| Some(refund.id)).collect();
    assert!(ids.contains(&("staff", made[0].clone())) && ids.contains(&("gateway", made[1].clone())), "{ids:?}");
    hear(&platform).await;
    assert_eq!(platform.refunds.of_subject(&subject(&order)).await.unwrap().unwrap(), refunds);
    platform.audit().await;
}

/// One that stood still while the gateway listed: by then somebody else has it and is asking.
#[tokio::test]
async fn who_has_lost_the_lease_while_the_gateway_listed_asks_for_nothing() {
    let platform = Platform::new();
    let (_, order, _) = charged(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::LoseRequest);
    let refund = ask(&platform, &order, "R-1", Some(4_000), RefundTarget::Source).await;
    platform.clock.step(TimeDelta::minutes(1));
    let (store, clock) = (platform.store.clone(), platform.clock.clone());
    let mut gateway = MockPaymentGateway::new();
    // No other call is expected: a refund that is asked for now would be the second one.
    gateway.expect_list_refunds().times(1).returning(move |_| {
        clock.step(TimeDelta::seconds(46));
        let (at, refund_no) = (clock.now(), refund.refund_no.clone());
        let command = ClaimRefundWork { user_id: refund.user_id, refund_no, at, until: leased(at) };
        let taken_over = store.claim(&command, claim_refund_work).now_or_never().unwrap().unwrap();
        assert!(matches!(taken_over, ClaimedRefund::LookFirst(_)));
        Ok(Vec::new())
    });
    let stalled = RefundService::new(Refunds {
        store: Arc::new(platform.store.clone()),
        gateway: Arc::new(gateway),
        policy: RefundPolicy { approval_above: None },
        clock: platform.clock.clone(),
        ids: Arc::new(SeededIds::default()),
    });
    let round = stalled.work_on_due(10).await.unwrap();
    assert_eq!((round.taken, round.done, round.failed.len()), (1, 0, 0));
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().taken, 0, "who took it over still has it");
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 1);
    assert_eq!(platform.gateway.refunds().len(), 1);
    platform.audit().await;
}

/// The answer was lost, and the callback tells another amount: it must not hide that ours was made.
#[tokio::test]
async fn a_callback_of_another_amount_makes_no_second_refund() {
    let platform = Platform::new();
    let (_, order, charge_id) = charged(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::LoseAnswer);
    ask(&platform, &order, "R-1", Some(4_000), RefundTarget::Source).await;
    let told = GatewayRefund { amount: fen(4_001), ..platform.gateway.refunds()[0].clone() };
    assert_eq!(platform.payments.record_refund(&told, RefundHeard::Callback).await.unwrap(), None, "not now");
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 1);
    assert_eq!(platform.gateway.calls(Call::CreateRefund), 1, "one refund was asked for");
    let refunds = platform.refunds.of_subject(&subject(&order)).await.unwrap().unwrap();
    assert_eq!((refunds.len(), refunds[0].stage, refunds[0].amount), (1, RefundStage::Succeeded, fen(4_000)));
    // Told again when ours has its answer, it is known for ours; one made there under our number is not.
    platform.payments.record_refund(&told, RefundHeard::Callback).await.unwrap().unwrap();
    assert_eq!(platform.refunds.of_subject(&subject(&order)).await.unwrap().unwrap(), refunds);
    let made_there = platform.gateway.refund_by_hand(&charge_id, fen(10), Some(refunds[0].refund_no.clone()));
    platform.payments.record_refund(&made_there.unwrap(), RefundHeard::Callback).await.unwrap().unwrap();
    assert_eq!(platform.refunds.of_subject(&subject(&order)).await.unwrap().unwrap().len(), 2);
    platform.audit().await;
}

#[tokio::test]
async fn a_refund_whose_request_was_lost_is_made_by_a_worker() {
    let platform = Platform::new();
    let (_, order, _) = charged(&platform).await;
    for fault in [Fault::LoseRequest, Fault::Postpone(Postponement::Throttled)] {
        platform.gateway.fail_next(Call::CreateRefund, fault);
    }
    assert_eq!(ask(&platform, &order, "R-1", None, RefundTarget::Source).await.stage, RefundStage::Requested);
    for done in [0, 1, 0] {
        platform.clock.step(TimeDelta::minutes(1));
        assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, done);
    }
    assert_eq!(stage(&platform, &order, "R-1").await, RefundStage::Succeeded);
    assert_eq!(platform.gateway.refunds().len(), 1);
    platform.audit().await;
}

#[tokio::test]
async fn a_refused_refund_fails_and_goes_the_other_way() {
    let platform = Platform::new();
    let (buyer, order, _) = charged(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::Refuse);
    let refund = ask(&platform, &order, "R-1", Some(5_000), RefundTarget::Source).await;
    assert_eq!((refund.stage, refund.failure.as_deref()), (RefundStage::Failed, Some("refused_on_purpose")));
    assert_eq!(ask(&platform, &order, "R-1", Some(5_000), RefundTarget::Balance).await.stage, RefundStage::Succeeded);
    assert_eq!(platform.wallet(&buyer).await.cash, fen(5_000));
    assert!(platform.gateway.refunds().is_empty());
    platform.audit().await;
}

/// What the gateway gave back by itself is why it refuses: it is found when we look, without a callback.
#[tokio::test]
async fn a_refusal_brings_to_light_what_was_refunded_at_the_gateway() {
    let platform = Platform::new();
    let (_, order, charge_id) = charged(&platform).await;
    platform.gateway.refund_by_hand(&charge_id, fen(9_900), None).unwrap();
    let refund = ask(&platform, &order, "R-1", Some(5_000), RefundTarget::Source).await;
    assert_eq!((refund.stage, refund.failure.as_deref()), (RefundStage::Failed, Some("refund_amount_exceeds")));
    let refunds = platform.refunds.of_subject(&subject(&order)).await.unwrap().unwrap();
    let made_there = refunds.iter().find(|refund| refund.origin == RefundOrigin::Gateway).unwrap();
    // What ours had reserved is free by then, so that nothing is the buyer's.
    assert_eq!((made_there.amount, made_there.recovered), (fen(9_900), fen(0)));
    assert!(matches!(state(&platform, &order).await, OrderState::Refunded(_)));
    platform.audit().await;
}

#[tokio::test]
async fn a_pending_refund_is_looked_at_until_it_is_done() {
    for (status, expected) in
        [(RefundStatus::Succeeded, RefundStage::Succeeded), (RefundStatus::Failed, RefundStage::Failed)]
    {
        for by_callback in [false, true] {
            let platform = Platform::new();
            let (_, order, _) = charged(&platform).await;
            platform.gateway.refund_as(RefundStatus::Pending);
            assert_eq!(ask(&platform, &order, "R-1", None, RefundTarget::Source).await.stage, RefundStage::Pending);
            assert!(matches!(state(&platform, &order).await, OrderState::Paid(_)));
            platform.clock.step(TimeDelta::seconds(15));
            assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 0);
            let made = platform.gateway.refunds();
            platform.gateway.settle_refund(&made[0].id, status).unwrap();
            if by_callback {
                hear(&platform).await;
            } else {
                platform.clock.step(TimeDelta::minutes(1));
                assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 1);
            }
            assert_eq!(stage(&platform, &order, "R-1").await, expected);
            assert_eq!(platform.gateway.calls(Call::CreateRefund), 1);
            platform.audit().await;
        }
    }
}

#[tokio::test]
async fn a_top_up_that_the_gateway_gives_back_is_owed_when_it_was_spent() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let wish = TopUpWish { amount: fen(10_000), channel: Channel::Alipay, open_id: None };
    let attempt = platform.top_ups.start(&buyer, wish, PAYER_IP).await.unwrap().attempt;
    let charge_id = attempt.charge_id.unwrap();
    let paid = platform.gateway.payer_pays(&charge_id).unwrap();
    platform.payments.confirm(&paid).await.unwrap();
    let order = platform.order(&buyer, 9_900).await;
    platform.orders.pay_from_balance(buyer.id, order.order_no.clone()).await.unwrap();
    platform.gateway.refund_by_hand(&charge_id, fen(10_000), None).unwrap();
    hear(&platform).await;
    let wallet = platform.wallet(&buyer).await;
    assert_eq!((wallet.cash, wallet.debt), (fen(0), fen(9_900)));
    // The order goes back too: its money pays the debt.
    ask(&platform, &order, "R-1", None, RefundTarget::Source).await;
    let wallet = platform.wallet(&buyer).await;
    assert_eq!((wallet.cash, wallet.debt), (fen(0), fen(0)));
    platform.audit().await;
}

#[tokio::test]
async fn a_large_refund_reaches_the_gateway_when_it_is_approved() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 30_001).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
    let paid = platform.gateway.payer_pays(&attempt.unwrap().charge_id.unwrap()).unwrap();
    platform.payments.confirm(&paid).await.unwrap();
    let refund = ask(&platform, &order, "R-1", None, RefundTarget::Source).await;
    assert_eq!(refund.stage, RefundStage::AwaitingApproval);
    platform.clock.step(TimeDelta::hours(1));
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 0);
    assert_eq!(platform.gateway.calls(Call::CreateRefund), 0);
    let other = UserId::try_new(901).unwrap();
    let approved = platform.refunds.approve(other, subject(&order), refund.refund_no).await.unwrap();
    assert_eq!((approved.stage, approved.decided_by), (RefundStage::Succeeded, Some(other)));
    assert_eq!(platform.gateway.refunds().len(), 1);
    platform.audit().await;
}

#[tokio::test]
async fn refunds_are_listed_by_their_stage_the_newest_first() {
    let platform = Platform::new();
    let (_, order, _) = charged(&platform).await;
    ask(&platform, &order, "R-1", Some(100), RefundTarget::Source).await;
    platform.clock.step(TimeDelta::seconds(1));
    ask(&platform, &order, "R-2", Some(200), RefundTarget::Source).await;
    platform.clock.step(TimeDelta::seconds(1));
    platform.gateway.fail_next(Call::CreateRefund, Fault::Refuse);
    ask(&platform, &order, "R-3", Some(300), RefundTarget::Source).await;
    let list = async |stage, limit| {
        let listed = platform.refunds.list(stage, None, limit).await.unwrap();
        listed.into_iter().map(|refund| refund.refund_no.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 10).await, ["R-3", "R-2", "R-1"]);
    assert_eq!(list(Some(RefundStage::Succeeded), 10).await, ["R-2", "R-1"]);
    assert_eq!(
        (list(None, 0).await, list(None, 2).await),
        (vec!["R-3".to_owned()], vec!["R-3".to_owned(), "R-2".to_owned()])
    );
}

#[tokio::test]
async fn a_gateway_out_of_reach_costs_three_calls_however_many_refunds_are_due() {
    let platform = Platform::new();
    let (_, order, _) = charged(&platform).await;
    platform.gateway.fail_until_healed(Call::CreateRefund, Fault::Postpone(Postponement::Unreached));
    for number in 1..=6 {
        ask(&platform, &order, &format!("R-{number}"), Some(100), RefundTarget::Source).await;
    }
    platform.clock.step(TimeDelta::hours(1));
    let round = platform.refunds.work_on_due(10).await.unwrap();
    assert_eq!((round.taken, round.done, round.outage.is_certain()), (3, 0, true));
    platform.gateway.heal();
    platform.clock.step(TimeDelta::hours(1));
    assert_eq!(platform.refunds.work_on_due(10).await.unwrap().done, 6);
    platform.audit().await;
}
