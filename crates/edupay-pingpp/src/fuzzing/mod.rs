//! What must hold of what reads the gateway's documents, whatever they say. Each claim is a function of bytes
//! that panics when it is broken; the fuzz targets call it, and so does a test, over the seeds of the target.
//!
//! It is there for tests and for cargo-fuzz alone, which sets `cfg(fuzzing)`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use edupay_domain::payments::{CallbackRefusal, GatewayCallbacks, InboundEvent, InboundObject};
use std::sync::LazyLock;

use crate::callbacks::unreadable;
pub use crate::client::fuzzing::answers;
use crate::signing::PublicKeys;
use crate::webhook::WebhookVerifier;
use crate::wire::{Charge, ChargeDocument, ErrorEnvelope, Event, Hash, List, Refund};

/// The one message that is signed for [`KEYS`]. Nobody has kept the private key.
const MESSAGE: &[u8] = br#"{"id":"evt_1"}"#;
const SIGNATURE: &str = include_str!("signature.b64");
static KEYS: LazyLock<PublicKeys> =
    LazyLock::new(|| PublicKeys::from_pems([include_bytes!("public_key.pem")]).unwrap_or_default());

/// A callback that nobody has signed is refused. Once one was signed, what is read of it can be kept and is
/// the same each time; what can't be read has a name all the same.
pub fn callbacks(data: &[u8]) {
    let at = DateTime::UNIX_EPOCH;
    for keys in [PublicKeys::none(), KEYS.clone()] {
        let verifier = WebhookVerifier::new(keys);
        let refused = GatewayCallbacks::verify(&verifier, Some("AAAA"), data, at);
        assert!(matches!(refused, Err(CallbackRefusal::BadSignature)));
    }
    assert!(unreadable(data, at).is_ok_and(|event| keepable(&event)));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let verifier = WebhookVerifier::new(PublicKeys::none());
    let Ok(event) = GatewayCallbacks::read(&verifier, text, at) else { return };
    assert!(keepable(&event), "{event:?}");
    assert_eq!(event.body, text);
    if let InboundObject::Charge(charge) = &event.object {
        assert!(charge.amount.fen() >= 0 && charge.amount_refunded.fen() >= 0 && text.contains(&charge.document.0));
    }
    let again = GatewayCallbacks::read(&verifier, text, at);
    assert_eq!(again.ok().map(|again| format!("{again:?}")), Some(format!("{event:?}")));
}

/// Databases take every text but one with a NUL.
fn keepable(event: &InboundEvent) -> bool {
    let of_object = match &event.object {
        InboundObject::Charge(charge) => vec![charge.app_id.as_str(), &charge.currency, &charge.channel],
        InboundObject::Refund(refund) => refund.failure.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let mut texts = of_object.into_iter().chain([event.id.as_str(), &event.kind, &event.body]);
    texts.all(|text| !text.contains('\0'))
}

/// A charge, a refund, a list, an event or an error that is read and written is read again as the same; a
/// charge keeps its text.
pub fn documents(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(document) = ChargeDocument::parse(text) {
        assert!(document.text == text && document.charge.object == "charge");
        let mut charge = document.charge;
        clear(&mut charge);
        let written = serde_json::to_string(&charge).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Charge>(&written).ok(), Some(charge));
    }
    if let Ok(mut refund) = serde_json::from_str::<Refund>(text) {
        (refund.metadata, refund.extra) = (Hash::new(), Hash::new());
        let written = serde_json::to_string(&refund).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Refund>(&written).ok(), Some(refund));
    }
    if let Ok(list) = serde_json::from_str::<List<Refund>>(text) {
        assert!(serde_json::to_string(&list).is_ok());
    }
    if let Ok(event) = serde_json::from_str::<Event>(text) {
        let written = serde_json::to_string(&event).unwrap_or_default();
        let again = serde_json::from_str::<Event>(&written).map(|again| (again.id, again.kind));
        assert_eq!(again.ok(), Some((event.id.clone(), event.kind.clone())));
        assert!(text.contains(event.data.object.get()));
        let _ = event.read_object();
    }
    if let Ok(error) = serde_json::from_str::<ErrorEnvelope>(text) {
        let written = serde_json::to_string(&error).unwrap_or_default();
        assert_eq!(serde_json::from_str::<ErrorEnvelope>(&written).ok(), Some(error));
    }
}

/// Free members may hold floats, which do not come back as they were.
fn clear(charge: &mut Charge) {
    (charge.extra, charge.metadata, charge.credential) = (Hash::new(), Hash::new(), Hash::new());
    for refund in &mut charge.refunds.data {
        (refund.metadata, refund.extra) = (Hash::new(), Hash::new());
    }
}

/// A signature is accepted for the one message that was signed, and for no other. The input is a signature, a
/// line's end, and a message; or a key.
pub fn signatures(data: &[u8]) {
    assert!(!KEYS.is_empty());
    if let Some(end) = data.iter().position(|byte| *byte == b'\n') {
        let (signature, message) = data.split_at(end);
        let message = message.get(1..).unwrap_or_default();
        let Ok(signature) = std::str::from_utf8(signature) else { return };
        let right = STANDARD.decode(signature.trim()).ok() == STANDARD.decode(SIGNATURE.trim()).ok();
        assert_eq!(KEYS.verify(message, signature).is_ok(), right && message == MESSAGE);
        assert!(PublicKeys::none().verify(message, signature).is_err());
    }
    if let Ok(keys) = PublicKeys::from_pems([data]) {
        assert!(!keys.is_empty() && keys.verify(MESSAGE, "AAAA").is_err());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_the_gateway_says_it_is_read_or_refused() {
        hold("callbacks", callbacks);
        hold("documents", documents);
        hold("signatures", signatures);
        hold("answers", answers);
    }
}
