//! A gateway that does not answer: after a while it is not asked for charges any more, and everything that
//! needs no charge goes on.

use crate::support::demo::Demo;
use crate::support::http::Request;
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU};
use serde_json::json;

/// As many as the circuit concludes anything from.
const CALLS: usize = 20;

fn a_silent_gateway_is_not_asked_for_charges_and_the_balance_still_pays(demo: &Demo) {
    let top_up = || {
        let body = r#"{"amount_fen":100,"channel":"alipay"}"#;
        demo.call(Request::post("/v1/top-ups").token(XIAOYU).json(body))
    };
    let is_open = || {
        let page = demo.call(Request::get("/metrics")).text();
        page.lines().any(|line| line == "edupay_charge_circuit_open 1")
    };
    demo.sandbox.misbehave(&json!({ "create": { "error_before": true } }));
    let mut calls = 0;
    while !is_open() {
        // The background work may have asked for some of them again.
        assert!(calls < CALLS, "the circuit is closed after {calls} calls without an answer");
        let unknown = top_up().expect_status(504);
        assert_eq!(unknown.json()["code"], "charge_unknown");
        calls += 1;
    }

    // Nothing was sent, so nothing is unknown: each dialect says that the charge was refused, and when to
    // come again.
    let keyed = |request: Request, key: &str| demo.call(request.header("Idempotency-Key", key));
    let top_up_once = || {
        let body = r#"{"amount_fen":200,"channel":"alipay"}"#;
        keyed(Request::post("/v1/top-ups").token(XIAOCHEN).json(body), "top-up")
    };
    let by_order_once = || {
        let form = format!("order_no={ORDER_OF_66}&channel=alipay");
        keyed(Request::put("/pay/pay_for_order/").token(XIAOCHEN).form(form), "order")
    };
    let campus_once = || {
        let body = r#"{channel:"wx",subject:"x",body:"x",amount:188,userID:"10129580",itemIDs:"10000002",type:0}"#;
        keyed(Request::post("/api/Pay/PayMoney").token(XIAOCHEN).json(body), "campus")
    };
    let (halted, by_order, campus) = (top_up_once(), by_order_once(), campus_once());
    assert_eq!(halted.json()["code"], "charges_halted");
    assert_eq!(by_order.json(), json!({ "status": -4, "message": "支付请求失败" }));
    assert_eq!(campus.json(), json!({ "error": 1, "message": "支付请求失败" }));
    for reply in [halted, by_order, campus] {
        assert_eq!((reply.status, reply.header("X-Error-Code")), (503, Some("charges_halted")));
        let seconds: u64 = reply.header("Retry-After").and_then(|text| text.parse().ok()).expect("a time");
        assert!((1..=10).contains(&seconds), "{seconds}");
    }
    assert!(demo.sandbox.charges().is_empty());
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);

    demo.sandbox.behave();
    let charge = wait_for("the gateway to be asked again", || {
        let reply = demo.pay_for_order(XIAOCHEN, ORDER_OF_66, "alipay").json();
        (reply["status"] == 0).then(|| reply["ch"].clone())
    });
    assert_eq!(charge["amount"], 6_600);
    assert!(!is_open());

    // A key is not used up by a gateway that could not be asked: the repeat is a new try.
    assert_eq!(top_up_once().expect_status(201).header("Idempotency-Hit"), None);
    let (by_order, campus) = (by_order_once(), campus_once());
    assert_eq!((by_order.header("Idempotency-Hit"), &by_order.json()["ch"]["id"]), (None, &charge["id"]));
    assert_eq!((campus.header("Idempotency-Hit"), &campus.json()["error"]), (None, &json!(0)));
    for again in [top_up_once(), by_order_once(), campus_once()] {
        assert_eq!(again.header("Idempotency-Hit"), Some("true"), "{}", again.text());
    }
}

on_both_databases!(a_silent_gateway_is_not_asked_for_charges_and_the_balance_still_pays);
