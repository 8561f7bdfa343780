//! Bodies and queries, decoded: the same rules for JSON, forms and queries.

use super::fields::Fields;
use super::headers::IDEMPOTENCY_KEY;
use super::raw_body::arrived;
use super::reader::{Decode, Reader};
use super::state;
use crate::failure::Failure;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::{Ready, ready};

/// The longest media type that is repeated in an answer.
const MAX_ECHO: usize = 100;

/// A decoded body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Decode> FromRequest for Body<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(decoded(request, Fields::from_json, |bytes| Ok(Fields::from_form(bytes))).map(Self))
    }
}

/// A decoded body whose JSON may be written as people write it (JSON5). An object that is called a form
/// is read as the object it is: old clients send one so, and no form begins with a brace.
pub(crate) struct LenientBody<T>(pub(crate) T);

impl<T: Decode> FromRequest for LenientBody<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let form = |bytes: &[u8]| match bytes.trim_ascii_start().first() {
            Some(b'{') => Fields::from_lenient_json(bytes),
            _ => Ok(Fields::from_form(bytes)),
        };
        ready(decoded(request, Fields::from_lenient_json, form).map(Self))
    }
}

/// The bytes of a body whose request has a key, left in the request's extensions.
pub(crate) struct SentBody(pub(crate) Bytes);

fn decoded<T: Decode>(
    request: &HttpRequest,
    json: fn(&[u8]) -> Result<Fields, Failure>,
    form: fn(&[u8]) -> Result<Fields, Failure>,
) -> Result<T, Failure> {
    let state = state(request)?;
    let bytes = arrived(request)?;
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        request.extensions_mut().insert(SentBody(bytes.clone()));
    }
    let fields = match (bytes.is_empty(), media_type(request.headers())) {
        (true, _) => Fields::default(),
        (false, Ok(MediaType::Json)) => json(&bytes)?,
        (false, Ok(MediaType::Form)) => form(&bytes)?,
        (false, Err(failure)) => return Err(failure),
    };
    Reader::decode(fields, &state.config)
}

/// A decoded query.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: Decode> FromRequest for Params<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let fields = Fields::from_form(request.query_string().as_bytes());
        ready(state(request).and_then(|state| Reader::decode(fields, &state.config)).map(Self))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    Json,
    Form,
}

/// The media type, if it is one of the two; a charset may be named when it is UTF-8.
pub(super) fn media_type(headers: &HeaderMap) -> Result<MediaType, Failure> {
    let mut values = headers.get_all(CONTENT_TYPE);
    let value = values.next().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    let unsupported = || Failure::MediaType(value.chars().take(MAX_ECHO).collect());
    let mut parts = value.split(';').map(str::trim);
    let kind = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "application/json" => MediaType::Json,
        "application/x-www-form-urlencoded" => MediaType::Form,
        _ => return Err(unsupported()),
    };
    let known = |charset: &str| {
        let charset = charset.trim_matches('"');
        ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
    };
    let odd_charset = parts.any(|part| match part.split_once('=') {
        Some((name, value)) => name.trim().eq_ignore_ascii_case("charset") && !known(value.trim()),
        None => false,
    });
    if odd_charset || values.next().is_some() { Err(unsupported()) } else { Ok(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn json_and_forms_in_utf_8_are_supported() {
        for (value, expected) in [
            ("application/json", Some(MediaType::Json)),
            ("Application/JSON", Some(MediaType::Json)),
            ("application/json; charset=utf-8", Some(MediaType::Json)),
            ("application/json;charset=\"UTF-8\"", Some(MediaType::Json)),
            ("application/json; charset=gbk", None),
            ("application/x-www-form-urlencoded", Some(MediaType::Form)),
            ("application/x-www-form-urlencoded; charset=UTF-8", Some(MediaType::Form)),
            ("multipart/form-data; boundary=x", None),
            ("text/plain", None),
            ("json", None),
            (";", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            match media_type(&headers) {
                Ok(kind) => assert_eq!(Some(kind), expected, "{value}"),
                Err(Failure::MediaType(text)) => assert_eq!((None, text.as_str()), (expected, value)),
                Err(other) => panic!("{value}: {other}"),
            }
        }
        assert!(media_type(&HeaderMap::new()).is_err());
    }
}
