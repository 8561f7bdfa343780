//! What must hold of signed texts, whatever they say. Each claim is a function of bytes that panics when it is
//! broken; the fuzz targets call it, and so does a test, over the seeds of the target.
//!
//! It is there for tests and for cargo-fuzz alone, which sets `cfg(fuzzing)`.

use app_store_server_library::crypto::jws::b64url_encode;
use app_store_server_library::models::jws_transaction_decoded_payload::JWSTransactionDecodedPayload;
use app_store_server_library::models::response_body_v2_decoded_payload::ResponseBodyV2DecodedPayload;
use chrono::{DateTime, TimeDelta};
use edupay_domain::app_store::{AppStoreSignatures, AppStoreTransaction, StoreEnvironment};
use edupay_domain::clock::Timestamp;
use std::sync::LazyLock;

use crate::claims::{NotificationClaims, TransactionClaims, claimed_environment};
use crate::settings::{AppStoreSettings, SettingsError};
use crate::{AppStoreVerifier, SignedKind, claimed_kind, decode};

/// In 2026.
const NOW: i64 = 1_772_366_400;
/// A head that is worth a look at the content.
const HEAD: &str = r#"{"alg":"ES256","x5c":["a","b","c"]}"#;

static VERIFIER: LazyLock<Result<AppStoreVerifier, SettingsError>> = LazyLock::new(|| {
    AppStoreVerifier::new(AppStoreSettings {
        bundle_id: "com.example.edupay".to_owned(),
        app_apple_id: Some(1_234_567_890),
        environment: StoreEnvironment::Production,
        roots: Vec::new(),
    })
});

/// Nothing is accepted that Apple has not signed.
pub fn signed_texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = (claimed_kind(text), claimed_environment::<NotificationClaims>(text, now()));
    let accepted = VERIFIER
        .as_ref()
        .map(|verifier| (verifier.transaction(text, now()).is_ok(), verifier.notification(text, now()).is_ok()));
    assert!(matches!(accepted, Ok((false, false))));
}

/// What a content claims before it is verified is what is read of it afterwards; what is taken of a
/// transaction or a notification can be kept. The input is the content that would be signed.
pub fn signed_contents(data: &[u8]) {
    let text = format!("{}.{}.AA", b64url_encode(HEAD.as_bytes()), b64url_encode(data));
    let claimed = claimed_environment::<TransactionClaims>(&text, now());
    if let Ok(payload) = serde_json::from_slice::<JWSTransactionDecodedPayload>(data) {
        let environment = StoreEnvironment::Sandbox;
        if let Ok(transaction) = decode::transaction(&payload, environment, &text) {
            keepable(&transaction);
            assert!(transaction.signed == text && transaction.environment == environment);
            if claimed.is_ok() {
                assert!(transaction.signed_at.signed_duration_since(now()) <= TimeDelta::minutes(5));
            }
        }
    }
    if let Ok(payload) = serde_json::from_slice::<ResponseBodyV2DecodedPayload>(data)
        && let Ok(notification) = decode::notification(&payload, None, &text)
    {
        assert_eq!(claimed_kind(&text), SignedKind::Notification);
        assert!(notification.id.as_str().len() <= 64 && notification.signed == text);
        let words = format!("{:?} {:?} {:?}", notification.kind, notification.subtype, notification.consumption_reason);
        assert!(!words.contains("\\0"), "{words}");
    }
}

fn keepable(transaction: &AppStoreTransaction) {
    assert!(transaction.refunded.milli_percent() <= 100_000);
    assert!(transaction.id.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(transaction.product_id.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    // Databases take every text but one with a NUL.
    let shown = format!("{:?} {:?} {:?}", transaction.product_type, transaction.ownership, transaction.price);
    assert!(!shown.contains("\\0"), "{shown}");
}

fn now() -> Timestamp {
    DateTime::from_timestamp(NOW, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_a_signed_text_says_it_is_read_or_refused() {
        hold("signed_texts", signed_texts);
        hold("signed_contents", signed_contents);
    }
}
