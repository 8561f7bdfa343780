//! The App Store Server API: the two calls that tell what was missed.
//!
//! Written by hand although the verifier's library has a client: that one can be given no other address,
//! reads its key only when it calls, puts ids into the path as they are, and refuses a whole page for one
//! field that it does not know. What is absent: retries, and any trust in what is answered.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use edupay_domain::app_store::{AppStoreServer, AppStoreServerError, HistoryPage, StoreEnvironment};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::TransactionId;
use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::pkey::Private;
use serde::Deserialize;
use serde_json::json;
use ureq::Agent;
use ureq::http::Uri;

use crate::blocking::{Exchange, perform};
use crate::es256;
use crate::fault::ServerFault;
use crate::settings::{ServerSettings, SettingsError};

const PRODUCTION: &str = "https://api.storekit.apple.com";
const SANDBOX: &str = "https://api.storekit-sandbox.apple.com";
/// How long a request may be used, in seconds; the App Store takes up to an hour.
const TOKEN_LIFETIME: i64 = 5 * 60;

/// The App Store Server API over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct AppStoreServerClient {
    inner: Arc<Inner>,
}

struct Inner {
    settings: ServerSettings,
    key: EcKey<Private>,
    agent: Agent,
}

impl AppStoreServerClient {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError`] if something is missing, or the key or the address can't be right.
    pub fn new(mut settings: ServerSettings) -> Result<Self, SettingsError> {
        if settings.bundle_id.is_empty() {
            return Err(SettingsError::NoBundleId);
        }
        if settings.issuer_id.is_empty() || settings.key_id.is_empty() {
            return Err(SettingsError::NoIssuer);
        }
        if let Some(base) = &mut settings.api_base {
            base.truncate(base.trim_end_matches('/').len());
            check_base(base)?;
        }
        let key = es256::key(&settings.private_key)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent("edupay")
            .timeout_global(Some(settings.timeout))
            .build();
        Ok(Self { inner: Arc::new(Inner { settings, key, agent: Agent::new_with_config(config) }) })
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        environment: StoreEnvironment,
        target: &str,
        json: Option<String>,
    ) -> Result<T, ServerFault> {
        let Inner { settings, agent, .. } = self.inner.as_ref();
        let base = settings.api_base.as_deref().unwrap_or(match environment {
            StoreEnvironment::Production => PRODUCTION,
            StoreEnvironment::Sandbox => SANDBOX,
        });
        let uri = Uri::from_str(&format!("{base}{target}")).map_err(ServerFault::Unaddressed)?;
        let authorization = format!("Bearer {}", self.token().map_err(ServerFault::Unsigned)?);
        let answer = perform(Exchange { agent: agent.clone(), uri, json, authorization }).await?;
        if answer.status != 200 {
            let code = serde_json::from_slice(&answer.body).ok().and_then(|Refusal { code }| code);
            return Err(ServerFault::Refused { status: answer.status, code, retry_after: answer.retry_after });
        }
        serde_json::from_slice(&answer.body).map_err(ServerFault::Unreadable)
    }

    /// The token of one request.
    fn token(&self) -> Result<String, ErrorStack> {
        let Inner { settings, key, .. } = self.inner.as_ref();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or_default();
        let header = json!({ "alg": "ES256", "kid": settings.key_id, "typ": "JWT" });
        let claims = json!({
            "iss": settings.issuer_id,
            "iat": now,
            "exp": now.saturating_add(TOKEN_LIFETIME),
            "aud": "appstoreconnect-v1",
            "bid": settings.bundle_id,
        });
        es256::sign(key, &header.to_string(), claims.to_string().as_bytes())
    }
}

#[async_trait]
impl AppStoreServer for AppStoreServerClient {
    async fn notification_history(
        &self,
        environment: StoreEnvironment,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<HistoryPage, AppStoreServerError> {
        let mut target = "/inApps/v1/notifications/history".to_owned();
        if let Some(page) = page {
            target.push_str(&format!("?paginationToken={}", encoded(page)));
        }
        let span = json!({ "startDate": from.timestamp_millis(), "endDate": to.timestamp_millis() });
        let answer = self.ask(environment, &target, Some(span.to_string())).await.map_err(AppStoreServerError::new)?;
        let NotificationHistory { notification_history, has_more, pagination_token } = answer;
        let signed = notification_history.into_iter().filter_map(|record| record.signed_payload).collect();
        Ok(HistoryPage { signed, next: pagination_token.filter(|_| has_more) })
    }

    async fn refund_history(
        &self,
        environment: StoreEnvironment,
        id: &TransactionId,
        page: Option<&str>,
    ) -> Result<HistoryPage, AppStoreServerError> {
        let mut target = format!("/inApps/v2/refund/lookup/{}", encoded(id.as_str()));
        if let Some(page) = page {
            target.push_str(&format!("?revision={}", encoded(page)));
        }
        let answer = self.ask(environment, &target, None).await.map_err(AppStoreServerError::new)?;
        let RefundHistory { signed_transactions, has_more, revision } = answer;
        Ok(HistoryPage { signed: signed_transactions, next: revision.filter(|_| has_more) })
    }
}

impl fmt::Debug for AppStoreServerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppStoreServerClient").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotificationHistory {
    #[serde(default)]
    notification_history: Vec<NotificationRecord>,
    #[serde(default)]
    has_more: bool,
    pagination_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotificationRecord {
    signed_payload: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundHistory {
    #[serde(default)]
    signed_transactions: Vec<String>,
    #[serde(default)]
    has_more: bool,
    revision: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "errorCode")]
    code: Option<i64>,
}

fn check_base(base: &str) -> Result<(), SettingsError> {
    let uri = Uri::from_str(base).map_err(|_| SettingsError::BadApiBase)?;
    let scheme_is_known = uri.scheme_str().is_some_and(|scheme| ["http", "https"].contains(&scheme));
    if !scheme_is_known || uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
        return Err(SettingsError::BadApiBase);
    }
    Ok(())
}

/// As it may stand in a path or a query.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
