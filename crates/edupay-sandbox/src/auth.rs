//! Who may call: the API key, and the signature of the request.

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edupay_pingpp::signing::{SIGNATURE_HEADER, TIMESTAMP_HEADER};

use crate::API_KEY;
use crate::clock::system_now;
use crate::errors::ApiError;
use crate::shared::Shared;

/// Accepts a request with the sandbox's key and, where one is given or needed, a right signature.
pub(crate) fn authorize(shared: &Shared, request: &HttpRequest, body: &[u8]) -> Result<(), ApiError> {
    if api_key(request).as_deref() != Some(API_KEY) {
        return Err(ApiError::unauthorized());
    }
    let signature = header(request, SIGNATURE_HEADER).trim();
    if signature.is_empty() {
        if shared.options.require_signature && request.method() == Method::POST {
            return Err(ApiError::request("没有提供签名串，需要在 header 中加入签名串。"));
        }
        return Ok(());
    }
    // The target exactly as it was sent: Node's SDK signs a question mark without a query.
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let timestamp = header(request, TIMESTAMP_HEADER);
    check_timestamp(shared, timestamp)?;
    shared
        .keys
        .merchant
        .verify_request(body, target, timestamp, signature)
        .map_err(|_| ApiError::request("提供了无效的签名。"))
}

fn check_timestamp(shared: &Shared, text: &str) -> Result<(), ApiError> {
    let time: i64 = text.parse().map_err(|_| ApiError::request("请求时间戳无效。"))?;
    match shared.options.max_clock_skew {
        Some(skew) if system_now().abs_diff(time) > skew.as_secs() => Err(ApiError::request("请求时间戳已过期。")),
        _ => Ok(()),
    }
}

/// The key from `Basic` (as the user) or `Bearer`.
fn api_key(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    Some(pair.split_once(':').map_or(pair.as_str(), |(user, _)| user).to_owned())
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
