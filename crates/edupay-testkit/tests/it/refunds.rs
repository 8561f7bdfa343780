//! What could not be applied goes back once, whatever is lost on the way.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::ids::ChargeId;
use edupay_domain::payments::{Channel, Postponement, ReceiptStatus, RefundHeard, RefundStatus};
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};

/// An order paid by two charges: the second one is due to go back.
async fn paid_twice(platform: &Platform) -> (User, ChargeId) {
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let mut second = None;
    for channel in [Channel::Wx, Channel::Alipay] {
        let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), channel, PAYER_IP).await;
        second = attempt.unwrap().charge_id;
    }
    for charge in platform.gateway.charges() {
        let paid = platform.gateway.payer_pays(&charge.id).unwrap();
        platform.payments.confirm(&paid).await.unwrap();
    }
    (buyer, second.unwrap())
}

async fn status(platform: &Platform, buyer: &User, charge_id: &ChargeId) -> ReceiptStatus {
    platform.payments.find_receipt(buyer.id, charge_id).await.unwrap().unwrap().status
}

#[tokio::test]
async fn a_second_payment_is_refunded_once() {
    let platform = Platform::new();
    let (buyer, second) = paid_twice(&platform).await;
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 0);
    let refunds = platform.gateway.refunds();
    assert_eq!(refunds.iter().map(|refund| &refund.charge_id).collect::<Vec<_>>(), [&second]);
    assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::Refunded);
    platform.audit().await;
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_looked_for_and_not_asked_for_again() {
    let platform = Platform::new();
    let (buyer, second) = paid_twice(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::LoseAnswer);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 0);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 0, "somebody may still be at work");
    // The list is out of reach too: then nothing is asked for.
    platform.clock.step(TimeDelta::minutes(1));
    platform.gateway.fail_next(Call::ListRefunds, Fault::LoseRequest);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 0);
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    assert_eq!(platform.gateway.refunds().len(), 1);
    assert_eq!(platform.gateway.calls(Call::CreateRefund), 1);
    assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::Refunded);
    platform.audit().await;
}

#[tokio::test]
async fn a_refund_whose_request_was_lost_is_asked_for_again() {
    let platform = Platform::new();
    let (buyer, second) = paid_twice(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::LoseRequest);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 0);
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    assert_eq!(platform.gateway.refunds().len(), 1);
    assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::Refunded);
}

#[tokio::test]
async fn a_pending_refund_is_booked_when_its_callback_comes() {
    let platform = Platform::new();
    let (buyer, second) = paid_twice(&platform).await;
    platform.gateway.refund_as(RefundStatus::Pending);
    platform.payments.refund_due(10).await.unwrap();
    assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::RefundPending);
    let mut refund = platform.gateway.refunds().into_iter().next().unwrap();
    refund.status = RefundStatus::Succeeded;
    for _ in 0..2 {
        platform.payments.record_refund(&refund, RefundHeard::Callback).await.unwrap();
        assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::Refunded);
    }
    assert_eq!(platform.store.journal(buyer.id).len(), 3);
    platform.audit().await;
}

#[tokio::test]
async fn what_became_of_a_pending_refund_is_learned_by_a_look_when_its_callback_was_lost() {
    for (ended, expected) in
        [(RefundStatus::Succeeded, ReceiptStatus::Refunded), (RefundStatus::Failed, ReceiptStatus::Review)]
    {
        let platform = Platform::new();
        let (buyer, second) = paid_twice(&platform).await;
        platform.gateway.refund_as(RefundStatus::Pending);
        platform.payments.refund_due(10).await.unwrap();
        let pending = platform.gateway.refunds().into_iter().next().unwrap();
        platform.gateway.settle_refund(&pending.id, ended).unwrap();
        platform.clock.step(TimeDelta::minutes(1));
        assert_eq!(platform.payments.refund_due(10).await.unwrap().taken, 1);
        assert_eq!(status(&platform, &buyer, &second).await, expected, "{ended:?}");
        assert_eq!(platform.gateway.refunds().len(), 1, "it is not asked for again by itself");
        platform.audit().await;
    }
}

#[tokio::test]
async fn a_throttled_refund_is_tried_again() {
    let platform = Platform::new();
    let (buyer, second) = paid_twice(&platform).await;
    platform.gateway.fail_next(Call::CreateRefund, Fault::Postpone(Postponement::Throttled));
    let round = platform.payments.refund_due(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (0, 1));
    assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::RefundRequested);
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    assert_eq!(status(&platform, &buyer, &second).await, ReceiptStatus::Refunded);
    platform.audit().await;
}
