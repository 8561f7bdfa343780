//! Orders paid by a charge, when answers are lost and callbacks come early or late.

use chrono::TimeDelta;
use edupay_domain::clock::Clock;
use edupay_domain::ids::{GatewayEventId, OrderNo};
use edupay_domain::orders::{OrderState, PaidOrder, PayRefusal};
use edupay_domain::payments::{
    AttemptStatus, Channel, EventOutcome, InboundEvent, InboundObject, Postponement, ReceiptStatus, UnappliedReason,
};
use edupay_domain::store::EffectError;
use edupay_testkit::gateway::{Call, Fault, GENUINE};
use edupay_testkit::platform::{PAYER_IP, Platform};
use std::time::Duration;

#[tokio::test]
async fn a_lost_answer_then_a_repeat_gives_the_same_single_charge() {
    for (fault, seconds_between) in
        [(Fault::LoseAnswer, 5), (Fault::LoseAnswer, 90), (Fault::LoseRequest, 5), (Fault::LoseRequest, 90)]
    {
        let platform = Platform::new();
        let buyer = platform.buyer("xiaoyu", 0).await;
        let order = platform.order(&buyer, 9_900).await;
        let pay = || platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Alipay, PAYER_IP);

        platform.gateway.fail_next(Call::CreateCharge, fault);
        assert!(matches!(pay().await, Err(EffectError::Refused(PayRefusal::ChargeUnknown))));
        // Past a minute the gateway would make a second charge, so it must be looked for.
        platform.clock.step(TimeDelta::seconds(seconds_between));
        let attempt = pay().await.unwrap();
        let again = pay().await.unwrap();

        assert_eq!(platform.gateway.charges().len(), 1, "{fault:?} and {seconds_between} s");
        assert_eq!(attempt.charge_id.as_ref(), platform.gateway.charges().first().map(|charge| &charge.id));
        assert_eq!(attempt.status, AttemptStatus::Open);
        assert_eq!(again, attempt);
    }
}

#[tokio::test]
async fn a_refused_charge_is_followed_by_one_with_a_number_of_its_own() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let postponed = Postponement::Halted { retry_after: Duration::from_secs(7) };
    for (fault, refusal) in [
        (Fault::Refuse, PayRefusal::ChargeRefused),
        (Fault::Postpone(Postponement::Throttled), PayRefusal::ChargePostponed(Postponement::Throttled)),
        (Fault::Postpone(Postponement::Unreached), PayRefusal::ChargePostponed(Postponement::Unreached)),
        (Fault::Postpone(postponed), PayRefusal::ChargePostponed(postponed)),
    ] {
        platform.gateway.fail_next(Call::CreateCharge, fault);
        let refused = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
        assert!(matches!(refused, Err(EffectError::Refused(said)) if said == refusal), "{fault:?}");
    }
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    assert_ne!(attempt.gateway_order_no.as_str(), order.order_no.as_str());
    let request = platform.gateway.requests().into_iter().next().unwrap();
    assert_eq!((request.body.as_str(), request.subject.as_str()), (order.order_no.as_str(), "collection的使用"));
}

#[tokio::test]
async fn a_callback_before_the_reply_pays_the_order() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    // The gateway has the charge and the payer pays it, but the reply never reaches us.
    platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
    let lost = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
    assert!(matches!(lost, Err(EffectError::Refused(PayRefusal::ChargeUnknown))));
    let charge = platform.gateway.charges().into_iter().next().unwrap();
    platform.gateway.payer_pays(&charge.id).unwrap();

    let body = platform.gateway.events().into_iter().next().unwrap().body;
    let event = platform.payments.verify(Some(GENUINE), body.as_bytes()).unwrap();
    for _ in 0..3 {
        assert_eq!(platform.payments.receive(&event).await.unwrap(), EventOutcome::Processed);
    }
    platform.clock.step(TimeDelta::minutes(1));
    assert_eq!(platform.payments.retry_inbox(10).await.unwrap().taken, 0, "what is processed is not tried again");

    let paid = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(paid.state.payment().map(|payment| payment.tender.channel_code()), Some("wx"));
    assert_eq!(platform.store.journal(buyer.id).len(), 1);
    let repeat = platform.orders.pay_by_charge(&buyer, order.order_no, Channel::Wx, PAYER_IP).await;
    assert!(matches!(repeat, Err(EffectError::Refused(PayRefusal::OrderPaid))));
    platform.audit().await;
}

#[tokio::test]
async fn a_callback_of_an_unknown_charge_is_kept_and_tried_again() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();
    let event = platform.gateway.events().into_iter().next().unwrap();

    // The same callback reaches a platform that does not know the number yet.
    let other = Platform::new();
    assert_eq!(other.payments.receive(&event).await.unwrap(), EventOutcome::Unmatched);
    assert_eq!(other.payments.retry_inbox(10).await.unwrap().done, 0);

    assert_eq!(platform.payments.receive(&event).await.unwrap(), EventOutcome::Processed);
    assert_eq!(platform.payments.receive(&event).await.unwrap(), EventOutcome::Processed);
    platform.audit().await;
}

#[tokio::test]
async fn an_order_heals_when_its_buyer_looks_although_the_callback_was_lost() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.gateway.payer_pays(attempt.charge_id.as_ref().unwrap()).unwrap();

    platform.gateway.fail_next(Call::FindCharge, Fault::LoseAnswer);
    let unknown = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(unknown.state, OrderState::Unpaid);
    assert_eq!(platform.orders.owned_courses(buyer.id).await.unwrap(), []);
    let healed = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert!(matches!(healed.state, OrderState::Paid(_)));
    let courses: Vec<_> = healed.lines.iter().map(|line| line.course_id).collect();
    assert_eq!(platform.orders.owned_courses(buyer.id).await.unwrap(), courses);
    platform.audit().await;
}

#[tokio::test]
async fn a_charge_paid_after_the_balance_has_paid_is_kept_for_refund() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 9_900).await;
    let order = platform.order(&buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    let charge_id = attempt.charge_id.unwrap();
    let paid = platform.orders.pay_from_balance(buyer.id, order.order_no.clone()).await.unwrap();
    assert!(matches!(paid, PaidOrder::Paid { .. }));

    let charge = platform.gateway.payer_pays(&charge_id).unwrap();
    platform.payments.confirm(&charge).await.unwrap();

    let receipt = platform.payments.find_receipt(buyer.id, &charge_id).await.unwrap().unwrap();
    assert_eq!((receipt.status, receipt.reason), (ReceiptStatus::RefundDue, Some(UnappliedReason::PaidAlready)));
    assert!(platform.wallet(&buyer).await.cash.is_zero());
    platform.audit().await;
}

#[tokio::test]
async fn a_refusal_says_nothing_of_an_earlier_request_until_the_list_was_looked_through() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let pay = || platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP);
    platform.gateway.fail_next(Call::CreateCharge, Fault::LoseRequest);
    for (seconds_between, refusal) in
        [(0, PayRefusal::ChargeUnknown), (45, PayRefusal::ChargeUnknown), (1, PayRefusal::ChargeRefused)]
    {
        platform.clock.step(TimeDelta::seconds(seconds_between));
        let refused = pay().await;
        assert!(
            matches!(&refused, Err(EffectError::Refused(said)) if *said == refusal),
            "{seconds_between} {refused:?}"
        );
        platform.gateway.fail_next(Call::CreateCharge, Fault::Refuse);
    }
    assert_eq!(platform.gateway.calls(Call::FindCharges), 1, "after 46 seconds");
    platform.gateway.heal();
    assert_ne!(pay().await.unwrap().gateway_order_no.as_str(), order.order_no.as_str(), "the refused one has ended");
}

#[tokio::test]
async fn an_attempt_that_has_ended_is_not_asked_about_when_somebody_reads() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.gateway.fail_next(Call::CreateCharge, Fault::Refuse);
    let refused = platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await;
    assert!(refused.is_err());
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    let calls = [Call::FindCharge, Call::FindCharges].map(|call| platform.gateway.calls(call));
    assert_eq!(calls, [1, 0]);
}

#[tokio::test]
async fn an_order_is_adopted_under_its_number_once() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    let number = OrderNo::parse("12134676899915430002").unwrap();
    let courses: Vec<_> = order.lines.iter().map(|line| line.course_id).collect();
    let adopt = |number: &OrderNo| platform.orders.adopt(buyer.id, number.clone(), courses.clone(), order.expires_at);
    let adopted = adopt(&number).await.unwrap().unwrap();
    assert_eq!((&adopted.order_no, adopted.amount, adopted.expires_at), (&number, order.amount, order.expires_at));
    assert_eq!(platform.orders.find(buyer.id, &number).await.unwrap(), Some(adopted));
    assert_eq!(adopt(&number).await.unwrap(), None);
}

#[tokio::test]
async fn a_reader_does_not_wait_for_a_gateway_out_of_reach_once_for_each_attempt() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    for channel in [Channel::Wx, Channel::Alipay] {
        platform.orders.pay_by_charge(&buyer, order.order_no.clone(), channel, PAYER_IP).await.unwrap();
    }
    platform.gateway.fail_until_healed(Call::FindCharge, Fault::LoseRequest);
    let read = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!((read.state, platform.gateway.calls(Call::FindCharge)), (OrderState::Unpaid, 1));
    platform.gateway.heal();
    platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(platform.gateway.calls(Call::FindCharge), 3);
}

#[tokio::test]
async fn a_callback_of_a_charge_that_is_not_paid_changes_nothing() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let order = platform.order(&buyer, 9_900).await;
    platform.orders.pay_by_charge(&buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    let unpaid = platform.gateway.charges().remove(0);
    let event = InboundEvent {
        id: GatewayEventId::parse("evt_000000000000000000000099").unwrap(),
        kind: "charge.updated".to_owned(),
        object: InboundObject::Charge(unpaid),
        body: "evt_000000000000000000000099".to_owned(),
        received_at: platform.clock.now(),
    };
    for _ in 0..2 {
        assert_eq!(platform.payments.receive(&event).await.unwrap(), EventOutcome::Ignored);
    }
    assert!(platform.store.receipts_of(buyer.id).is_empty());
    let read = platform.orders.find(buyer.id, &order.order_no).await.unwrap().unwrap();
    assert_eq!(read.state, OrderState::Unpaid);
}
