//! Callbacks of the gateway.

use crate::client::Request;
use crate::fixtures::at;
use crate::service::Ports;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{CallbackRefusal, InboundEvent, InboundObject, InboundStatus, MockInboxStore};
use edupay_domain::store::{StoreError, StoreFault};
use serde_json::json;
use std::sync::Arc;

pub(crate) fn event() -> InboundEvent {
    InboundEvent {
        id: GatewayEventId::parse("evt_1").unwrap(),
        kind: "no.such.type".to_owned(),
        object: InboundObject::Other,
        body: "{}".to_owned(),
        received_at: at(),
    }
}

/// `good` is the right signature of the body `{ }`, of any type.
fn ports() -> Ports {
    let mut ports = Ports::new();
    ports.callbacks.expect_verify().returning(|signature, body, _| match (signature, body) {
        (Some("good"), b"{ }") => Ok(event()),
        (Some("good"), b"[]") => Err(CallbackRefusal::Unreadable),
        _ => Err(CallbackRefusal::BadSignature),
    });
    ports
}

fn notice(signature: &[u8], body: &str) -> Request {
    Request::post("/webhooks/pingpp").json(body).header("X-Pingplusplus-Signature", signature)
}

#[test]
fn a_verified_callback_is_kept_and_answered() {
    let mut ports = ports();
    let mut inbox = MockInboxStore::new();
    inbox.expect_keep().times(2).returning(|_| Ok(Some(InboundStatus::Ignored)));
    ports.inbox = Arc::new(inbox);
    let service = ports.serve();
    assert_eq!(service.call(notice(b"good", "{ }")).expect(200).json(), json!({ "outcome": "ignored" }));
    let untyped = Request::post("/webhooks/pingpp/").body("{ }").header("X-Pingplusplus-Signature", "good");
    service.call(untyped).expect(200);
}

#[test]
fn a_bad_signature_is_refused_and_nothing_is_kept() {
    // The inbox expects nothing: a call would panic.
    let service = ports().serve();
    for (what, request) in [
        ("none", Request::post("/webhooks/pingpp").json("{ }")),
        ("empty", notice(b"", "{ }")),
        ("blank", notice(b"  ", "{ }")),
        ("wrong", notice(b"bad", "{ }")),
        ("no text", notice(b"\xff\xfe", "{ }")),
        ("another body", notice(b"good", "{}")),
        ("two", notice(b"good", "{ }").header("X-Pingplusplus-Signature", "good")),
    ] {
        let reply = service.call(request);
        assert_eq!(reply.status, 401, "{what}");
        assert_eq!(reply.header("X-Error-Code"), Some("bad_signature"), "{what}");
    }
    service.call(notice(b"good", "[]")).expect(400);
    service.call(notice(b"good", &" ".repeat(257 * 1024))).expect(413);
    service.call(Request::get("/webhooks/pingpp")).expect(405);
}

#[test]
fn a_callback_that_could_not_be_kept_is_sent_again() {
    let mut ports = ports();
    let mut inbox = MockInboxStore::new();
    inbox.expect_keep().returning(|_| Err(StoreError::new(StoreFault::Unavailable, "down")));
    ports.inbox = Arc::new(inbox);
    ports.serve().call(notice(b"good", "{ }")).expect(503);
}
