//! What the client is built from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::signing::{PublicKeys, RequestSigner};
use crate::wire::Hash;

/// Where the gateway is and who we are there. Its Debug form shows no secret.
#[derive(Clone)]
pub struct GatewaySettings {
    /// `https://api.pingxx.com`, or the sandbox's address; without a slash at the end.
    pub api_base: String,
    /// `sk_test_…` or `sk_live_…`.
    pub api_key: String,
    /// `app_…`.
    pub app_id: String,
    /// Requests are signed with it when there is one.
    pub signer: Option<RequestSigner>,
    /// Whether replies must be signed.
    pub replies: ReplySignatures,
    /// The member `extra` of a new charge, by channel: the URLs a browser returns to, for example.
    pub extra: BTreeMap<String, Hash>,
    /// For the connection to stand.
    pub connect_timeout: Duration,
    /// For the whole exchange.
    pub total_timeout: Duration,
}

/// How far the signatures of successful replies are checked.
#[derive(Debug, Clone)]
pub enum ReplySignatures {
    /// They are not looked at; TLS alone says who answered.
    Unchecked,
    /// A wrong one makes the outcome unknown, a missing one is accepted.
    CheckedIfPresent(PublicKeys),
    /// A wrong or missing one makes the outcome unknown.
    Required(PublicKeys),
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The address of the gateway is not an absolute http or https URL without a query.
    #[error("the gateway's address is not an http or https URL")]
    BadApiBase,
    /// Real money goes through TLS only.
    #[error("a live key needs an https address")]
    LiveKeyWithoutTls,
    /// The API key is neither `sk_test_…` nor `sk_live_…`.
    #[error("the API key is neither a test key nor a live key")]
    BadApiKey,
}

impl GatewaySettings {
    /// Settings with the usual time-outs, no signing and no check of replies.
    #[must_use]
    pub fn new(api_base: impl Into<String>, api_key: impl Into<String>, app_id: impl Into<String>) -> Self {
        Self {
            api_base: api_base.into(),
            api_key: api_key.into(),
            app_id: app_id.into(),
            signer: None,
            replies: ReplySignatures::Unchecked,
            extra: BTreeMap::new(),
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(8),
        }
    }
}

impl fmt::Debug for GatewaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaySettings")
            .field("api_base", &self.api_base)
            .field("app_id", &self.app_id)
            .field("signer", &self.signer)
            .field("replies", &self.replies)
            .finish_non_exhaustive()
    }
}
