//! Webhooks: signed, repeated, and with the faults of the plan.

use std::time::Duration;

use edupay_pingpp::webhook::WebhookVerifier;
use edupay_pingpp::wire::EventObject;
use serde_json::{Value, json};

use super::support::{Receiver, Running, charge_body, id, wait_for};

const NUMBER: &str = "12134676899915430002";

fn sandbox_with(receiver: &Receiver) -> Running {
    let sandbox = Running::start_with(|options| {
        options.webhook_retries = vec![Duration::from_millis(10); 3];
    });
    sandbox.send_webhooks_to(receiver);
    sandbox
}

fn paid(sandbox: &Running) -> Value {
    let charge = sandbox.create(NUMBER, "alipay", 9900);
    sandbox.pay(&charge);
    charge
}

fn deliveries(sandbox: &Running) -> Vec<Value> {
    sandbox.state()["deliveries"].as_array().unwrap().clone()
}

#[test]
fn a_paid_charge_is_announced_by_a_signed_event() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    let charge = paid(&sandbox);
    let webhook = receiver.wait_for(1).remove(0);
    let verifier = WebhookVerifier::new(sandbox.public_keys());
    let event = verifier.verify(webhook.signature.as_deref(), webhook.body.as_bytes()).unwrap();
    assert!(event.id.starts_with("evt_") && event.id.len() == 28, "{}", event.id);
    assert_eq!((event.kind.as_str(), event.livemode), ("charge.succeeded", false));
    let EventObject::Charge(document) = event.object else { panic!("no charge") };
    assert_eq!(document.charge.id, id(&charge));
    assert!(document.charge.paid);
    let kept = sandbox.get(&format!("/v1/events/{}", event.id)).ok();
    assert_eq!(kept, webhook.json());
    sandbox.get("/v1/events/evt_nothing").refused(404);
}

#[test]
fn a_webhook_is_repeated_until_it_is_accepted() {
    let receiver = Receiver::start(&[500, 302]);
    let sandbox = sandbox_with(&receiver);
    paid(&sandbox);
    let received = receiver.wait_for(3);
    assert_eq!(received[0].body, received[2].body);
    let statuses = wait_for("three deliveries", || {
        let found = deliveries(&sandbox);
        (found.len() == 3).then(|| found.iter().map(|delivery| delivery["status"].clone()).collect::<Vec<_>>())
    });
    assert_eq!(statuses, [json!(500), json!(302), json!(200)]);
}

#[test]
fn a_webhook_is_given_up_at_the_end_of_the_schedule() {
    let receiver = Receiver::start(&[500; 20]);
    let sandbox = sandbox_with(&receiver);
    paid(&sandbox);
    wait_for("four deliveries", || (deliveries(&sandbox).len() == 4).then_some(()));
    assert_eq!(deliveries(&sandbox)[3]["attempt"], 4);
    assert_eq!(receiver.received().len(), 4);
}

#[test]
fn test_case_001_is_delivered_twice() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    let mut body = charge_body(NUMBER, "alipay", 9900);
    body["metadata"] = json!({ "pingpp_tc": "001" });
    let charge = sandbox.post("/v1/charges", &body).ok();
    sandbox.pay(&charge);
    let received = receiver.wait_for(2);
    assert_eq!(received[0].body, received[1].body);
}

#[test]
fn test_case_002_is_not_delivered_at_once() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    let mut body = charge_body(NUMBER, "alipay", 9900);
    body["metadata"] = json!({ "pingpp_tc": "002" });
    sandbox.pay(&sandbox.post("/v1/charges", &body).ok());
    // The one paid afterwards arrives; the one paid before has not.
    let second = sandbox.create("12134676899915430003", "alipay", 9900);
    sandbox.pay(&second);
    let received = receiver.wait_for(1);
    assert_eq!(received[0].json()["data"]["object"]["id"], second["id"]);
}

#[test]
fn a_charge_can_be_paid_and_announced_before_its_creator_hears_of_it() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    sandbox.misbehave(&json!({ "webhooks": { "before_reply": 1 } }));
    let charge = sandbox.create(NUMBER, "alipay", 9900);
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(receiver.received()[0].json()["data"]["object"]["id"], charge["id"]);
    assert_eq!(charge["paid"], false, "the reply shows the charge as it was created");
    assert_eq!(sandbox.state()["charges"][0]["paid"], true);
}

#[test]
fn copies_are_sent_of_one_event() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    sandbox.misbehave(&json!({ "webhooks": { "duplicate": 2, "shuffle": true, "shuffle_window_ms": 20 } }));
    paid(&sandbox);
    let received = receiver.wait_for(3);
    assert!(received.iter().all(|webhook| webhook.body == received[0].body));
}

#[test]
fn signatures_can_be_wrong_or_missing() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    sandbox.misbehave(&json!({ "webhooks": { "bad_signature": 1 } }));
    paid(&sandbox);
    let webhook = receiver.wait_for(1).remove(0);
    let signature = webhook.signature.unwrap();
    assert!(sandbox.public_keys().verify(webhook.body.as_bytes(), &signature).is_err());
    sandbox.misbehave(&json!({ "webhooks": { "no_signature": 1 } }));
    sandbox.pay(&sandbox.create("12134676899915430003", "alipay", 9900));
    assert_eq!(receiver.wait_for(2)[1].signature, None);
}

#[test]
fn a_withheld_event_can_be_sent_later() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    paid(&sandbox);
    let state = sandbox.state();
    assert_eq!(state["deliveries"][0]["status"], Value::Null);
    let event = id(&state["events"][0]).to_owned();
    let delivery = sandbox.plain("POST", &format!("/sandbox/events/{event}/resend"), "").ok();
    assert_eq!(delivery["status"], 200);
    assert_eq!(receiver.received()[0].json()["id"], event);
    assert_eq!(sandbox.plain("POST", "/sandbox/events/evt_nothing/resend", "").status, 404);
}

#[test]
fn a_webhook_can_tell_another_amount_than_was_paid() {
    let receiver = Receiver::start(&[]);
    let sandbox = sandbox_with(&receiver);
    sandbox.misbehave(&json!({ "webhooks": { "wrong_amount": true, "wrong_livemode": true } }));
    paid(&sandbox);
    let event = receiver.wait_for(1)[0].json();
    assert_eq!(event["data"]["object"]["amount"], 9901);
    assert_eq!(event["data"]["object"]["livemode"], true);
    assert_eq!(event["livemode"], true);
    assert_eq!(sandbox.state()["charges"][0]["amount"], 9900);
}

#[test]
fn without_an_address_an_event_is_kept() {
    let sandbox = Running::start();
    paid(&sandbox);
    let delivery = wait_for("the note", || deliveries(&sandbox).first().cloned());
    assert_eq!(delivery["status"], Value::Null);
    assert_eq!(sandbox.state()["events"].as_array().unwrap().len(), 1);
}
