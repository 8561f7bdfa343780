//! Requests that are done once per `Idempotency-Key` (contract section 3): what is asked becomes a digest,
//! the first reply is kept as it is sent, and a repeat gets the same bytes.
//!
//! A reply is kept when it is final: a success, or a refusal that the same request would meet again. What
//! nobody knows yet, and what could not be done at all, is not kept; a repeat finds out. What is wrong with a
//! request before anything is asked of the domain (its fields, its token) never uses its key.

use crate::dialects::{ERROR_CODE, Speaker};
use crate::extract::{SentBody, idempotency_key};
use crate::failure::Failure;
use crate::pattern::RoutePattern;
use crate::services::State;
use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use edupay_domain::idempotency::{ClaimedKey, KeyTurn, KeyedOutcome, KeyedRequest, Once, RequestDigest, StoredReply};
use edupay_domain::ids::UserId;
use edupay_domain::store::StoreError;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Says that a reply was kept before.
pub(crate) const HIT: HeaderName = HeaderName::from_static("idempotency-hit");
/// What of a reply's head is its own. The rest (the request's id, the policies) belongs to each sending.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_LANGUAGE, LOCATION, ERROR_CODE];

/// A request that has a key.
pub(crate) struct Keyed {
    request: KeyedRequest,
    speaker: Speaker,
}

impl Keyed {
    /// The request's key, if it has one. Its body, if it takes one, has been read.
    pub(crate) fn of(request: &HttpRequest, state: &State, user_id: UserId) -> Result<Option<Self>, Failure> {
        let Some(key) = idempotency_key(request)? else { return Ok(None) };
        let speaker = request.extensions().get::<Speaker>().cloned();
        let speaker = speaker.ok_or(Failure::Internal("a request with a key has no speaker"))?;
        let request = state.services.idempotency.request(user_id, key, digest(request));
        Ok(Some(Self { request, speaker }))
    }

    /// What an effect of one transaction carries. `render` makes the reply of its outcome.
    pub(crate) fn once<T: 'static>(
        &self,
        render: impl Fn(&T) -> Result<HttpResponse, Failure> + Send + Sync + 'static,
    ) -> Once<T> {
        let speaker = self.speaker.clone();
        let render = move |outcome: &T| final_reply(&speaker, render(outcome)).ok();
        Once { request: self.request.clone(), render: Arc::new(render) }
    }
}

/// Does a request of several steps. Where it has a key, `work` is given its turn and runs only then; what it
/// answers is kept before it is sent.
pub(crate) async fn by_steps(
    request: &HttpRequest,
    state: &State,
    user_id: UserId,
    work: impl AsyncFnOnce(Option<&KeyTurn>) -> Result<HttpResponse, Failure>,
) -> Result<HttpResponse, Failure> {
    let Some(keyed) = Keyed::of(request, state, user_id)? else { return work(None).await };
    let keys = &state.services.idempotency;
    let turn = match keys.claim(keyed.request).await? {
        ClaimedKey::Turn(turn) => turn,
        ClaimedKey::Known(outcome) => return said(outcome),
    };
    match final_reply(&keyed.speaker, work(Some(&turn)).await) {
        // What was done stays done, so a store that fails now leaves the whole unknown.
        Ok(reply) => said(keys.answer(turn.claim, reply).await.map_err(StoreError::after_a_committed_step)?),
        Err(failure) => {
            // Where this fails too, a repeat waits for the end of the lease.
            let _ = keys.give_back(turn.claim).await;
            Err(failure)
        }
    }
}

/// What is sent for an outcome.
pub(crate) fn said(outcome: KeyedOutcome) -> Result<HttpResponse, Failure> {
    match outcome {
        KeyedOutcome::First(reply) => sent(reply),
        KeyedOutcome::Replayed(reply) => {
            let mut response = sent(reply)?;
            response.headers_mut().insert(HIT, HeaderValue::from_static("true"));
            Ok(response)
        }
        KeyedOutcome::OtherRequest => Err(Failure::KeyReused),
        KeyedOutcome::Running => Err(Failure::KeyInUse),
    }
}

/// The reply to be kept, or the failure of which none is.
fn final_reply(speaker: &Speaker, outcome: Result<HttpResponse, Failure>) -> Result<StoredReply, Failure> {
    let response = match outcome {
        Err(failure) if !failure.is_final() => return Err(failure),
        Err(failure) => speaker.say(&failure),
        Ok(response) => response,
    };
    kept(response).ok_or(Failure::Internal("a reply can't be kept"))
}

fn kept(response: HttpResponse) -> Option<StoredReply> {
    let status = response.status();
    let (response, body) = response.into_parts();
    let body = body.try_into_bytes().ok()?;
    let mut head = String::new();
    for name in KEPT {
        if let Some(value) = response.headers().get(&name) {
            head.push_str(name.as_str());
            head.push_str(": ");
            head.push_str(value.to_str().ok()?);
            head.push('\n');
        }
    }
    let body = String::from_utf8(body.to_vec()).ok()?;
    (!status.is_server_error()).then(|| StoredReply { status: status.as_u16(), head, body })
}

fn sent(reply: StoredReply) -> Result<HttpResponse, Failure> {
    let unreadable = || Failure::Internal("a kept reply is none");
    let mut response = HttpResponse::new(StatusCode::from_u16(reply.status).map_err(|_| unreadable())?);
    for line in reply.head.lines() {
        let (name, value) = line.split_once(": ").ok_or_else(unreadable)?;
        let name = HeaderName::try_from(name).map_err(|_| unreadable())?;
        response.headers_mut().insert(name, HeaderValue::from_str(value).map_err(|_| unreadable())?);
    }
    Ok(response.set_body(reply.body).map_into_boxed_body())
}

/// What is asked: the method, the route with whatever in it varies, and the bytes of the body. How the path
/// is spelled does not count, and neither does what the body is called.
fn digest(request: &HttpRequest) -> RequestDigest {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        // With its length, so that no two requests run together into the same bytes.
        digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(bytes);
    };
    part(request.method().as_str().as_bytes());
    part(request.app_data::<RoutePattern>().map_or("", |pattern| pattern.0).as_bytes());
    for (_, value) in request.match_info().iter() {
        part(value.as_bytes());
    }
    part(request.extensions().get::<SentBody>().map_or(&[][..], |body| &body.0));
    RequestDigest(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;

    fn digest_of(
        method: actix_web::http::Method,
        route: &'static str,
        order_no: &'static str,
        body: &'static str,
    ) -> [u8; 32] {
        let request = TestRequest::default().method(method).app_data(RoutePattern(route)).param("order_no", order_no);
        let request = request.to_http_request();
        request.extensions_mut().insert(SentBody(Bytes::from_static(body.as_bytes())));
        digest(&request).0
    }

    #[test]
    fn requests_differ_in_method_route_its_parts_and_body() {
        use actix_web::http::Method;
        let digests = [
            digest_of(Method::POST, "/a/{order_no}", "1", "{}"),
            digest_of(Method::PUT, "/a/{order_no}", "1", "{}"),
            digest_of(Method::POST, "/b/{order_no}", "1", "{}"),
            digest_of(Method::POST, "/a/{order_no}", "12", "{}"),
            digest_of(Method::POST, "/a/{order_no}", "1", "2{}"),
            digest_of(Method::POST, "/a/{order_no}", "1", "{ }"),
        ];
        for (index, digest) in digests.iter().enumerate() {
            assert!(digests.iter().skip(index).skip(1).all(|other| other != digest), "{index}");
        }
        assert_eq!(digests[0], digest_of(Method::POST, "/a/{order_no}", "1", "{}"));
    }

    #[test]
    fn a_kept_reply_is_sent_as_it_was() {
        let first = HttpResponse::Created()
            .insert_header((LOCATION, "/v1/orders/1"))
            .insert_header(("x-request-id", "a"))
            .json("课");
        let reply = kept(first).unwrap();
        assert_eq!(reply.body, "\"课\"");
        let again = said(KeyedOutcome::Replayed(reply.clone())).unwrap();
        assert_eq!(again.headers().get(HIT).unwrap(), "true");
        assert_eq!(again.headers().get(LOCATION).unwrap(), "/v1/orders/1");
        assert!(!again.headers().contains_key("x-request-id"));
        assert_eq!(kept(again), Some(reply));
        assert_eq!(kept(HttpResponse::ServiceUnavailable().finish()), None);
    }
}
