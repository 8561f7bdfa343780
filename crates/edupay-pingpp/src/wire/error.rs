//! The error object of every reply that is not 2xx.

use serde::{Deserialize, Serialize};

/// `{"error":{…}}`, the whole body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEnvelope {
    /// What was refused and why.
    pub error: ErrorBody,
}

/// The refusal itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `invalid_request_error`, `api_error`, `channel_error` or `card_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A sentence for people, in the language of the request.
    #[serde(default)]
    pub message: String,
    /// A stable code, where Ping++ gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The parameter that was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
}
