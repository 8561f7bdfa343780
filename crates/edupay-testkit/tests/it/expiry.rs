//! Orders whose time runs out, and what becomes of their charges.

use chrono::TimeDelta;
use edupay_domain::orders::OrderState;
use edupay_domain::payments::{AttemptStatus, Channel, ChargeSubject, ReceiptStatus, UnappliedReason};
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};

#[tokio::test]
async fn an_expired_order_is_closed_and_its_charge_reversed() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.clock.step(TimeDelta::hours(23));
    assert_eq!(platform.orders.close_expired(10).await.unwrap(), 0);
    platform.clock.step(TimeDelta::hours(2));
    assert_eq!(platform.orders.close_expired(10).await.unwrap(), 1);
    assert_eq!(platform.orders.close_expired(10).await.unwrap(), 0);
    assert_eq!(platform.payments.close_stale(10).await.unwrap(), 1);
    assert_eq!(platform.payments.close_stale(10).await.unwrap(), 0);

    let closed = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(closed.state, OrderState::Closed);
    assert!(platform.gateway.charges().iter().all(|charge| charge.reversed));
    assert_eq!(platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()), None);
    let subject = ChargeSubject::Order(order.order_no);
    let attempts = platform.payments.attempts_of(buyer.id, &subject).await.unwrap();
    assert!(attempts.iter().all(|attempt| attempt.status == AttemptStatus::Closed));
}

#[tokio::test]
async fn an_order_that_was_paid_in_time_is_paid_and_not_closed_although_the_callback_was_lost() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.clock.step(TimeDelta::hours(23));
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.clock.step(TimeDelta::hours(2));
    // As long as the gateway can't be asked, the order waits.
    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    assert_eq!(platform.orders.close_expired(10).await.unwrap(), 0);
    assert_eq!(platform.orders.close_expired(10).await.unwrap(), 0);
    let paid = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert!(matches!(paid.state, OrderState::Paid(_)));
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_paid_after_the_order_was_cancelled_goes_back() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.orders.cancel(buyer.id, order.order_no.clone()).await.unwrap();
    // The payer is faster than the reversal, and we hear of it only by the refusal to reverse.
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.payments.close_stale(10).await.unwrap();

    let receipts = platform.store.receipts_of(buyer.id);
    let reasons: Vec<_> = receipts.iter().map(|receipt| (receipt.status, receipt.reason)).collect();
    assert_eq!(reasons, [(ReceiptStatus::RefundDue, Some(UnappliedReason::OrderCancelled))]);
    assert_eq!(platform.payments.refund_due(10).await.unwrap(), 1);
    assert_eq!(platform.gateway.refunds().len(), 1);
    let cancelled = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(cancelled.state, OrderState::Cancelled);
    platform.audit().await;
}
