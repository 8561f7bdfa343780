//! The bytes of a body, within a limit and a deadline, before anything else is done.

use super::state;
use crate::admission::{Admission, Busy, Entrance};
use crate::config::HttpConfig;
use crate::failure::Failure;
use crate::routes::BILLS;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, StreamExt};
use std::future::{Ready, ready};
use std::pin::pin;
use tokio::time::timeout;

/// How much more than the limit is read away, so that a client which writes before it reads hears
/// our answer instead of a broken connection.
const DRAIN: usize = 1024 * 1024;

/// The body of a callback, as it came.
pub(crate) struct RawBody(pub(crate) Bytes);

impl FromRequest for RawBody {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(arrived(request).map(Self))
    }
}

/// What came of waiting for a body, for the extractor whose turn it is: who is calling is judged first.
struct Arrived(Result<Bytes, Failure>);

/// Waits for the whole body before anything is begun, so that a slow one takes no place from others.
///
/// # Errors
/// [`Busy`]: too many bodies are on their way already.
pub(crate) async fn await_body(
    request: &mut ServiceRequest,
    config: &HttpConfig,
    admission: &Admission,
) -> Result<(), Busy> {
    if request.path().starts_with(BILLS) {
        return Ok(());
    }
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return Ok(());
    }
    let entrance = Entrance::of(request.path());
    let limit = match entrance {
        Entrance::Callbacks => config.webhook_body_limit,
        Entrance::General | Entrance::Outside => config.body_limit,
    };
    let mut reading = pin!(read(request.headers(), payload, limit));
    // Most bodies are there when their heads are.
    let body = match reading.as_mut().now_or_never() {
        Some(body) => body,
        None => {
            let _counted = admission.await_body(entrance)?;
            timeout(config.body_deadline, reading).await.unwrap_or(Err(Failure::BodyTimeout))
        }
    };
    request.extensions_mut().insert(Arrived(body));
    Ok(())
}

/// A bill file, as it came. It may be large, so nobody reads it before it is known who sends it.
pub(crate) struct BillBody(pub(crate) Bytes);

impl FromRequest for BillBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = state(&request)?;
            let (limit, deadline) = (state.config.bill_body_limit, state.config.bill_body_deadline);
            let reading = read(request.headers(), payload, limit);
            timeout(deadline, reading).await.unwrap_or(Err(Failure::BodyTimeout)).map(Self)
        })
    }
}

/// The body that was waited for; none where none was announced.
///
/// # Errors
/// `BodyTooLarge`, `BodyTimeout`, `BodyBroken`.
pub(super) fn arrived(request: &HttpRequest) -> Result<Bytes, Failure> {
    request.extensions_mut().remove::<Arrived>().map_or_else(|| Ok(Bytes::new()), |Arrived(body)| body)
}

async fn read(headers: &HeaderMap, payload: Payload, limit: usize) -> Result<Bytes, Failure> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let drained = limit.saturating_add(DRAIN);
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > drained)) {
        return Err(Failure::BodyTooLarge);
    }
    collect(payload, limit, drained).await
}

async fn collect(mut payload: Payload, limit: usize, drained: usize) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    let mut length = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Failure::BodyBroken)?;
        length = length.saturating_add(chunk.len());
        if length > drained {
            break;
        } else if length <= limit {
            body.extend_from_slice(&chunk);
        }
    }
    if length > limit { Err(Failure::BodyTooLarge) } else { Ok(body.freeze()) }
}
