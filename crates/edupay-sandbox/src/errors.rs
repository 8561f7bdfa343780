//! Refusals in Ping++'s shape.

use edupay_pingpp::wire::{ErrorBody, ErrorEnvelope};

/// A refusal: the HTTP status and the error object.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) envelope: ErrorEnvelope,
}

impl ApiError {
    /// A wrong parameter.
    pub(crate) fn param(param: &str, message: impl Into<String>) -> Self {
        Self::build(400, "invalid_request_error", message, None, Some(param))
    }

    /// A request that is wrong as a whole.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::build(400, "invalid_request_error", message, None, None)
    }

    /// A request that the object's state does not allow.
    pub(crate) fn state(code: &str, message: impl Into<String>) -> Self {
        Self::build(402, "invalid_request_error", message, Some(code), None)
    }

    /// The channel's refusal.
    pub(crate) fn channel(code: &str, message: impl Into<String>, param: Option<&str>) -> Self {
        Self::build(402, "channel_error", message, Some(code), param)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::build(401, "invalid_request_error", "无效的 API Key。", None, None)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::build(404, "invalid_request_error", format!("No such {what}: {id}"), None, Some("id"))
    }

    pub(crate) fn no_route() -> Self {
        Self::build(404, "invalid_request_error", "Unrecognized request URL.", None, None)
    }

    pub(crate) fn throttled() -> Self {
        Self::build(403, "invalid_request_error", "请求过于频繁,超过并发限制。", None, None)
    }

    pub(crate) fn server() -> Self {
        Self::build(500, "api_error", "服务器内部错误。", None, None)
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(&self.envelope).unwrap_or_default()
    }

    fn build(status: u16, kind: &str, message: impl Into<String>, code: Option<&str>, param: Option<&str>) -> Self {
        let error = ErrorBody {
            kind: kind.to_owned(),
            message: message.into(),
            code: code.map(str::to_owned),
            param: param.map(str::to_owned),
        };
        Self { status, envelope: ErrorEnvelope { error } }
    }
}
