//! Headers and queries.

use crate::cashier::language;
use crate::config::ForwardedFor;
use crate::extract::client_address;
use crate::extract::fuzzing::{head_is_taken, media_type_is_taken, token_is_taken};
use crate::extract::idempotency_key;
use crate::language::Language;
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use std::net::{IpAddr, Ipv4Addr};

/// Each header that is looked at is taken exactly when a second reader says so. The input is a target, which
/// a head follows whose lines are `Name: value`.
pub fn headers(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let Some(target) = std::str::from_utf8(target).ok().filter(|target| target.parse::<actix_web::http::Uri>().is_ok())
    else {
        return;
    };
    let mut request = TestRequest::with_uri(target);
    let mut head = Vec::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            head.push((name.as_str().to_owned(), value.as_bytes().to_vec()));
            request = request.append_header((name, value));
        }
    }
    let request = request.to_http_request();
    let values = |wanted: &str| -> Vec<&[u8]> {
        head.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_slice()).collect()
    };
    credentials(&request, &values("authorization"));
    key(&request, &values("idempotency-key"));
    address(&request, &values("x-forwarded-for"));
    if values("accept").iter().all(|value| value.trim_ascii().is_empty()) {
        assert!(head_is_taken(&request));
    }
    if media_type_is_taken(&request) {
        assert_eq!(values("content-type").len(), 1);
    }
    languages(&request, &values("accept-language"));
}

fn credentials(request: &HttpRequest, values: &[&[u8]]) {
    let alone = match values {
        [value] => std::str::from_utf8(value).ok(),
        _ => None,
    };
    let words: Vec<&str> = alone.unwrap_or_default().split_ascii_whitespace().collect();
    let small_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let expected = match words.as_slice() {
        [scheme, token] => scheme.eq_ignore_ascii_case("token") && token.len() == 40 && token.bytes().all(small_hex),
        _ => false,
    };
    assert_eq!(token_is_taken(request), expected);
}

fn key(request: &HttpRequest, values: &[&[u8]]) {
    let read = idempotency_key(request);
    match values {
        [] => assert!(matches!(read, Ok(None))),
        [value] => {
            let visible = value.iter().all(|byte| (b'!'..=b'~').contains(byte));
            let good = (1..=255).contains(&value.len()) && visible;
            let kept = read.ok().flatten().map(|key| key.as_str().as_bytes().to_vec());
            assert_eq!(kept.as_deref(), good.then_some(*value));
        }
        _ => assert!(read.is_err()),
    }
}

fn address(request: &HttpRequest, values: &[&[u8]]) {
    let nobody = IpAddr::V4(Ipv4Addr::LOCALHOST);
    assert_eq!(client_address(request, ForwardedFor::Ignored), nobody);
    let believed = client_address(request, ForwardedFor::LastEntry);
    if believed != nobody {
        let last = values.last().and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
        let entry = last.split(',').next_back().unwrap_or_default().trim();
        assert_eq!(entry.parse::<IpAddr>().map(|address| address.to_canonical()), Ok(believed));
    }
}

fn languages(request: &HttpRequest, values: &[&[u8]]) {
    let spoken = Language::of(request.headers());
    let named = |tag: &str| values.iter().any(|value| String::from_utf8_lossy(value).to_lowercase().contains(tag));
    assert!(spoken == Language::English || named("zh"));
    if values.is_empty() && request.query_string().is_empty() {
        assert_eq!(language(request), Language::Chinese);
    }
}
