//! Stories of what is unfinished: an outage and its end, readers who repair, and what reaches a person.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::ids::UserId;
use edupay_domain::orders::{Order, OrderState, OrderStore};
use edupay_domain::payments::{Channel, ChargeAttempt, InboundEvent, InboundObject, ReceiptStatus, RefundStatus};
use edupay_domain::recovery::{
    DecideError, DecisionReason, ReviewAction, ReviewItem, ReviewKind, ReviewRefusal, RunLimits, WorkKind,
};
use edupay_domain::refunds::{RefundReason, RefundStage, RefundTarget, WantedRefund};
use edupay_testkit::fixtures::fen;
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};

const LIMITS: RunLimits = RunLimits { most: 1_000, time: TimeDelta::minutes(1) };

fn staff() -> UserId {
    UserId::try_new(900).unwrap()
}

fn reason() -> DecisionReason {
    DecisionReason::parse("the payer confirmed").unwrap()
}

async fn asked(platform: &Platform, name: &str) -> (User, Order, ChargeAttempt) {
    let buyer = platform.buyer(name, 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    (buyer, order, attempt)
}

/// The order as it is stored: nobody asks the gateway for it.
async fn is_paid(platform: &Platform, order: &Order) -> bool {
    let stored = OrderStore::find(&platform.store, order.user_id, &order.order_no).await.unwrap().unwrap();
    matches!(stored.state, OrderState::Paid(_))
}

async fn list(platform: &Platform) -> Vec<ReviewItem> {
    platform.recovery.list(None, None, 100).await.unwrap()
}

#[tokio::test]
async fn what_an_outage_of_hours_left_undone_is_done_within_a_minute_of_its_end() {
    let platform = Platform::new();
    platform.gateway.fail_until_healed(Call::CreateCharge, Fault::LoseAnswer);
    let mut orders = Vec::new();
    for number in 0..60 {
        let buyer = platform.buyer(&format!("buyer{number}"), 0).await;
        let order = platform.order(&buyer, 9_900).await;
        platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap_err();
        orders.push(order);
    }
    for charge in platform.gateway.charges() {
        platform.gateway.payer_pays(&charge.id).unwrap();
    }
    for call in [Call::FindCharge, Call::FindCharges] {
        platform.gateway.fail_until_healed(call, Fault::LoseRequest);
    }
    for _ in 0..360 {
        platform.clock.step(TimeDelta::seconds(20));
        let before = platform.gateway.calls(Call::FindCharges);
        platform.recovery.run(LIMITS).await.unwrap();
        let calls = platform.gateway.calls(Call::FindCharges).saturating_sub(before);
        assert!(calls <= 3, "{calls} calls of a gateway that is out of reach");
    }
    platform.gateway.heal();
    for _ in 0..3 {
        platform.clock.step(TimeDelta::seconds(20));
        platform.recovery.run(LIMITS).await.unwrap();
    }
    for order in &orders {
        assert!(is_paid(&platform, order).await, "{}", order.order_no);
    }
    let overview = platform.recovery.overview().await.unwrap();
    assert!(overview.unfinished.iter().all(|count| count.kind != WorkKind::Charges), "{overview:?}");
    platform.audit().await;
}

#[tokio::test]
async fn an_answer_that_was_lost_is_learned_and_the_charge_given_again() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap_err();
    platform.clock.step(TimeDelta::seconds(10));
    assert_eq!(platform.payments.look_after(10).await.unwrap().done, 1);
    // No longer unknown: the client gets the same charge without the gateway's help.
    platform.gateway.fail_until_healed(Call::CreateCharge, Fault::Refuse);
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    assert_eq!(attempt.charge_id, platform.gateway.charges().first().map(|charge| charge.id.clone()));
    assert_eq!(platform.gateway.charges().len(), 1);
}

#[tokio::test]
async fn readers_repair_and_ask_the_gateway_not_more_often_than_every_few_seconds() {
    let platform = Platform::new();
    let (buyer, order, attempt) = asked(&platform, "xiaoyu").await;
    for _ in 0..50 {
        platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    }
    assert_eq!(platform.gateway.calls(Call::FindCharge), 3, "three at once, and then no more");
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.clock.step(TimeDelta::seconds(3));
    let paid = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert!(matches!(paid.state, OrderState::Paid(_)), "a lost callback heals when somebody looks");
    assert_eq!(platform.gateway.calls(Call::FindCharge), 4);
    platform.audit().await;
}

#[tokio::test]
async fn a_run_works_on_everything_and_tells_what_is_left() {
    let platform = Platform::new();
    let (_, paid, attempt) = asked(&platform, "xiaoyu").await;
    asked(&platform, "xiaochen").await;
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.clock.step(TimeDelta::seconds(10));
    let report = platform.recovery.run(LIMITS).await.unwrap();
    let charges = report.kinds.iter().find(|kind| kind.kind == WorkKind::Charges).unwrap();
    assert_eq!((charges.round.taken, charges.round.done, charges.round.failed.len(), charges.left), (2, 2, 0, 1));
    assert!(report.review.is_empty());
    assert!(is_paid(&platform, &paid).await);
    let again = platform.recovery.run(LIMITS).await.unwrap();
    assert!(again.kinds.iter().all(|kind| kind.round.taken == 0), "nothing is due any more");
}

#[tokio::test]
async fn a_run_goes_on_until_nothing_is_due_or_its_limits_are_reached() {
    let platform = Platform::new();
    for number in 0..45 {
        asked(&platform, &format!("buyer{number}")).await;
    }
    let charges = async |most, seconds| {
        platform.clock.step(TimeDelta::hours(3));
        let report = platform.recovery.run(RunLimits { most, time: TimeDelta::seconds(seconds) }).await.unwrap();
        report.kinds.iter().find(|kind| kind.kind == WorkKind::Charges).unwrap().round.taken
    };
    assert_eq!([charges(1_000, 60).await, charges(30, 60).await, charges(1_000, 0).await], [45, 30, 0]);
}

#[tokio::test]
async fn a_callback_that_matches_nothing_reaches_a_person_after_a_day_and_is_closed() {
    let platform = Platform::new();
    let (_, _, attempt) = asked(&platform, "xiaoyu").await;
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    let event = platform.gateway.events().into_iter().next().unwrap();
    let stranger = InboundEvent { object: InboundObject::Unreadable, body: "of another system".to_owned(), ..event };
    platform.payments.receive(&stranger).await.unwrap();
    for hours in [1, 22] {
        platform.clock.step(TimeDelta::hours(hours));
        platform.recovery.run(LIMITS).await.unwrap();
        assert!(list(&platform).await.is_empty());
    }
    platform.clock.step(TimeDelta::hours(1));
    let items = list(&platform).await;
    assert_eq!(
        items.iter().map(|item| (item.id.kind, item.reason.as_str())).collect::<Vec<_>>(),
        [(ReviewKind::Callback, "unmatched")]
    );
    let id = items[0].id.clone();
    platform.recovery.decide(staff(), id.clone(), ReviewAction::Close, reason()).await.unwrap();
    platform.clock.step(TimeDelta::days(40));
    assert!(list(&platform).await.is_empty());
    assert_eq!(platform.payments.retry_inbox(10).await.unwrap().taken, 0, "it is not tried any more");
    let (item, decisions) = platform.recovery.find(&id).await.unwrap();
    assert_eq!((item, decisions.len()), (None, 1), "who closed it and why stays on record");
}

#[tokio::test]
async fn a_receipt_in_review_goes_back_when_a_person_says_so() {
    let platform = Platform::new();
    let (buyer, order, attempt) = asked(&platform, "xiaoyu").await;
    platform.orders.cancel(buyer.id, order.order_no).await.unwrap();
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.gateway.fail_next(Call::CreateRefund, Fault::Refuse);
    platform.recovery.run(LIMITS).await.unwrap();
    let items = list(&platform).await;
    assert_eq!((items.len(), items[0].id.kind, items[0].amount), (1, ReviewKind::Receipt, Some(fen(9_900))));
    assert_eq!(platform.gateway.refunds().len(), 0);
    platform.recovery.decide(staff(), items[0].id.clone(), ReviewAction::Refund, reason()).await.unwrap();
    platform.recovery.run(LIMITS).await.unwrap();
    assert_eq!(platform.gateway.refunds().len(), 1);
    assert!(list(&platform).await.is_empty());
    platform.audit().await;
}

/// The gateway's list then has both, the earlier one first: it does not stand for the one that is pending.
#[tokio::test]
async fn a_second_refund_of_a_receipt_that_fails_waits_for_a_person_again() {
    let platform = Platform::new();
    let (buyer, order, attempt) = asked(&platform, "xiaoyu").await;
    let charge_id = attempt.charge_id.unwrap();
    platform.orders.cancel(buyer.id, order.order_no).await.unwrap();
    platform.gateway.payer_pays(&charge_id).unwrap();
    platform.gateway.refund_as(RefundStatus::Pending);
    for number in 1..=2 {
        platform.recovery.run(LIMITS).await.unwrap();
        let made = platform.gateway.refunds();
        assert_eq!(made.len(), number);
        platform.gateway.settle_refund(&made[number - 1].id, RefundStatus::Failed).unwrap();
        platform.clock.step(TimeDelta::minutes(1));
        platform.recovery.run(LIMITS).await.unwrap();
        let receipt = platform.payments.find_receipt(buyer.id, &charge_id).await.unwrap().unwrap();
        assert_eq!((receipt.status, receipt.refund_id.as_ref()), (ReceiptStatus::Review, Some(&made[number - 1].id)));
        let items = list(&platform).await;
        platform.recovery.decide(staff(), items[0].id.clone(), ReviewAction::Refund, reason()).await.unwrap();
    }
    platform.audit().await;
}

#[tokio::test]
async fn a_failed_refund_is_asked_for_again_when_a_person_says_so() {
    let platform = Platform::new();
    let (_, order, attempt) = asked(&platform, "xiaoyu").await;
    let paid = platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.payments.confirm(&paid).await.unwrap();
    let subject = attempt.subject.clone();
    let wanted = WantedRefund {
        refund_no: edupay_domain::ids::RefundNo::parse("R-1").unwrap(),
        amount: None,
        to: RefundTarget::Source,
        reason: RefundReason::parse("the course was cancelled").unwrap(),
    };
    platform.gateway.refund_as(RefundStatus::Failed);
    let failed = platform.refunds.request(staff(), subject.clone(), wanted).await.unwrap();
    assert_eq!(failed.stage, RefundStage::Failed);
    let items = list(&platform).await;
    assert_eq!((items.len(), items[0].reason.as_str()), (1, "refund_failed"));
    let id = items[0].id.clone();
    let wrong = platform.recovery.decide(staff(), id.clone(), ReviewAction::Refund, reason()).await;
    assert!(matches!(wrong, Err(DecideError::Refused(ReviewRefusal::NotPossible))), "{wrong:?}");
    platform.gateway.refund_as(RefundStatus::Succeeded);
    platform.recovery.decide(staff(), id, ReviewAction::Retry, reason()).await.unwrap();
    let refunds = platform.refunds.of_subject(&subject).await.unwrap().unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.stage).collect::<Vec<_>>(), [RefundStage::Succeeded]);
    assert!(list(&platform).await.is_empty());
    assert!(!is_paid(&platform, &order).await, "it is refunded");
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_that_nobody_could_ask_about_reaches_a_person_a_day_after_its_time() {
    let platform = Platform::new();
    let (_, _, attempt) = asked(&platform, "xiaoyu").await;
    for call in [Call::FindCharge, Call::FindCharges] {
        platform.gateway.fail_until_healed(call, Fault::LoseRequest);
    }
    platform.clock.step(TimeDelta::hours(47));
    platform.recovery.run(LIMITS).await.unwrap();
    assert!(list(&platform).await.is_empty());
    platform.clock.step(TimeDelta::hours(2));
    platform.recovery.run(LIMITS).await.unwrap();
    let items = list(&platform).await;
    assert_eq!(items.iter().map(|item| item.id.key()).collect::<Vec<_>>(), [attempt.gateway_order_no.as_str()]);
    // It ends well after all, and nobody needs to do anything.
    platform.gateway.heal();
    platform.clock.step(TimeDelta::minutes(1));
    platform.recovery.run(LIMITS).await.unwrap();
    assert!(list(&platform).await.is_empty());
}
