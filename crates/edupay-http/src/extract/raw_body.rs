//! The bytes of a body, within a limit and a deadline.

use super::state;
use crate::config::HttpConfig;
use crate::failure::Failure;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use std::time::Duration;
use tokio::time::timeout;

/// How much more than the limit is read away, so that a client which writes before it reads hears
/// our answer instead of a broken connection.
const DRAIN: usize = 1024 * 1024;

/// The body of a callback, as it came.
pub(crate) struct RawBody(pub(crate) Bytes);

impl FromRequest for RawBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = whole(request, payload, |config| (config.webhook_body_limit, config.body_deadline));
        Box::pin(async move { bytes.await.map(Self) })
    }
}

/// A bill file, as it came.
pub(crate) struct BillBody(pub(crate) Bytes);

impl FromRequest for BillBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = whole(request, payload, |config| (config.bill_body_limit, config.bill_body_deadline));
        Box::pin(async move { bytes.await.map(Self) })
    }
}

/// The body within the limits of its kind.
fn whole(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: fn(&HttpConfig) -> (usize, Duration),
) -> LocalBoxFuture<'static, Result<Bytes, Failure>> {
    let (request, payload) = (request.clone(), payload.take());
    Box::pin(async move {
        let (limit, deadline) = limits(&state(&request)?.config);
        read(&request, payload, limit, deadline).await
    })
}

/// Reads a body to its end.
///
/// # Errors
/// `BodyTooLarge`, `BodyTimeout`, `BodyBroken`.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
    deadline: Duration,
) -> Result<Bytes, Failure> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let drained = limit.saturating_add(DRAIN);
    if announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > drained)) {
        return Err(Failure::BodyTooLarge);
    }
    timeout(deadline, collect(payload, limit, drained)).await.map_err(|_| Failure::BodyTimeout)?
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
