//! The only place that leaves async: one HTTP exchange on a thread of the blocking pool.

use ureq::http::Uri;
use ureq::http::header::RETRY_AFTER;
use ureq::{Agent, RequestBuilder};

use crate::fault::ServerFault;

/// More than a page of twenty signed texts has; the rest is not read.
const BODY_LIMIT: u64 = 4 * 1024 * 1024;

/// One request.
pub(crate) struct Exchange {
    pub(crate) agent: Agent,
    pub(crate) uri: Uri,
    /// A POST with this JSON, or a GET.
    pub(crate) json: Option<String>,
    pub(crate) authorization: String,
}

/// What came back, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// When the App Store wants to be asked again: milliseconds since 1970 UTC.
    pub(crate) retry_after: Option<i64>,
    pub(crate) body: Vec<u8>,
}

/// Does one exchange without blocking the caller's thread.
pub(crate) async fn perform(exchange: Exchange) -> Result<Answer, ServerFault> {
    tokio::task::spawn_blocking(move || run(&exchange)).await.map_err(|error| ServerFault::NoAnswer(error.into()))?
}

fn run(exchange: &Exchange) -> Result<Answer, ServerFault> {
    let Exchange { agent, uri, json, authorization } = exchange;
    let response = match json {
        Some(json) => with_headers(agent.post(uri.clone()), authorization)
            .header("Content-Type", "application/json")
            .send(json.as_bytes()),
        None => with_headers(agent.get(uri.clone()), authorization).call(),
    };
    let mut response = response.map_err(|error| ServerFault::NoAnswer(error.into()))?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = response.body_mut().with_config().limit(BODY_LIMIT).read_to_vec();
    let body = body.map_err(|error| ServerFault::NoAnswer(error.into()))?;
    Ok(Answer { status: response.status().as_u16(), retry_after, body })
}

fn with_headers<B>(request: RequestBuilder<B>, authorization: &str) -> RequestBuilder<B> {
    request.header("Authorization", authorization).header("Accept", "application/json")
}
