//! What a client hears when it is our fault, and when it is nobody's.

use crate::client::{Reply, Request};
use crate::fixtures::{CHARGE_ID, ORDER_NO, XIAOCHEN, attempt, order, top_up_subject};
use crate::service::Ports;
use edupay_domain::orders::PayRefusal;
use edupay_domain::payments::AttemptStatus;
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_http::BusinessFailureStatus;
use serde_json::json;
use std::sync::Mutex;

/// What the store answers to a payment from the balance.
fn pay(answer: EffectError<PayRefusal>, status: BusinessFailureStatus) -> Reply {
    let mut ports = Ports::new();
    ports.config.business_failure_status = status;
    let answer = Mutex::new(Some(answer));
    ports.orders.expect_pay_from_balance().returning(move |_, _| Err(answer.lock().unwrap().take().unwrap()));
    let form = format!("order_no={ORDER_NO}&channel=balance");
    ports.serve().call(Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form(form))
}

#[test]
fn business_failures_say_what_the_documents_say() {
    let owned = || PayRefusal::CourseOwned { name: "collection的使用1".to_owned() };
    for (refusal, message, code) in [
        (PayRefusal::InsufficientBalance, "您的余额不足,请充值!", "balance_insufficient"),
        (owned(), "你已经购买过\"collection的使用1\"课程,不能重复购买", "course_owned"),
        (PayRefusal::OrderNotFound, "订单不存在", "order_not_found"),
        (PayRefusal::OrderPaid, "订单已支付", "order_paid"),
        (PayRefusal::OrderClosed, "订单已关闭", "order_closed"),
        (PayRefusal::OrderCancelled, "订单已取消", "order_cancelled"),
        (PayRefusal::ChargeRefused, "支付请求失败", "charge_refused"),
        (PayRefusal::ChargeUnknown, "支付结果确认中", "charge_unknown"),
    ] {
        for (setting, status) in [(BusinessFailureStatus::Ok200, 200), (BusinessFailureStatus::BadRequest400, 400)] {
            let reply = pay(EffectError::Refused(refusal.clone()), setting).expect(status);
            assert_eq!(reply.json(), json!({ "status": -4, "message": message }));
            assert_eq!(reply.header("X-Error-Code"), Some(code));
        }
    }
}

#[test]
fn a_channel_that_is_not_offered_is_a_business_failure() {
    let service = Ports::new().serve();
    for (path, channels) in
        [("/pay/pay_in_balance/", ["wx", "cash", "Balance"]), ("/pay/pay_for_order/", ["balance", "WX", "alipay_wap"])]
    {
        for channel in channels {
            let form = format!("order_no={ORDER_NO}&channel={channel}");
            let reply = service.call(Request::put(path).token(XIAOCHEN).form(form)).expect(200);
            assert_eq!(reply.text(), r#"{"status":-4,"message":"无效的支付通道"}"#);
        }
    }
}

#[test]
fn what_is_no_proof_fills_no_balance() {
    let mut ports = Ports::new();
    // A charge of another amount, and then none.
    ports.charges.expect_find_attempt().returning(|_, charge| {
        Ok((charge.as_str() == CHARGE_ID).then(|| attempt(top_up_subject(), AttemptStatus::Paid)))
    });
    let service = ports.serve();
    for form in [
        "amount=100",
        "transaction=e30.e30.e30",
        "amount=100&transaction=e30.e30.e30",
        "charge=",
        "charge=ch_012345678901234567890123",
        "amount=100&charge=ch_WrHW58Ki5unLCSuf54OuHKCS",
        "transaction=a&charge=ch_WrHW58Ki5unLCSuf54OuHKCS",
    ] {
        let reply = service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form(form)).expect(200);
        assert_eq!(reply.text(), r#"{"status":-4,"message":"充值凭证无效"}"#, "{form}");
    }
    let reply =
        service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=x&charge=a")).expect(400);
    assert_eq!(reply.json(), json!({ "amount": ["A valid number is required."] }));
}

#[test]
fn a_store_that_fails_leaks_nothing_and_an_unknown_outcome_is_no_failure() {
    let secret = || "postgres://user:password@host/db at /src/tx.rs".to_owned();
    for (fault, status, code) in [
        (StoreFault::Unavailable, 503, "store_unavailable"),
        (StoreFault::Unknown, 503, "outcome_unknown"),
        (StoreFault::Corrupt, 500, "store_corrupt"),
    ] {
        let reply = pay(EffectError::Store(StoreError::new(fault, secret())), BusinessFailureStatus::Ok200);
        let reply = reply.expect(status);
        assert_eq!(reply.header("X-Error-Code"), Some(code));
        assert_eq!(reply.header("Retry-After").is_some(), status == 503);
        assert!(!reply.text().contains("postgres") && !reply.text().contains("fail"), "{}", reply.text());
        if fault == StoreFault::Unknown {
            assert!(reply.text().contains("Repeat the same request"), "{}", reply.text());
        }
    }
    let mut ports = Ports::new();
    ports.orders.expect_find().returning(|_, _| Err(StoreError::new(StoreFault::Unknown, "secret")));
    let reply = ports.serve().call(Request::get(&format!("/v1/orders/{ORDER_NO}")).token(XIAOCHEN)).expect(503);
    assert_eq!(reply.json()["code"], "outcome_unknown");
    assert!(!reply.text().contains("secret"));
}

#[test]
fn a_panic_is_an_internal_failure_wherever_it_happens() {
    let mut ports = Ports::new();
    ports.orders.expect_pay_from_balance().returning(|_, _| panic!("in a task"));
    ports.orders.expect_list().returning(|_, _, _| panic!("in a handler"));
    let service = ports.serve();
    let form = format!("order_no={ORDER_NO}&channel=balance");
    let reply = service.call(Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form(form)).expect(500);
    assert_eq!(reply.json(), json!({ "detail": "A server error occurred." }));
    let reply = service.call(Request::get("/v1/orders").token(XIAOCHEN)).expect(500);
    assert_eq!(reply.json()["code"], "internal");
    service.call(Request::get("/healthz")).expect(200);
}

#[test]
fn a_charge_without_a_document_is_not_confirmed_yet() {
    use edupay_domain::orders::{OpenChargePlan, OpenedCharge};
    let mut ports = Ports::new();
    ports.orders.expect_open_charge().returning(|_, _| {
        let mut attempt = attempt(top_up_subject(), AttemptStatus::Open);
        attempt.document = None;
        Ok(OpenedCharge::Planned { order: order(), plan: OpenChargePlan::Reuse(attempt) })
    });
    let form = format!("order_no={ORDER_NO}&channel=wx");
    let reply = ports.serve().call(Request::put("/pay/pay_for_order/").token(XIAOCHEN).form(form)).expect(200);
    assert_eq!(reply.text(), r#"{"status":-4,"message":"支付结果确认中"}"#);
}
