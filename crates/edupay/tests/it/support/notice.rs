//! Webhooks as the gateway would send them, made by hand: genuine, late, forged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};
use std::fs;

use super::demo::Demo;
use super::http::{Reply, Request};

/// An event's document and the signature that goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: String,
}

impl Notice {
    /// Signed with the sandbox's own key: the service can't tell it from the gateway's.
    pub(crate) fn genuine(demo: &Demo, event_id: &str, kind: &str, object: &Value) -> Self {
        let pem = fs::read(demo.sandbox.signing_key_file()).expect("the sandbox's signing key");
        let key = PKey::private_key_from_pem(&pem).expect("a private key");
        Self::signed_by(&key, event_id, kind, object)
    }

    /// Signed with a key that nobody knows.
    pub(crate) fn of_a_stranger(event_id: &str, kind: &str, object: &Value) -> Self {
        let rsa = Rsa::generate(2048).expect("a new key");
        let key = PKey::from_rsa(rsa).expect("a private key");
        Self::signed_by(&key, event_id, kind, object)
    }

    fn signed_by(key: &PKey<Private>, event_id: &str, kind: &str, object: &Value) -> Self {
        let event = json!({
            "id": event_id,
            "object": "event",
            "livemode": false,
            "created": object["created"].as_i64().unwrap_or(1_466_149_851),
            "type": kind,
            "data": { "object": object },
            "pending_webhooks": 0,
            "request": null,
        });
        let body = event.to_string().into_bytes();
        let mut signer = Signer::new(MessageDigest::sha256(), key).expect("a signer");
        let signature = signer.sign_oneshot_to_vec(&body).expect("a signature");
        Self { body, signature: STANDARD.encode(signature) }
    }

    pub(crate) fn request(&self) -> Request {
        unsigned_notice(&self.body).header("X-Pingplusplus-Signature", &self.signature)
    }

    pub(crate) fn send(&self, demo: &Demo) -> Reply {
        demo.call(self.request())
    }
}

/// The same POST without the header that proves it.
pub(crate) fn unsigned_notice(body: &[u8]) -> Request {
    Request::post("/webhooks/pingpp").json(body)
}

/// The charge as the gateway would show it after payment.
pub(crate) fn paid(charge: &Value) -> Value {
    let mut charge = charge.clone();
    charge["paid"] = true.into();
    charge["time_paid"] = charge["created"].clone();
    charge["transaction_no"] = "1217752501201407033233368018".into();
    charge["credential"] = json!({});
    charge
}
