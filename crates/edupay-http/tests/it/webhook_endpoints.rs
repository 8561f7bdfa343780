//! Endpoints for events from outside: who may keep them, what is read, and what is told of secrets. The rules
//! are the real ones.

use crate::client::Request;
use crate::fixtures::{XIAOCHEN, XIAOYU, at};
use crate::service::{Ports, SECRET, Service};
use edupay_domain::event_delivery::{
    AddressPolicy, Attempt, AttemptOutcome, Change, ChangeEndpoint, Delivery, DeliveryState, Endpoint,
    EndpointDescription, EndpointId, EndpointUrl, QueuePing, RegisterEndpoint, SendFault, WantedEvents, WebhookSecret,
    change_endpoint, queue_ping, register_endpoint,
};
use edupay_domain::ids::EventId;
use edupay_domain::store::EffectError;
use serde_json::{Value, json};

const ID: &str = "ep_00000000000000000000000000000009";
const PATH: &str = "/v1/webhook-endpoints/ep_00000000000000000000000000000009";

fn endpoint() -> Endpoint {
    let command = RegisterEndpoint {
        id: EndpointId::parse(ID).unwrap(),
        url: EndpointUrl::parse("https://hooks.example.com/edupay").unwrap(),
        description: EndpointDescription::parse("对账").unwrap(),
        wants: WantedEvents::All,
        secret: WebhookSecret::parse(&format!("whsec_{}", "A".repeat(32))).unwrap(),
        addresses: AddressPolicy::PublicOnly,
        at: at(),
    };
    register_endpoint(&command, 0).unwrap()
}

fn delivery() -> Delivery {
    let ping = QueuePing { endpoint_id: endpoint().id, event_id: EventId::from_random(7), at: at() };
    let made = queue_ping(&ping, &endpoint()).unwrap();
    Delivery { state: DeliveryState::Failed { at: at() }, attempts: 2, last: Some(fault()), ..made }
}

fn fault() -> AttemptOutcome {
    AttemptOutcome::Fault(SendFault::TimedOut)
}

/// A store that knows one endpoint and, once it is registered, another.
fn serve() -> Service {
    let mut ports = Ports::new();
    ports.endpoints.expect_register().returning(|command, rule| rule(command, 1).map_err(EffectError::Refused));
    ports.endpoints.expect_list().returning(|| Ok(vec![endpoint()]));
    ports.endpoints.expect_find().returning(|id| Ok((id == endpoint().id).then(endpoint)));
    ports.endpoints.expect_change().returning(|command, rule| rule(command, &endpoint()).map_err(EffectError::Refused));
    ports
        .deliveries
        .expect_list_deliveries()
        .returning(|_, _, below, _| Ok(if below.is_none() { vec![delivery()] } else { Vec::new() }));
    ports.deliveries.expect_find_delivery().returning(|_, _| {
        let attempt =
            Attempt { number: 2, started_at: at(), took: chrono::TimeDelta::milliseconds(15_000), outcome: fault() };
        Ok(Some((delivery(), vec![attempt])))
    });
    let disabled = ChangeEndpoint { id: endpoint().id, change: Change::Disable, at: at() };
    let disabled = change_endpoint(&disabled, &endpoint()).unwrap();
    ports
        .deliveries
        .expect_ping()
        .returning(move |command, rule| rule(command, &disabled).map_err(EffectError::Refused));
    ports.serve()
}

fn post(service: &Service, path: &str, body: &Value) -> crate::client::Reply {
    service.call(Request::post(path).token(XIAOCHEN).json(body.to_string()))
}

#[test]
fn a_secret_is_told_when_it_is_made_and_never_again() {
    let service = serve();
    let body = json!({ "url": "https://hooks.example.com/", "event_types": ["order.paid", "order.paid"] });
    let made = post(&service, "/v1/webhook-endpoints", &body).expect(201).json();
    assert_eq!(made["secret"], SECRET);
    let expected = json!({
        "endpoint_id": "ep_00000000000000000000000000000007", "url": "https://hooks.example.com/", "description": "",
        "event_types": ["order.paid"], "status": "active", "paused_until": null, "resending_since": null,
        "secrets": [{ "created_at": "2016-06-15T03:53:50.598744Z", "expires_at": null }],
        "created_at": "2016-06-15T03:53:50.598744Z",
    });
    assert_eq!(made["endpoint"], expected);
    let rotated =
        post(&service, &format!("{PATH}/rotate-secret"), &json!({ "overlap_seconds": 60 })).expect(200).json();
    assert_eq!((&rotated["secret"], rotated["endpoint"]["secrets"].as_array().unwrap().len()), (&json!(SECRET), 2));
    assert_eq!(rotated["endpoint"]["secrets"][1]["expires_at"], "2016-06-15T03:54:50.598744Z");
    for path in ["/v1/webhook-endpoints", PATH] {
        let shown = service.call(Request::get(path).token(XIAOCHEN)).expect(200);
        assert!(!shown.text().contains("whsec_"), "{}", shown.text());
    }
}

#[test]
fn what_can_not_be_an_endpoint_is_refused_by_its_field() {
    let service = serve();
    for (body, field) in [
        (json!({}), "url"),
        (json!({ "url": "http://hooks.example.com/" }), "url"),
        (json!({ "url": "https://127.0.0.1/" }), "url"),
        (json!({ "url": "https://2130706433/" }), "url"),
        (json!({ "url": "https://a.example.com/", "event_types": ["order.eaten"] }), "event_types"),
        (json!({ "url": "https://a.example.com/", "event_types": "order.paid" }), "event_types"),
        (json!({ "url": "https://a.example.com/", "description": "a".repeat(256) }), "description"),
    ] {
        let refused = post(&service, "/v1/webhook-endpoints", &body).expect(400).json();
        assert_eq!(refused["errors"][0]["field"], field, "{body}: {refused}");
    }
    for since in ["2016-06-15T03:53:51Z", "yesterday", "2016-06-15"] {
        let refused = post(&service, &format!("{PATH}/resend"), &json!({ "since": since })).expect(400).json();
        assert_eq!(refused["errors"][0]["field"], "since", "{since}: {refused}");
    }
    let accepted = post(&service, &format!("{PATH}/resend"), &json!({ "since": "2016-06-15T11:00:00+08:00" }));
    assert_eq!(accepted.expect(202).json()["resending_since"], "2016-06-15T03:00:00.000000Z");
}

#[test]
fn deliveries_are_shown_with_what_went_wrong() {
    let service = serve();
    let list = service.call(Request::get(&format!("{PATH}/deliveries?limit=1")).token(XIAOCHEN)).expect(200).json();
    let shown = json!({
        "event_id": "00000000000000000000000000000007", "type": "ping", "user_id": null, "status": "failed",
        "attempts": 2, "last_http_status": null, "last_fault": "timed_out",
        "occurred_at": "2016-06-15T03:53:50.598744Z", "queued_at": "2016-06-15T03:53:50.598744Z", "due_at": null,
        "settled_at": "2016-06-15T03:53:50.598744Z",
    });
    assert_eq!(list["items"], json!([shown]));
    let next = list["next_cursor"].as_str().unwrap();
    let rest = service.call(Request::get(&format!("{PATH}/deliveries?cursor={next}")).token(XIAOCHEN));
    assert_eq!(rest.expect(200).json()["items"], json!([]));
    let one = format!("{PATH}/deliveries/00000000000000000000000000000007");
    let one = service.call(Request::get(&one).token(XIAOCHEN)).expect(200).json();
    assert_eq!(one["attempts"][0]["duration_ms"], 15_000);
    let ping = post(&service, &format!("{PATH}/ping"), &json!({})).expect(409);
    assert_eq!(ping.header("X-Error-Code"), Some("webhook_endpoint_disabled"));
}

#[test]
fn nobody_but_staff_sees_an_endpoint_and_an_odd_name_names_nothing() {
    let service = serve();
    service.call(Request::get(PATH).token(XIAOYU)).expect(403);
    for path in [
        "/v1/webhook-endpoints/ep_1",
        "/v1/webhook-endpoints/ep_00000000000000000000000000000001",
        "/v1/webhook-endpoints/ep_00000000000000000000000000000001/deliveries",
        &format!("{PATH}/deliveries/7"),
    ] {
        service.call(Request::get(path).token(XIAOCHEN)).expect(404);
    }
}
