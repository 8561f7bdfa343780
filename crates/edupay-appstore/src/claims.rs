//! What a signed text says of itself before anything of it was verified: enough to refuse it early and to
//! choose who verifies it. Nothing read here is handed on.

use app_store_server_library::crypto::jws;
use chrono::{DateTime, TimeDelta};
use edupay_domain::app_store::{SignatureRefusal, StoreEnvironment};
use edupay_domain::clock::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest text that is looked at; one of the App Store has about 4,000 bytes.
const LONGEST: usize = 64 * 1024;
/// Leaf, intermediate, root.
const CERTIFICATES: usize = 3;
/// How far the App Store's clock may be ahead of ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What kind of signed text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedKind {
    /// A transaction.
    Transaction,
    /// The payload of a notification.
    Notification,
}

/// What a text claims to be. Nothing is verified; one that can't be read claims to be a transaction.
#[must_use]
pub fn claimed_kind(signed: &str) -> SignedKind {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "notificationType")]
        notification_type: Option<serde::de::IgnoredAny>,
    }
    let claims = read::<Kind>(signed);
    let named = claims.is_ok_and(|kind| kind.notification_type.is_some());
    if named { SignedKind::Notification } else { SignedKind::Transaction }
}

/// What a text says of when and where it was signed.
pub(crate) trait Claims: DeserializeOwned {
    /// Milliseconds since 1970 UTC.
    fn signed_date(&self) -> Option<i64>;
    /// The App Store's name of the environment.
    fn environment(&self) -> Option<&str>;
}

/// The environment of a text that is worth verifying.
pub(crate) fn claimed_environment<C: Claims>(
    signed: &str,
    at: Timestamp,
) -> Result<StoreEnvironment, SignatureRefusal> {
    let claims: C = read(signed)?;
    let signed_date = claims.signed_date().ok_or(SignatureRefusal::NoSignedDate)?;
    let signed_at = DateTime::from_timestamp_millis(signed_date).ok_or(SignatureRefusal::Malformed)?;
    if signed_at.signed_duration_since(at) > CLOCK_SKEW {
        return Err(SignatureRefusal::SignedInFuture);
    }
    match claims.environment() {
        Some("Production") => Ok(StoreEnvironment::Production),
        Some("Sandbox") => Ok(StoreEnvironment::Sandbox),
        _ => Err(SignatureRefusal::OtherEnvironment),
    }
}

/// The head and the content of a text, the head as the App Store writes it. Both are read by the functions
/// that the verifier reads them with, so that nobody can show the two of us different things.
fn read<T: DeserializeOwned>(signed: &str) -> Result<T, SignatureRefusal> {
    if signed.len() > LONGEST {
        return Err(SignatureRefusal::Malformed);
    }
    let header = jws::decode_header(signed).map_err(|_| SignatureRefusal::Malformed)?;
    let certificates = header.x5c.map_or(0, |x5c| x5c.len());
    if header.alg.as_deref() != Some("ES256") || certificates != CERTIFICATES {
        return Err(SignatureRefusal::Malformed);
    }
    jws::decode_payload(signed).map_err(|_| SignatureRefusal::Malformed)
}

/// The claims of a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionClaims {
    signed_date: Option<i64>,
    environment: Option<String>,
}

impl Claims for TransactionClaims {
    fn signed_date(&self) -> Option<i64> {
        self.signed_date
    }

    fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }
}

/// The claims of a notification: where its environment stands depends on its kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationClaims {
    signed_date: Option<i64>,
    data: Option<Place>,
    summary: Option<Place>,
    external_purchase_token: Option<ExternalPurchaseToken>,
    app_data: Option<Place>,
}

#[derive(Deserialize)]
struct Place {
    environment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalPurchaseToken {
    external_purchase_id: Option<String>,
}

impl Claims for NotificationClaims {
    fn signed_date(&self) -> Option<i64> {
        self.signed_date
    }

    fn environment(&self) -> Option<&str> {
        let place = self.data.as_ref().or(self.summary.as_ref());
        if let Some(place) = place {
            return place.environment.as_deref();
        }
        if let Some(token) = &self.external_purchase_token {
            let sandbox = token.external_purchase_id.as_deref().is_some_and(|id| id.starts_with("SANDBOX"));
            return Some(if sandbox { "Sandbox" } else { "Production" });
        }
        self.app_data.as_ref().and_then(|place| place.environment.as_deref())
    }
}
