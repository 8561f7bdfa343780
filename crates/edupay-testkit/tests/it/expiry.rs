//! Orders whose time runs out, and what becomes of their charges.

use chrono::TimeDelta;
use edupay_domain::ledger::EntryKind;
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
    assert_eq!(platform.orders.close_expired(10).await.unwrap().done, 0);
    platform.clock.step(TimeDelta::hours(2));
    assert_eq!(platform.orders.close_expired(10).await.unwrap().done, 1);
    assert_eq!(platform.orders.close_expired(10).await.unwrap().done, 0);
    assert_eq!(platform.payments.look_after(10).await.unwrap().done, 1);
    assert_eq!(platform.payments.look_after(10).await.unwrap().done, 0);

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
    let round = platform.orders.close_expired(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (0, 1));
    assert_eq!(platform.orders.close_expired(10).await.unwrap().done, 1);
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
    platform.payments.look_after(10).await.unwrap();

    let receipts = platform.store.receipts_of(buyer.id);
    let reasons: Vec<_> = receipts.iter().map(|receipt| (receipt.status, receipt.reason)).collect();
    assert_eq!(reasons, [(ReceiptStatus::RefundDue, Some(UnappliedReason::OrderCancelled))]);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    assert_eq!(platform.gateway.refunds().len(), 1);
    let cancelled = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(cancelled.state, OrderState::Cancelled);
    platform.audit().await;
}

#[tokio::test]
async fn a_lost_callback_heals_without_anybody_asking() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    assert_eq!(platform.payments.look_after(10).await.unwrap().done, 0, "not due yet");
    platform.clock.step(TimeDelta::seconds(10));
    assert_eq!(platform.payments.look_after(10).await.unwrap().done, 1);
    let paid = platform.store.journal(buyer.id).last().map(|row| row.kind);
    assert_eq!(paid, Some(EntryKind::ConfirmOrderCharge));
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_that_cannot_be_reversed_is_looked_after_and_a_late_payment_goes_back() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 10_000).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.orders.pay_from_balance(buyer.id, order.order_no.clone()).await.unwrap();
    platform.gateway.fail_until_healed(Call::ReverseCharge, Fault::Refuse);
    for _ in 0..3 {
        platform.payments.look_after(10).await.unwrap();
        platform.clock.step(TimeDelta::minutes(10));
    }
    let subject = ChargeSubject::Order(order.order_no.clone());
    let open = platform.payments.attempts_of(buyer.id, &subject).await.unwrap();
    assert!(open.iter().all(|attempt| attempt.status == AttemptStatus::Open), "it can still be paid");

    // Nobody tells us of this payment.
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.clock.step(TimeDelta::hours(2));
    platform.payments.look_after(10).await.unwrap();
    let receipts = platform.store.receipts_of(buyer.id);
    let reasons: Vec<_> = receipts.iter().map(|receipt| (receipt.status, receipt.reason)).collect();
    assert_eq!(reasons, [(ReceiptStatus::RefundDue, Some(UnappliedReason::PaidAlready))]);
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    platform.audit().await;
}

#[tokio::test]
async fn a_refund_that_the_gateway_refuses_waits_for_a_person() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.orders.cancel(buyer.id, order.order_no.clone()).await.unwrap();
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    platform.payments.look_after(10).await.unwrap();
    platform.gateway.fail_next(Call::CreateRefund, Fault::Refuse);
    let round = platform.payments.refund_due(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (0, 1), "whoever runs the round is told");
    let statuses: Vec<_> = platform.store.receipts_of(buyer.id).iter().map(|receipt| receipt.status).collect();
    assert_eq!(statuses, [ReceiptStatus::Review]);
    platform.clock.step(TimeDelta::days(2));
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 0);
    assert_eq!(platform.gateway.refunds().len(), 0);
}

#[tokio::test]
async fn an_order_waits_for_a_gateway_that_cannot_be_asked_for_a_day_and_no_longer() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.gateway.fail_until_healed(Call::FindCharge, Fault::LoseAnswer);
    let day_after = order.expires_at + TimeDelta::hours(24);
    platform.clock.set(day_after - TimeDelta::milliseconds(1));
    let round = platform.orders.close_expired(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (0, 1));
    platform.clock.set(day_after);
    let round = platform.orders.close_expired(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (1, 0));
    let closed = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(closed.state, OrderState::Closed);
}

#[tokio::test]
async fn one_attempt_that_cannot_be_asked_about_hides_no_payment_by_the_other() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    for channel in [Channel::Wx, Channel::Alipay] {
        platform.orders.pay_by_charge(&buyer, order.order_no.clone(), channel, PAYER_IP).await.unwrap();
    }
    let second = platform.gateway.charges().remove(1);
    platform.gateway.payer_pays(&second.id).unwrap();
    platform.clock.set(order.expires_at + TimeDelta::minutes(1));
    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    let round = platform.orders.close_expired(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (1, 0));
    let paid = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert!(matches!(paid.state, OrderState::Paid(_)));
    platform.audit().await;
}

#[tokio::test]
async fn an_order_whose_charge_is_still_looked_for_waits_for_that_and_takes_no_walk_of_its_own() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = platform.order(&buyer, 9_900).await;
        platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
        let asked = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
        assert!(asked.is_err());
        orders.push(order);
    }
    // One was paid all the same.
    let charge = platform.gateway.charges().remove(0);
    platform.gateway.payer_pays(&charge.id).unwrap();
    platform.clock.set(orders[1].expires_at + TimeDelta::minutes(1));
    let round = platform.orders.close_expired(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (0, 0), "nothing failed, and nothing is known yet");
    assert_eq!(platform.gateway.calls(Call::FindCharges), 0);
    platform.payments.look_after(10).await.unwrap();
    assert_eq!(platform.orders.close_expired(10).await.unwrap().done, 1);
    let mut states = Vec::new();
    for order in &orders {
        states.push(platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap().state);
    }
    assert!(matches!(states.as_slice(), [OrderState::Paid(_), OrderState::Closed]), "{states:?}");
    platform.audit().await;
}

#[tokio::test]
async fn an_order_whose_charge_can_not_be_looked_for_is_closed_after_a_day() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
    let asked = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
    assert!(asked.is_err());
    platform.gateway.payer_pays(&platform.gateway.charges()[0].id).unwrap();
    platform.gateway.fail_until_healed(Call::FindCharges, Fault::LoseAnswer);
    let day_after = order.expires_at + TimeDelta::hours(24);
    for (at, closed) in [(day_after - TimeDelta::milliseconds(1), 0), (day_after, 1)] {
        platform.clock.set(at);
        platform.payments.look_after(10).await.unwrap();
        assert_eq!(platform.orders.close_expired(10).await.unwrap().done, closed, "{at}");
    }
    // What turns out to have been paid goes back.
    platform.gateway.heal();
    platform.clock.step(TimeDelta::minutes(1));
    platform.payments.look_after(10).await.unwrap();
    assert_eq!(platform.payments.refund_due(10).await.unwrap().done, 1);
    platform.audit().await;
}
