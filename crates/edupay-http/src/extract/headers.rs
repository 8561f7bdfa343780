//! Headers that every endpoint looks at: what the client accepts, and the idempotency key.

use crate::failure::Failure;
use crate::pattern::RoutePattern;
use crate::routes::DIFFERENCES;
use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT;
use actix_web::{FromRequest, HttpRequest};
use edupay_domain::idempotency::IdempotencyKey;
use std::future::{Ready, ready};

/// The client's name of a request.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The media type of CSV files.
const CSV: &str = "text/csv";

/// A request whose headers are in order, from whomever.
pub(crate) struct Anyone;

impl FromRequest for Anyone {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(check_accept(request).and_then(|()| idempotency_key(request)).map(|_| Self))
    }
}

/// Replies are JSON. `?format=json` says so too, and then the header does not count.
pub(super) fn check_accept(request: &HttpRequest) -> Result<(), Failure> {
    if request.query_string().split('&').any(|pair| pair == "format=json") {
        return Ok(());
    }
    let mut said = false;
    for value in request.headers().get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',').filter(|range| !range.trim().is_empty()) {
            said = true;
            if takes_json(range) || (takes(range, &[CSV]) && has_csv(request)) {
                return Ok(());
            }
        }
    }
    if said { Err(Failure::NotAcceptable) } else { Ok(()) }
}

fn takes_json(range: &str) -> bool {
    takes(range, &["*/*", "application/*", "application/json", "application/problem+json"])
}

fn takes(range: &str, kinds: &[&str]) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.trim_end_matches(['0', '.']).is_empty()));
    !refused && kinds.contains(&kind.as_str())
}

/// Whether the path has a CSV file, too.
fn has_csv(request: &HttpRequest) -> bool {
    request.app_data::<RoutePattern>().is_some_and(|pattern| pattern.0 == DIFFERENCES)
}

/// Whether a CSV file is asked for, and JSON is not named beside it.
pub(crate) fn wants_csv(request: &HttpRequest) -> bool {
    let values = request.headers().get_all(ACCEPT);
    let ranges: Vec<&str> = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let asked = |kinds: &[&str]| ranges.iter().any(|range| takes(range, kinds));
    has_csv(request) && asked(&[CSV]) && !asked(&["application/json"])
}

/// Given once, or not at all.
pub(crate) fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Failure> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else { return Ok(None) };
    let alone = keys.next().is_none();
    let key = key.to_str().ok().and_then(IdempotencyKey::parse).filter(|_| alone);
    key.map(Some).ok_or(Failure::BadIdempotencyKey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn whoever_takes_json_is_answered() {
        for (accept, accepted) in [
            ("*/*", true),
            ("application/json", true),
            ("APPLICATION/JSON; charset=utf-8", true),
            ("text/html, */*;q=0.8", true),
            ("application/*", true),
            ("application/xml", false),
            ("text/html", false),
            ("application/json;q=0", false),
            ("application/json;q=0.0", false),
            ("", true),
        ] {
            let request = TestRequest::default().insert_header(("Accept", accept)).to_http_request();
            assert_eq!(check_accept(&request).is_ok(), accepted, "{accept}");
        }
        let overridden =
            TestRequest::with_uri("/?format=json").insert_header(("Accept", "text/html")).to_http_request();
        assert!(check_accept(&overridden).is_ok());
    }

    #[test]
    fn an_idempotency_key_is_short_visible_and_alone() {
        let long = "k".repeat(256);
        for (keys, usable) in [
            (vec![], true),
            (vec!["a-key"], true),
            (vec![&long[..255]], true),
            (vec![long.as_str()], false),
            (vec![""], false),
            (vec!["a b"], false),
            (vec!["a", "a"], false),
        ] {
            let request = keys
                .iter()
                .fold(TestRequest::default(), |request, key| request.append_header(("Idempotency-Key", *key)));
            assert_eq!(idempotency_key(&request.to_http_request()).is_ok(), usable, "{keys:?}");
        }
    }
}
