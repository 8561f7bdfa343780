//! The gateway's callbacks as the domain's port wants them.

use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayEventId;
use edupay_domain::payments::{CallbackRefusal, GatewayCallbacks, InboundEvent, InboundObject};

use crate::client::{charge, kept, refund};
use crate::webhook::{VerifiedEvent, WebhookError, WebhookVerifier, derived_id};
use crate::wire::EventObject;

impl GatewayCallbacks for WebhookVerifier {
    fn verify(&self, signature: Option<&str>, body: &[u8], at: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
        match WebhookVerifier::verify(self, signature, body) {
            // Signed, so it is the gateway's, and it will not come for ever: kept for a newer program.
            Err(WebhookError::Unreadable(_)) => Ok(unreadable(body, at)?),
            event => inbound(event, at),
        }
    }

    fn read(&self, body: &str, at: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
        inbound(VerifiedEvent::read(body.as_bytes()), at)
    }
}

fn inbound(event: Result<VerifiedEvent, WebhookError>, at: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
    let event = event.map_err(|error| match error {
        WebhookError::Signature(_) => CallbackRefusal::BadSignature,
        WebhookError::Unreadable(_) => CallbackRefusal::Unreadable,
    })?;
    Ok(InboundEvent {
        id: GatewayEventId::parse(&event.id).map_err(|_| CallbackRefusal::Unreadable)?,
        kind: kept(event.kind),
        object: object(event.object),
        body: event.text,
        received_at: at,
    })
}

pub(crate) fn unreadable(body: &[u8], at: Timestamp) -> Result<InboundEvent, CallbackRefusal> {
    Ok(InboundEvent {
        id: GatewayEventId::parse(&derived_id(body)).map_err(|_| CallbackRefusal::Unreadable)?,
        kind: "unreadable".to_owned(),
        object: InboundObject::Unreadable,
        body: kept(String::from_utf8_lossy(body).into_owned()),
        received_at: at,
    })
}

/// A charge or refund with a number that we never give is somebody else's: acknowledged, left alone.
fn object(object: EventObject) -> InboundObject {
    match object {
        EventObject::Charge(document) => charge(*document).map_or(InboundObject::Other, InboundObject::Charge),
        EventObject::Refund(document) => refund(&document).map_or(InboundObject::Other, InboundObject::Refund),
        EventObject::Other => InboundObject::Other,
    }
}
