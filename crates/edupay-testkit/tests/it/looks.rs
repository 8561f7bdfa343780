//! Attempts are looked after: nothing that was paid is lost, and nothing that can be paid is forgotten.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::orders::{Order, OrderState, OrderStore};
use edupay_domain::payments::{
    AttemptStatus, Channel, ChargeAttempt, ChargeSubject, EventOutcome, InboundEvent, InboundObject, ReceiptStatus,
    Round, UnappliedReason,
};
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};

/// What a round came to, none of it failing.
fn done(round: Round) -> u32 {
    assert!(round.failed.is_empty(), "{:?}", round.failed);
    round.done
}

async fn look_after(platform: &Platform) -> u32 {
    done(platform.payments.look_after(10).await.unwrap())
}

/// An order with an open charge through WeChat.
async fn asked(platform: &Platform) -> (User, Order, ChargeAttempt) {
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    (buyer, order, attempt)
}

/// The order as it is stored: nobody asks the gateway for it.
async fn state(platform: &Platform, order: &Order) -> OrderState {
    OrderStore::find(&platform.store, order.user_id, &order.order_no).await.unwrap().unwrap().state
}

async fn stored(platform: &Platform, order: &Order) -> ChargeAttempt {
    let subject = ChargeSubject::Order(order.order_no.clone());
    platform.payments.attempts_of(order.user_id, &subject).await.unwrap().into_iter().next().unwrap()
}

fn receipts(platform: &Platform, buyer: &User) -> Vec<(ReceiptStatus, Option<UnappliedReason>)> {
    platform.store.receipts_of(buyer.id).iter().map(|receipt| (receipt.status, receipt.reason)).collect()
}

#[tokio::test]
async fn a_lost_answer_and_a_lost_callback_heal_too() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap_err();
    let charge = platform.gateway.charges().into_iter().next().unwrap();
    platform.gateway.payer_pays(&charge.id).unwrap();
    platform.clock.step(TimeDelta::seconds(9));
    assert_eq!(look_after(&platform).await, 0);
    platform.clock.step(TimeDelta::seconds(1));
    assert_eq!(look_after(&platform).await, 1);
    assert!(matches!(state(&platform, &order).await, OrderState::Paid(_)));
    platform.audit().await;
}

#[tokio::test]
async fn no_more_are_looked_at_than_was_asked_for_in_whatever_way() {
    let platform = Platform::new();
    let (buyer, ..) = asked(&platform).await;
    let order = platform.order(&buyer, 6_600).await;
    platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap_err();
    platform.clock.step(TimeDelta::seconds(10));
    for taken in [1, 1, 0] {
        assert_eq!(platform.payments.look_after(1).await.unwrap().taken, taken);
    }
}

#[tokio::test]
async fn a_charge_that_is_not_paid_is_looked_at_by_the_schedule() {
    let platform = Platform::new();
    let (_, order, attempt) = asked(&platform).await;
    // At the age of 10 s, 1 min, 5 min, 30 min, 2 h, 6 h; a minute before its time ends, at its end.
    for seconds in [10, 50, 240, 1_500, 5_400, 14_400, 64_740] {
        platform.clock.step(TimeDelta::seconds(seconds - 1));
        assert_eq!(look_after(&platform).await, 0);
        platform.clock.step(TimeDelta::seconds(1));
        assert_eq!(look_after(&platform).await, 1);
        assert_eq!(look_after(&platform).await, 0, "it waits for its next look");
    }
    assert_eq!(platform.gateway.calls(Call::FindCharge), 7);
    assert_eq!(stored(&platform, &order).await.look_at, attempt.expires_at);
}

#[tokio::test]
async fn a_gateway_out_of_reach_costs_one_look_each_lease() {
    let platform = Platform::new();
    let (_, order, _) = asked(&platform).await;
    platform.gateway.fail_until_healed(Call::FindCharge, Fault::LoseAnswer);
    for seconds in [10, 45, 45, 45, 45] {
        platform.clock.step(TimeDelta::seconds(seconds - 1));
        assert_eq!(look_after(&platform).await, 0);
        platform.clock.step(TimeDelta::seconds(1));
        let round = platform.payments.look_after(10).await.unwrap();
        assert_eq!((round.done, round.failed.len()), (0, 1));
        assert_eq!(look_after(&platform).await, 0, "it waits for its next look");
    }
    assert_eq!(platform.gateway.calls(Call::FindCharge), 5);
    assert_eq!(stored(&platform, &order).await.status, AttemptStatus::Open);
}

#[tokio::test]
async fn a_channel_that_cannot_reverse_is_looked_at_until_it_is_paid_and_then_pays_back() {
    let platform = Platform::new();
    let (buyer, order, attempt) = asked(&platform).await;
    platform.gateway.fail_until_healed(Call::ReverseCharge, Fault::Refuse);
    platform.orders.cancel(buyer.id, order.order_no.clone()).await.unwrap();
    for _ in 0..6 {
        assert_eq!(look_after(&platform).await, 1, "at once, then when it is due");
        assert_eq!(stored(&platform, &order).await.status, AttemptStatus::Open, "it can still be paid");
        let next = stored(&platform, &order).await.look_at;
        platform.clock.set(next);
    }
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    assert_eq!(look_after(&platform).await, 1);
    assert_eq!(receipts(&platform, &buyer), [(ReceiptStatus::RefundDue, Some(UnappliedReason::OrderCancelled))]);
    assert_eq!(done(platform.payments.refund_due(10).await.unwrap()), 1);
    assert_eq!(platform.gateway.refunds().len(), 1);
    assert_eq!(state(&platform, &order).await, OrderState::Cancelled);
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_that_nobody_pays_and_nobody_can_reverse_ends_an_hour_after_its_time() {
    let platform = Platform::new();
    let (_, order, attempt) = asked(&platform).await;
    platform.gateway.fail_until_healed(Call::ReverseCharge, Fault::Refuse);
    let end = attempt.expires_at.checked_add_signed(TimeDelta::hours(1)).unwrap();
    let mut last = attempt;
    for _ in 0..100 {
        platform.clock.set(last.look_at);
        assert_eq!(look_after(&platform).await, 1);
        let now = last.look_at;
        last = stored(&platform, &order).await;
        assert_eq!(last.status == AttemptStatus::Closed, now >= end, "at {now}");
        if now >= end {
            return;
        }
    }
    assert_eq!(last.status, AttemptStatus::Closed, "it is looked at for ever");
}

#[tokio::test]
async fn a_charge_opened_at_the_last_moment_outlives_its_order_and_goes_back() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.clock.step(TimeDelta::seconds(24 * 3_600 - 10));
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    assert_eq!(attempt.expires_at - order.expires_at, TimeDelta::seconds(80));
    platform.clock.step(TimeDelta::seconds(60));
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    assert_eq!(look_after(&platform).await, 1);
    assert_eq!(receipts(&platform, &buyer), [(ReceiptStatus::RefundDue, Some(UnappliedReason::OrderClosed))]);
    assert_eq!(done(platform.payments.refund_due(10).await.unwrap()), 1);
    platform.audit().await;
}

#[tokio::test]
async fn a_callback_that_cannot_be_read_is_kept_until_somebody_can() {
    let platform = Platform::new();
    let (_, order, attempt) = asked(&platform).await;
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    let readable = platform.gateway.events().into_iter().next().unwrap();
    // What can't be read tells no id: it is kept under one of ours.
    let id = GatewayEventId::parse("sha256_0123456789abcdef").unwrap();
    let unreadable = InboundEvent { id, object: InboundObject::Unreadable, ..readable };
    assert_eq!(platform.payments.receive(&unreadable).await.unwrap(), EventOutcome::Unmatched);
    assert_eq!(state(&platform, &order).await, OrderState::Unpaid);
    // A newer program reads it when it tries again, and its own id with it.
    platform.clock.step(TimeDelta::seconds(10));
    assert_eq!(done(platform.payments.retry_inbox(10).await.unwrap()), 1);
    assert!(matches!(state(&platform, &order).await, OrderState::Paid(_)));
    platform.clock.step(TimeDelta::days(3));
    assert_eq!(platform.payments.retry_inbox(10).await.unwrap().taken, 0, "it is done");
    platform.audit().await;
}

#[tokio::test]
async fn a_callback_that_nobody_can_read_is_never_given_up_and_stands_in_nobodys_way() {
    let platform = Platform::new();
    let (_, order, attempt) = asked(&platform).await;
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    let readable = platform.gateway.events().into_iter().next().unwrap();
    let (object, body) = (InboundObject::Unreadable, "not a callback".to_owned());
    let hopeless = InboundEvent { object, body, ..readable };
    assert_eq!(platform.payments.receive(&hopeless).await.unwrap(), EventOutcome::Unmatched);
    for seconds in [10, 50, 240] {
        platform.clock.step(TimeDelta::seconds(seconds));
        assert_eq!(done(platform.payments.retry_inbox(10).await.unwrap()), 0);
    }
    assert_eq!(look_after(&platform).await, 1, "the money is found all the same");
    assert!(matches!(state(&platform, &order).await, OrderState::Paid(_)));
}

#[tokio::test]
async fn one_call_that_is_out_of_reach_keeps_nobody_from_being_looked_at_by_the_other() {
    let platform = Platform::new();
    for (kind, fault) in [("open", None), ("lost", Some(Fault::LoseAnswer))] {
        for number in 0..5 {
            let buyer = platform.buyer(&format!("{kind}{number}"), 0).await;
            let order = platform.order(&buyer, 9_900).await;
            if let Some(fault) = fault {
                platform.gateway.fail_next(Call::CreateCharge, fault);
            }
            let asked = platform.orders.pay_by_charge(&buyer, order.order_no, Channel::Wx, PAYER_IP).await;
            assert_eq!(asked.is_err(), fault.is_some());
        }
    }
    // At the ages of one minute and of five, when all are due.
    for (call, seconds) in [(Call::FindCharges, 60), (Call::FindCharge, 240)] {
        platform.gateway.fail_until_healed(call, Fault::LoseRequest);
        platform.clock.step(TimeDelta::seconds(seconds));
        let round = platform.payments.look_after(20).await.unwrap();
        assert_eq!((round.done, round.failed.len()), (5, 3), "{call:?}");
        assert!(round.outage.is_certain(), "{call:?}");
        platform.gateway.heal();
    }
}

#[tokio::test]
async fn charges_that_are_looked_for_and_those_that_are_known_are_looked_after_apart() {
    let platform = Platform::new();
    for fault in [None, Some(Fault::LoseAnswer)] {
        let buyer = platform.buyer(if fault.is_some() { "lost" } else { "open" }, 0).await;
        let order = platform.order(&buyer, 9_900).await;
        if let Some(fault) = fault {
            platform.gateway.fail_next(Call::CreateCharge, fault);
        }
        let _ = platform.orders.pay_by_charge(&buyer, order.order_no, Channel::Wx, PAYER_IP).await;
    }
    platform.clock.step(TimeDelta::seconds(10));
    let calls = || (platform.gateway.calls(Call::FindCharge), platform.gateway.calls(Call::FindCharges));
    assert_eq!((platform.payments.look_after_answered(10).await.unwrap().taken, calls()), (1, (1, 0)));
    assert_eq!((platform.payments.look_after_unanswered(10).await.unwrap().taken, calls()), (1, (1, 1)));
    assert_eq!(platform.payments.look_after(10).await.unwrap().taken, 0, "nothing else is due");
}
