//! The only place that leaves async: one HTTP exchange on a thread of the blocking pool.
//!
//! A call that has begun goes on when its caller is gone, so a dropped future never cuts a request
//! in half.

use std::error::Error as StdError;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::OwnedSemaphorePermit;
use ureq::http::Uri;
use ureq::{Agent, Body, http};

use crate::connecting::NotConnected;
use crate::signing::{REPLY_SIGNATURE_HEADER, RequestSigner, SIGNATURE_HEADER, TIMESTAMP_HEADER};

/// More than any reply of Ping++ has; the rest is not read.
const BODY_LIMIT: u64 = 1024 * 1024;

/// One request, ready but for its signature.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) agent: Agent,
    pub(crate) uri: Uri,
    /// A POST with this JSON, or a GET.
    pub(crate) json: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) signer: Option<RequestSigner>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) signature: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No byte of the request reached anybody.
    NotSent(Box<dyn StdError + Send + Sync>),
    /// The request, or a part of it, may have arrived.
    Unknown(Box<dyn StdError + Send + Sync>),
}

/// Does one exchange without blocking the caller's thread. The turn is held until the exchange has
/// ended, also when nobody waits for it any more.
pub(crate) async fn perform(exchange: Exchange, turn: OwnedSemaphorePermit) -> Result<Answer, Failure> {
    let work = move || {
        let answer = run(&exchange);
        drop(turn);
        answer
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(error) => Err(Failure::Unknown(error.into())),
    }
}

fn run(exchange: &Exchange) -> Result<Answer, Failure> {
    let response = match &exchange.json {
        Some(json) => {
            let request =
                exchange.agent.post(exchange.uri.clone()).header("Content-Type", "application/json; charset=UTF-8");
            with_headers(request, exchange, json)?.send(json.as_bytes())
        }
        None => with_headers(exchange.agent.get(exchange.uri.clone()), exchange, "")?.call(),
    };
    read(response.map_err(classify)?)
}

fn with_headers<B>(
    mut request: ureq::RequestBuilder<B>,
    exchange: &Exchange,
    body: &str,
) -> Result<ureq::RequestBuilder<B>, Failure> {
    if let Some(authorization) = &exchange.authorization {
        request = request.header("Authorization", authorization);
    }
    if let Some(signer) = &exchange.signer {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or_default();
        let target = exchange.uri.path_and_query().map_or("/", |target| target.as_str());
        let signature =
            signer.sign_request(body.as_bytes(), target, now).map_err(|error| Failure::NotSent(error.into()))?;
        request = request.header(SIGNATURE_HEADER, signature).header(TIMESTAMP_HEADER, now.to_string());
    }
    Ok(request)
}

fn read(mut response: http::Response<Body>) -> Result<Answer, Failure> {
    let signature =
        response.headers().get(REPLY_SIGNATURE_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().with_config().limit(BODY_LIMIT).read_to_vec();
    let body = body.map_err(|error| Failure::Unknown(error.into()))?;
    Ok(Answer { status: response.status().as_u16(), signature, body })
}

/// Only what fails before the connection stands, or in building the request, proves that nothing
/// was sent.
fn classify(error: ureq::Error) -> Failure {
    let never_sent = match &error {
        ureq::Error::Other(cause) => cause.is::<NotConnected>(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => true,
        _ => false,
    };
    if never_sent { Failure::NotSent(error.into()) } else { Failure::Unknown(error.into()) }
}
