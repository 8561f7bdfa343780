//! Events out of the real program: registered, signed, delivered at least once, whoever hangs and whatever
//! is killed.

use serde_json::{Value, json};

use crate::support::demo::{Demo, Program, texts};
use crate::support::http::Request;
use crate::support::patience::wait_for;
use crate::support::receiver::{Message, Receiver};
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU};

/// Registers an endpoint; its name and its secret.
fn register(demo: &Demo, receiver: &Receiver, types: &[&str]) -> (String, String) {
    let body = json!({ "url": receiver.url, "event_types": types }).to_string();
    let made = demo.call(Request::post("/v1/webhook-endpoints").token(XIAOCHEN).json(body)).expect_status(201).json();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&made["endpoint"]["endpoint_id"]), text(&made["secret"]))
}

fn post(demo: &Demo, path: &str, body: &Value) -> Value {
    let reply = demo.call(Request::post(path).token(XIAOCHEN).json(body.to_string()));
    assert!(reply.status < 300, "{path}: {} {}", reply.status, reply.text());
    reply.json()
}

fn get(demo: &Demo, path: &str) -> Value {
    demo.call(Request::get(path).token(XIAOCHEN)).expect_status(200).json()
}

fn is_of(message: &Message, order_no: &str) -> bool {
    message.json()["data"]["order_no"] == order_no
}

/// The delivery of an event, once it is of this status.
fn delivery(demo: &Demo, endpoint: &str, event: &str, status: &str) -> Value {
    wait_for(&format!("a delivery that is {status}"), || {
        let found = get(demo, &format!("/v1/webhook-endpoints/{endpoint}/deliveries/{event}"));
        (found["delivery"]["status"] == status).then_some(found)
    })
}

fn a_paid_order_is_told_to_whoever_registered(demo: &Demo) {
    let receiver = Receiver::answering(204);
    let before = demo.pay_in_balance(XIAOCHEN, ORDER_OF_66).expect_status(200).json();
    assert_eq!(before["status"], 1, "{before}");
    let (endpoint, secret) = register(demo, &receiver, &["order.paid"]);
    demo.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=100")).expect_status(200);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);

    let message = receiver.wait_for("the paid order", |message| is_of(message, ORDER_OF_99));
    assert!(message.is_signed_with(&secret), "{message:?}");
    let body = message.json();
    assert_eq!(body["type"], "order.paid");
    assert!(body["timestamp"].as_str().is_some_and(|text| text.ends_with('Z')), "{body}");
    let data = json!({ "user_id": 1, "order_no": ORDER_OF_99, "amount_fen": 9_900, "channel": "balance" });
    assert_eq!(body["data"], data);
    let found = delivery(demo, &endpoint, message.id(), "delivered");
    assert_eq!(found["delivery"]["last_http_status"], 204);
    assert_eq!(found["attempts"].as_array().map(Vec::len), Some(1), "{found}");

    // A test; then two secrets at once; then the same event again.
    let path = |rest: &str| format!("/v1/webhook-endpoints/{endpoint}{rest}");
    let ping = post(demo, &path("/ping"), &json!({}));
    let message = receiver.wait_for("the test", |message| message.json()["type"] == "ping");
    assert_eq!((message.id(), &message.json()["data"]), (ping["event_id"].as_str().expect("an id"), &json!({})));
    let rotated = post(demo, &path("/rotate-secret"), &json!({ "overlap_seconds": 3_600 }));
    let newer = rotated["secret"].as_str().expect("a secret");
    let event = found["delivery"]["event_id"].as_str().expect("an id");
    post(demo, &path(&format!("/deliveries/{event}/resend")), &json!({}));
    let again =
        receiver.wait_for("the order again", |message| is_of(message, ORDER_OF_99) && message.is_signed_with(newer));
    assert!(again.is_signed_with(&secret) && again.id() == event);

    // What happened before it was registered comes when it is asked for, and not before.
    assert!(!receiver.messages().iter().any(|message| is_of(message, ORDER_OF_66)));
    post(demo, &path("/resend"), &json!({ "since": "2016-01-01T00:00:00Z" }));
    receiver.wait_for("the order of before", |message| is_of(message, ORDER_OF_66));
    let log = demo.log();
    for secret in [secret.as_str(), newer, "whsec_", "canary"] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
}

fn an_event_is_delivered_although_the_program_is_killed(demo: &Demo) {
    let receiver = Receiver::answering(200);
    let (_, secret) = register(demo, &receiver, &[]);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    demo.kill();
    let mut command = demo.gateway_settings(demo.command(&["serve", "--listen", "127.0.0.1:0"]));
    command.env("EDUPAY_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES", "true");
    let _again = Program::start(command, &demo.data_dir().join("again.log"));
    let message = receiver.wait_for("the paid order", |message| is_of(message, ORDER_OF_99));
    assert!(message.is_signed_with(&secret));
}

fn an_endpoint_that_hangs_delays_nobody(demo: &Demo) {
    let (hanging, other) = (Receiver::answering(0), Receiver::answering(200));
    let (stuck, _) = register(demo, &hanging, &[]);
    let (quick, _) = register(demo, &other, &[]);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    let stuck_message = hanging.wait_for("the event that hangs", |message| is_of(message, ORDER_OF_99));
    let message = other.wait_for("the event beside it", |message| is_of(message, ORDER_OF_99));
    delivery(demo, &quick, message.id(), "delivered");
    for _ in 0..3 {
        let ping = post(demo, &format!("/v1/webhook-endpoints/{quick}/ping"), &json!({}));
        delivery(demo, &quick, ping["event_id"].as_str().expect("an id"), "delivered");
    }
    // Still the first attempt, and one at a time.
    assert_eq!(hanging.messages().len(), 1);
    // Once it is left and answers again, it gets its event.
    hanging.answer(200);
    let found = delivery(demo, &stuck, stuck_message.id(), "delivered");
    assert_eq!(found["attempts"][0]["fault"], "timed_out", "{found}");
}

fn an_endpoint_that_is_gone_is_disabled(demo: &Demo) {
    let receiver = Receiver::answering(410);
    let (endpoint, _) = register(demo, &receiver, &["order.paid"]);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    let message = receiver.wait_for("the paid order", |message| is_of(message, ORDER_OF_99));
    delivery(demo, &endpoint, message.id(), "failed");
    let path = format!("/v1/webhook-endpoints/{endpoint}");
    assert_eq!(get(demo, &path)["status"], "disabled");
    let failed = get(demo, &format!("{path}/deliveries?status=failed"));
    assert_eq!(failed["items"][0]["event_id"], message.id(), "{failed}");
    let ping = demo.call(Request::post(&format!("{path}/ping")).token(XIAOCHEN)).expect_status(409);
    assert_eq!(ping.header("X-Error-Code"), Some("webhook_endpoint_disabled"));
    receiver.answer(200);
    post(demo, &format!("{path}/enable"), &json!({}));
    post(demo, &format!("{path}/deliveries/{}/resend", message.id()), &json!({}));
    delivery(demo, &endpoint, message.id(), "delivered");
    demo.call(Request::new("DELETE", &path).token(XIAOCHEN)).expect_status(204);
    demo.call(Request::get(&path).token(XIAOCHEN)).expect_status(404);
}

fn endpoints_are_kept_by_staff_only(demo: &Demo) {
    let receiver = Receiver::answering(200);
    let (endpoint, secret) = register(demo, &receiver, &[]);
    let path = format!("/v1/webhook-endpoints/{endpoint}");
    for (method, path) in [
        ("GET", "/v1/webhook-endpoints".to_owned()),
        ("POST", "/v1/webhook-endpoints".to_owned()),
        ("GET", path.clone()),
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/rotate-secret")),
        ("GET", format!("{path}/deliveries")),
    ] {
        demo.call(Request::new(method, &path).token(XIAOYU)).expect_status(403);
        demo.call(Request::new(method, &path)).expect_status(401);
    }
    assert!(!get(demo, &path).to_string().contains(&secret), "a secret is told once");
    let bad = json!({ "url": "https://user@127.0.0.1/", "event_types": ["order.eaten"] }).to_string();
    let bad = demo.call(Request::post("/v1/webhook-endpoints").token(XIAOCHEN).json(bad)).expect_status(400).json();
    let wrong: Vec<_> =
        bad["errors"].as_array().expect("the fields").iter().map(|field| field["field"].clone()).collect();
    assert_eq!(wrong, ["url", "event_types"]);
}

fn the_command_line_keeps_endpoints(demo: &Demo) {
    let receiver = Receiver::answering(200);
    // Without the setting of a demo nothing but https and public addresses is registered.
    for url in ["http://hooks.example.com/", "https://127.0.0.1/", "https://2130706433/", receiver.url.as_str()] {
        let (_, err) = texts(&demo.edupay(&["webhook", "create", url]));
        assert!(err.starts_with("edupay: "), "{url}: {err}");
    }
    let line = |arguments: &[&str]| -> Value {
        serde_json::from_str(demo.edupay_ok(arguments).trim()).expect("a line of JSON")
    };
    let made = line(&["webhook", "create", "https://hooks.example.com/a", "--events", "order.paid,order.closed"]);
    let name = made["endpoint"]["endpoint_id"].as_str().expect("a name");
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!(line(&["webhook", "list"]), made["endpoint"]);
    let edited = line(&["webhook", "edit", name, "--description", "books", "--events", ""]);
    assert_eq!((&edited["description"], &edited["event_types"]), (&json!("books"), &json!([])));
    assert_eq!(edited["url"], "https://hooks.example.com/a");
    assert_eq!(line(&["webhook", "rotate", name])["endpoint"]["secrets"], 2);
    assert_eq!(line(&["webhook", "disable", name])["status"], "disabled");
    assert_eq!(
        line(&["webhook", "resend", name, "--since", "2016-01-01T00:00:00Z"])["resending_since"],
        "2016-01-01T00:00:00.000000Z"
    );
    assert_eq!(line(&["webhook", "remove", name]), json!({ "removed": name }));
    assert_eq!(demo.edupay_ok(&["webhook", "list"]), "");

    let (endpoint, _) = register(demo, &receiver, &[]);
    let ping = line(&["webhook", "ping", &endpoint]);
    let event = ping["event_id"].as_str().expect("an id");
    delivery(demo, &endpoint, event, "delivered");
    assert_eq!(line(&["webhook", "deliveries", &endpoint, "--status", "delivered"])["event_id"], event);
    let shown = line(&["webhook", "deliveries", &endpoint, "--event", event]);
    assert_eq!(shown["attempts"][0]["http_status"], 200, "{shown}");
    line(&["webhook", "resend", &endpoint, "--event", event]);
    wait_for("the test again", || (receiver.messages().len() == 2).then_some(()));
}

fn a_live_key_sends_to_public_addresses_only(demo: &Demo) {
    let mut command = demo.command(&["config"]);
    command.env("EDUPAY_PINGPP__API_KEY", "sk_live_canary").env("EDUPAY_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES", "true");
    let output = command.output().expect("the program runs");
    let (_, err) = texts(&output);
    assert!(!output.status.success() && err.contains("webhooks.allow_private_addresses"), "{err}");
}

on_both_databases!(
    a_paid_order_is_told_to_whoever_registered,
    an_event_is_delivered_although_the_program_is_killed,
    an_endpoint_that_is_gone_is_disabled,
    the_command_line_keeps_endpoints,
);

on_one_database!(
    an_endpoint_that_hangs_delays_nobody,
    endpoints_are_kept_by_staff_only,
    a_live_key_sends_to_public_addresses_only,
);
