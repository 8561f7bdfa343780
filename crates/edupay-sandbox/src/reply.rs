//! Replies: signed JSON, and the ways in which a reply can go wrong.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use edupay_pingpp::signing::REPLY_SIGNATURE_HEADER;

use crate::errors::ApiError;
use crate::faults::After;
use crate::shared::Shared;

const JSON: &str = "application/json;charset=UTF-8";

pub(crate) fn success(shared: &Shared, text: String, fault: Option<After>) -> HttpResponse {
    match fault {
        None => signed(shared, text.as_bytes()).body(text),
        Some(After::WrongSignature) => signed(shared, b"another reply").body(text),
        Some(After::Drop) => severed(),
        Some(After::Error) => failure(shared, &ApiError::server()),
        Some(After::Garbage) => begin(shared, StatusCode::OK)
            .content_type(ContentType::html())
            .body("<html><body><h1>Welcome to nginx!</h1></body></html>"),
        Some(After::Truncate) => {
            let body = BrokenBody::truncated(&text);
            signed(shared, text.as_bytes()).body(body)
        }
    }
}

pub(crate) fn failure(shared: &Shared, error: &ApiError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    begin(shared, status).content_type(JSON).body(error.text())
}

/// Closes the connection without a byte of a reply.
pub(crate) fn severed() -> HttpResponse {
    HttpResponse::Ok().body(BrokenBody { size: BodySize::Stream, part: None, pause: None })
}

fn signed(shared: &Shared, message: &[u8]) -> HttpResponseBuilder {
    let mut response = begin(shared, StatusCode::OK);
    response.content_type(JSON);
    if let Ok(signature) = shared.keys.pingpp.sign(message) {
        response.insert_header((REPLY_SIGNATURE_HEADER, signature));
    }
    response
}

fn begin(shared: &Shared, status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    if shared.options.close_connections {
        // Ping++'s Node SDK hangs on a connection that is used a second time.
        response.force_close();
    }
    response
}

/// A body that fails: at once, before the head is written, or after a part of it has gone out.
struct BrokenBody {
    size: BodySize,
    part: Option<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl BrokenBody {
    fn truncated(text: &str) -> Self {
        let whole = text.as_bytes();
        let half = whole.get(..whole.len() / 2).unwrap_or_default();
        Self {
            size: BodySize::Sized(u64::try_from(whole.len()).unwrap_or(u64::MAX)),
            part: Some(Bytes::copy_from_slice(half)),
            // Time for the first half to leave.
            pause: Some(Box::pin(sleep(Duration::from_millis(50)))),
        }
    }
}

impl MessageBody for BrokenBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if let Some(part) = self.part.take() {
            return Poll::Ready(Some(Ok(part)));
        }
        if let Some(pause) = self.pause.as_mut()
            && pause.as_mut().poll(context).is_pending()
        {
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the fault plan ends this reply"))))
    }
}
