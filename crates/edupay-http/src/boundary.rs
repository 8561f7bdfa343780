//! Where every request comes in and every reply goes out: the request's id, the headers that all
//! replies have, the dialect of failures, the one line in the log. Nothing is begun here before the body is
//! there and there is room to work on it.

use crate::admission::{Busy, Entrance, Permit};
use crate::cashier;
use crate::config::WebPath;
use crate::dialects::{Dialect, Speaker};
use crate::extract::{CallerId, IDEMPOTENCY_KEY, await_body, state};
use crate::failure::Failure;
use crate::language::Language;
use crate::pattern::RoutePattern;
use crate::services::State;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse, rt};
use futures_util::FutureExt;
use std::error::Error as StdError;
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::thread;
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The request's id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over.
const MAX_REQUEST_ID: usize = 64;
/// For replies that are data: nothing in them may be run or framed.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// What is known of a request before it is answered.
struct Arrival {
    state: Option<Data<State>>,
    method: Method,
    speaker: Speaker,
    since: Instant,
}

type Answer = Result<ServiceResponse<BoxBody>, Error>;

/// The outermost layer. A request is a task of its own from here on: the server drops what it waits
/// for when the client resets its connection, and what was sent in full must be carried through,
/// credentials, body and all. When the waiting is dropped, the task goes on; a body that breaks off
/// ends it before anything is done.
pub(crate) async fn boundary(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Answer {
    let (waiting, answer) = oneshot::channel();
    let arrival = Rc::new(Arrival::of(&request));
    rt::spawn(work(request, next, waiting, Rc::clone(&arrival)));
    // Whatever ended the task, it may have done its work: the client hears that nothing is known.
    answer.await.unwrap_or_else(|_| Err(arrival.abandon(Failure::Internal("a request's task ended"))))
}

/// The body first, then a place among those that are worked on, then the work. Who waits for it longer
/// than anybody should is told that the outcome is unknown; the work goes on, and keeps its place.
async fn work(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    waiting: oneshot::Sender<Answer>,
    arrival: Rc<Arrival>,
) {
    let Some(state) = arrival.state.clone() else {
        let _ = waiting.send(Err(arrival.abandon(Failure::Internal("the server has no state"))));
        return;
    };
    let permit = match let_in(&mut request, &state).await {
        Ok(permit) => permit,
        Err(busy) => {
            let _ = waiting.send(Ok(arrival.turn_away(request, busy)));
            return;
        }
    };
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        // Its reply is made where it is kept.
        request.extensions_mut().insert(arrival.speaker.clone());
    }
    let mut call = pin!(AssertUnwindSafe(next.call(request)).catch_unwind());
    // Who has gone is told nothing.
    match timeout(state.config.handler_deadline, call.as_mut()).await {
        Ok(outcome) => drop(waiting.send(arrival.answer(outcome))),
        Err(_) => {
            let _ = waiting.send(Err(arrival.abandon(Failure::Late)));
            let _ = arrival.answer(call.await);
        }
    }
    drop(permit);
}

async fn let_in<'a>(request: &mut ServiceRequest, state: &'a State) -> Result<Option<Permit<'a>>, Busy> {
    await_body(request, &state.config, &state.admission).await?;
    state.admission.enter(Entrance::of(request.path())).await
}

impl Arrival {
    fn of(request: &ServiceRequest) -> Self {
        let state = state(request.request()).ok();
        let config = state.as_ref().map(|state| &state.config);
        let dialect = Dialect::of(request.path(), config.map_or(&WebPath::ROOT, |config| &config.campus_web_path));
        let speaker = Speaker {
            dialect,
            language: match dialect {
                Dialect::Page => cashier::language(request.request()),
                _ => Language::of(request.headers()),
            },
            business_failure_status: config.map_or_else(Default::default, |config| config.business_failure_status),
            request_id: request_id(request.headers()),
        };
        if let Some(state) = &state {
            state.draining.arrived();
        }
        Self { state, method: request.method().clone(), speaker, since: Instant::now() }
    }

    /// What came of the call, panics included.
    fn answer(&self, outcome: thread::Result<Result<ServiceResponse<impl MessageBody + 'static>, Error>>) -> Answer {
        match outcome {
            Ok(Ok(reply)) => Ok(self.finish(reply.map_into_boxed_body())),
            Ok(Err(error)) => Err(self.abandon(failure_behind(&error, error.as_response_error().status_code()))),
            Err(_) => Err(self.abandon(Failure::Internal("a handler panicked"))),
        }
    }

    /// Writes the failure, if there is one, adds the headers, counts, logs.
    fn finish(&self, reply: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let status = reply.status();
        let (mut reply, cause) = match reply.response().error() {
            Some(error) => match error.as_error::<Failure>() {
                Some(failure) => {
                    let said = self.say(failure);
                    let cause = cause(failure);
                    (reply.into_response(said), cause)
                }
                None => {
                    let failure = failure_behind(error, status);
                    (reply.into_response(self.say(&failure)), Some(failure.to_string()))
                }
            },
            None => (reply, None),
        };
        self.complete(reply.response_mut());
        let request = reply.request();
        let user = request.extensions().get::<CallerId>().map(|caller| caller.0.get());
        let route = request.app_data::<RoutePattern>().map_or("none", |pattern| pattern.0);
        self.log(reply.status(), route, user, cause.as_deref());
        reply
    }

    /// The same where nothing was done. A flood of these is not a flood of lines in the log: it is counted.
    fn turn_away(&self, request: ServiceRequest, busy: Busy) -> ServiceResponse<BoxBody> {
        let mut reply = request.into_response(self.say(&Failure::Busy(busy)));
        self.complete(reply.response_mut());
        self.count(reply.status(), "none");
        reply
    }

    /// The same where the request itself is lost.
    fn abandon(&self, failure: Failure) -> Error {
        let mut reply: HttpResponse = self.say(&failure);
        self.complete(&mut reply);
        self.log(reply.status(), "unknown", None, Some(&failure.to_string()));
        InternalError::from_response(failure, reply).into()
    }

    /// Says a failure, and counts it if it turns somebody away.
    fn say(&self, failure: &Failure) -> HttpResponse {
        if let Some(state) = &self.state {
            state.requests.failed(failure);
        }
        self.speaker.say(failure)
    }

    /// What every reply has. While the server ends, each is the last on its connection.
    fn complete(&self, reply: &mut HttpResponse) {
        add_headers(reply.headers_mut(), &self.speaker.request_id);
        if self.state.as_ref().is_some_and(|state| state.draining.has_begun()) {
            reply.head_mut().set_connection_type(ConnectionType::Close);
        }
    }

    fn count(&self, status: StatusCode, route: &str) {
        if let Some(state) = &self.state {
            state.requests.answered(route, &self.method, status.as_u16(), self.since.elapsed());
        }
    }

    fn log(&self, status: StatusCode, route: &str, user: Option<i64>, cause: Option<&str>) {
        self.count(status, route);
        let duration_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, id, status) = (self.method.as_str(), self.speaker.request_id.as_str(), status.as_u16());
        if status >= 500 {
            tracing::error!(
                method,
                route,
                status,
                duration_ms,
                request.id = id,
                user.id = user,
                cause,
                "request failed"
            );
        } else {
            tracing::info!(method, route, status, duration_ms, request.id = id, user.id = user, "request answered");
        }
    }
}

/// What the headers of every reply are.
pub(crate) fn add_headers(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    for (name, value) in [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, DATA_POLICY)] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// The failure that a foreign error stands for.
fn failure_behind(error: &Error, status: StatusCode) -> Failure {
    match (error.as_error::<Failure>(), status) {
        (None, StatusCode::NOT_FOUND) => Failure::NotFound,
        (None, status) if status.is_client_error() => Failure::BodyBroken,
        _ => Failure::Internal("an error without a failure"),
    }
}

/// What the log says of a failure that is ours; the client never sees it.
fn cause(failure: &Failure) -> Option<String> {
    if !failure.status().is_server_error() {
        return None;
    }
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    Some(text)
}

/// The id that came, if it is one to 64 visible ASCII characters; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let usable = |id: &&str| (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    given.filter(usable).map_or_else(new_request_id, str::to_owned)
}

/// Each `RandomState` has keys of its own, so that two ids never meet; they are names, no secrets.
pub(crate) fn new_request_id() -> String {
    let random = || RandomState::new().hash_one(0_u8);
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_is_no_id_is_replaced() {
        let id = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
            request_id(&headers)
        };
        assert_eq!(id(b"abc-123"), "abc-123");
        assert_eq!(id(&[b'a'; 64]), "a".repeat(64));
        for odd in [&b""[..], b"a b", b"\xff", &[b'a'; 65]] {
            assert_eq!(id(odd).len(), 32, "{odd:?}");
        }
        assert_ne!(id(b""), id(b""));
    }
}
