//! From an untrusted POST to an event that Ping++ has signed. Everything doubtful is an error.
//!
//! What is absent: the scheme has no protection against replay, so the caller must remember event
//! ids and compare amount, currency, app and livemode with what it stored.

use std::str;

use edupay_mischief::planted;
use openssl::sha::sha256;

use crate::signing::{PublicKeys, SignatureError};
use crate::wire::{Event, EventObject};

/// Verifies webhooks with the configured public keys.
#[derive(Debug, Clone)]
pub struct WebhookVerifier {
    keys: PublicKeys,
}

/// An event whose signature was accepted.
#[derive(Debug, Clone)]
pub struct VerifiedEvent {
    /// The event's id; where a document has none, one derived from the body, so that a repeat of
    /// the same bytes still has the same id.
    pub id: String,
    /// The event's type, as sent.
    pub kind: String,
    /// Whether real money moved.
    pub livemode: bool,
    /// Unix seconds of creation.
    pub created: i64,
    /// What it is about.
    pub object: EventObject,
    /// The body as it came.
    pub text: String,
}

/// Why a webhook is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The signature is missing or wrong, or there is no key: answer 401 and keep nothing.
    #[error("the webhook is not signed by the gateway")]
    Signature(#[from] SignatureError),
    /// Signed, but not a document this crate can read: answer an error so that it is sent again.
    #[error("the signed webhook cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl WebhookError {
    /// A stable code for logs and replies.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signature(reason) => reason.code(),
            Self::Unreadable(_) => "webhook_unreadable",
        }
    }
}

impl WebhookVerifier {
    /// A verifier that accepts signatures of any of `keys`; with none it refuses everything.
    #[must_use]
    pub fn new(keys: PublicKeys) -> Self {
        Self { keys }
    }

    /// Verifies the raw body against the header `X-Pingplusplus-Signature`, then reads it.
    ///
    /// `signature` is the header's value, `None` when the header is absent.
    ///
    /// # Errors
    /// [`WebhookError::Signature`] before a byte of the body is interpreted;
    /// [`WebhookError::Unreadable`] after that.
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<VerifiedEvent, WebhookError> {
        if !planted!("signature_not_verified") {
            self.keys.verify(body, signature.unwrap_or_default())?;
        }
        VerifiedEvent::read(body)
    }
}

impl VerifiedEvent {
    /// Reads a body that was verified before, when it came.
    ///
    /// # Errors
    /// [`WebhookError::Unreadable`] when it is not an event.
    pub fn read(body: &[u8]) -> Result<Self, WebhookError> {
        let text = str::from_utf8(body).map_err(unreadable)?;
        let event: Event = serde_json::from_str(text).map_err(unreadable)?;
        let object = event.read_object().map_err(unreadable)?;
        let id = event.id.filter(|id| !id.is_empty()).unwrap_or_else(|| derived_id(body));
        Ok(Self {
            id,
            kind: event.kind,
            livemode: event.livemode,
            created: event.created,
            object,
            text: text.to_owned(),
        })
    }
}

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> WebhookError {
    WebhookError::Unreadable(Box::new(cause))
}

/// The name of an event that gives none: of its body.
pub(crate) fn derived_id(body: &[u8]) -> String {
    // 24 of the 32 bytes: as an id it must fit where `evt_…` fits.
    let digest: String = sha256(body).iter().take(24).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256_{digest}")
}
