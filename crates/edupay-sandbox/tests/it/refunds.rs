//! Refunds: accepted, settled, bounded by what was paid.

use serde_json::{Value, json};

use super::support::{Receiver, Running, id, wait_for};

fn paid(sandbox: &Running) -> Value {
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    assert_eq!(sandbox.pay(&charge).text, "success");
    // Its webhook, which goes nowhere, is out of the way.
    wait_for("the note", || (!sandbox.state()["deliveries"].as_array().unwrap().is_empty()).then_some(()));
    charge
}

fn refunds_path(charge: &Value) -> String {
    format!("/v1/charges/{}/refunds", id(charge))
}

fn wait_until(sandbox: &Running, charge: &Value, refund: &Value, status: &str) -> Value {
    let path = format!("{}/{}", refunds_path(charge), id(refund));
    wait_for(status, || Some(sandbox.get(&path).ok()).filter(|refund| refund["status"] == status))
}

#[test]
fn a_refund_is_pending_and_then_succeeds() {
    let sandbox = Running::start();
    let receiver = Receiver::start(&[]);
    let charge = paid(&sandbox);
    sandbox.send_webhooks_to(&receiver);
    let refund = sandbox.post(&refunds_path(&charge), &json!({ "amount": 100, "description": "部分退款" })).ok();
    assert!(id(&refund).starts_with("re_"));
    assert_eq!(refund["status"], "pending");
    assert_eq!(refund["succeed"], false);
    assert_eq!(refund["charge"], charge["id"]);
    let done = wait_until(&sandbox, &charge, &refund, "succeeded");
    assert_eq!(done["succeed"], true);
    assert!(done["time_succeed"].is_i64());
    let after = sandbox.get(&format!("/v1/charges/{}", id(&charge))).ok();
    assert_eq!(after["refunded"], true);
    assert_eq!(after["amount_refunded"], 100);
    assert_eq!(after["refunds"]["data"], json!([done]));
    let webhook = receiver.wait_for(1)[0].json();
    assert_eq!(webhook["type"], "refund.succeeded");
    assert_eq!(webhook["data"]["object"], done);
}

#[test]
fn refunds_never_exceed_what_was_paid() {
    let sandbox = Running::start();
    let charge = paid(&sandbox);
    let refund = |body: Value| sandbox.post(&refunds_path(&charge), &body);
    assert_eq!(refund(json!({ "amount": 9901, "description": "x" })).refused(400)["param"], "amount");
    assert_eq!(refund(json!({ "amount": 0, "description": "x" })).refused(400)["param"], "amount");
    assert_eq!(refund(json!({ "amount": 100 })).refused(400)["param"], "description");
    refund(json!({ "amount": 9000, "description": "x" })).ok();
    refund(json!({ "amount": 901, "description": "x" })).refused(400);
    assert_eq!(refund(json!({ "description": "the rest" })).ok()["amount"], 900);
    refund(json!({ "description": "nothing is left" })).refused(400);
    let list = sandbox.get(&format!("{}?limit=1", refunds_path(&charge))).ok();
    assert_eq!(list["data"][0]["amount"], 900, "newest first");
    assert_eq!(list["has_more"], true);
}

#[test]
fn a_repeated_refund_refunds_twice() {
    let sandbox = Running::start();
    let charge = paid(&sandbox);
    let body = json!({ "amount": 100, "description": "x" });
    let first = sandbox.post(&refunds_path(&charge), &body).ok();
    let second = sandbox.post(&refunds_path(&charge), &body).ok();
    assert_ne!(id(&first), id(&second));
}

#[test]
fn a_failed_refund_gives_its_amount_back() {
    let sandbox = Running::start();
    let receiver = Receiver::start(&[]);
    let charge = paid(&sandbox);
    sandbox.send_webhooks_to(&receiver);
    sandbox.misbehave(&json!({ "refund": { "fail_later": 1 } }));
    let refund = sandbox.post(&refunds_path(&charge), &json!({ "description": "x" })).ok();
    let failed = wait_until(&sandbox, &charge, &refund, "failed");
    assert_eq!(failed["failure_code"], "refund_refused");
    assert_eq!(receiver.wait_for(1)[0].json()["type"], "refund.failed");
    let after = sandbox.get(&format!("/v1/charges/{}", id(&charge))).ok();
    assert_eq!((&after["refunded"], &after["amount_refunded"]), (&json!(true), &json!(0)));
    assert_eq!(sandbox.post(&refunds_path(&charge), &json!({ "description": "x" })).ok()["amount"], 9900);
}

#[test]
fn an_unpaid_charge_is_not_refunded() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    let error = sandbox.post(&refunds_path(&charge), &json!({ "description": "x" })).refused(402);
    assert_eq!(error["code"], "charge_unexpected_status");
    sandbox.post("/v1/charges/ch_nothing/refunds", &json!({ "description": "x" })).refused(404);
    sandbox.get(&format!("{}/re_nothing", refunds_path(&charge))).refused(404);
}
