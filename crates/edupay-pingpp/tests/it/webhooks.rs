//! From an untrusted POST to an event.

use chrono::DateTime;
use edupay_domain::payments::{CallbackRefusal, GatewayCallbacks, InboundObject};
use edupay_pingpp::signing::{PublicKeys, RequestSigner, SignatureError};
use edupay_pingpp::webhook::{WebhookError, WebhookVerifier};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use serde_json::{Value, json};

struct Gateway {
    signer: RequestSigner,
    verifier: WebhookVerifier,
}

impl Gateway {
    fn new() -> Self {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let keys = PublicKeys::from_pems([key.public_key_to_pem().unwrap()]).unwrap();
        let signer = RequestSigner::from_pem(&key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        Self { signer, verifier: WebhookVerifier::new(keys) }
    }

    fn receive(&self, body: &[u8]) -> Result<edupay_domain::payments::InboundEvent, CallbackRefusal> {
        let signature = self.signer.sign(body).unwrap();
        let at = DateTime::from_timestamp(1_466_149_851, 0).unwrap();
        GatewayCallbacks::verify(&self.verifier, Some(&signature), body, at)
    }
}

fn event(object: &Value) -> Value {
    json!({ "id": "evt_1", "object": "event", "type": "charge.succeeded", "livemode": false, "created": 1, "data": { "object": object } })
}

fn charge(order_no: &str) -> Value {
    json!({
        "id": "ch_1", "object": "charge", "created": 1, "livemode": false, "paid": true, "app": "app_1",
        "channel": "wx", "order_no": order_no, "amount": 100, "currency": "cny", "time_paid": 1_466_149_851,
    })
}

#[test]
fn a_signed_charge_reaches_the_rules() {
    let gateway = Gateway::new();
    let body = event(&charge("12134676899915430002")).to_string();
    let inbound = gateway.receive(body.as_bytes()).unwrap();
    assert_eq!(
        (inbound.id.as_str(), inbound.kind.as_str(), inbound.body.as_str()),
        ("evt_1", "charge.succeeded", body.as_str())
    );
    let InboundObject::Charge(read) = &inbound.object else { panic!("no charge") };
    assert_eq!((read.amount.fen(), read.paid), (100, true));
    assert_eq!(gateway.verifier.read(&body, inbound.received_at).unwrap(), inbound, "read again later, it is the same");
}

#[test]
fn a_refund_reaches_the_rules() {
    let refund = json!({ "id": "re_1", "object": "refund", "amount": 5, "status": "failed", "charge": "ch_1" });
    let inbound = Gateway::new().receive(event(&refund).to_string().as_bytes()).unwrap();
    assert!(matches!(inbound.object, InboundObject::Refund(_)));
}

#[test]
fn what_cannot_be_ours_is_acknowledged_and_left_alone() {
    for object in [charge("not one of our numbers"), json!({ "object": "transfer" })] {
        let inbound = Gateway::new().receive(event(&object).to_string().as_bytes()).unwrap();
        assert_eq!(inbound.object, InboundObject::Other);
    }
}

#[test]
fn nothing_unsigned_is_read() {
    let gateway = Gateway::new();
    let body = event(&charge("1")).to_string();
    for (signature, reason) in [
        (None, SignatureError::Blank),
        (Some(""), SignatureError::Blank),
        (Some("%"), SignatureError::NotBase64),
        (Some("AAAA"), SignatureError::Mismatch),
    ] {
        let refused = gateway.verifier.verify(signature, body.as_bytes());
        assert!(matches!(refused, Err(WebhookError::Signature(found)) if found == reason), "{signature:?}");
    }
    let good = gateway.signer.sign(body.as_bytes()).unwrap();
    let keyless = WebhookVerifier::new(PublicKeys::none()).verify(Some(&good), body.as_bytes());
    assert!(matches!(keyless, Err(WebhookError::Signature(SignatureError::NoKey))));
}

#[test]
fn what_is_signed_and_unreadable_is_kept_under_a_name_of_its_own() {
    let gateway = Gateway::new();
    let odd_refund = json!({ "id": "re_1", "object": "refund", "charge": "ch_1", "amount": 1, "status": "sideways" });
    for body in [b"\xff\0".to_vec(), b"{}".to_vec(), event(&odd_refund).to_string().into_bytes()] {
        let kept = gateway.receive(&body).unwrap();
        assert_eq!(kept.object, InboundObject::Unreadable);
        assert_eq!(kept.id, gateway.receive(&body).unwrap().id);
        assert!(!kept.body.contains('\0'), "no database keeps it");
    }
    assert_ne!(gateway.receive(b"{}").unwrap().id, gateway.receive(b"[]").unwrap().id);
}

#[test]
fn what_is_told_can_be_kept_by_every_database() {
    let mut odd = charge("1");
    odd["currency"] = json!("cn\0y");
    odd["channel"] = json!("\0");
    let mut sent = event(&odd);
    sent["type"] = json!("charge.\0");
    let inbound = Gateway::new().receive(sent.to_string().as_bytes()).unwrap();
    assert_eq!(inbound.kind, "charge.\u{fffd}");
    let InboundObject::Charge(charge) = inbound.object else { panic!("{:?}", inbound.object) };
    assert_eq!((charge.currency.as_str(), charge.channel.as_str()), ("cn\u{fffd}y", "\u{fffd}"));
}

#[test]
fn an_event_without_an_id_is_known_by_its_body() {
    let gateway = Gateway::new();
    let nameless = |number: &str| {
        let mut event = event(&charge(number));
        event.as_object_mut().unwrap().remove("id");
        gateway.receive(event.to_string().as_bytes()).unwrap().id
    };
    assert_eq!(nameless("1"), nameless("1"));
    assert_ne!(nameless("1"), nameless("2"));
}
