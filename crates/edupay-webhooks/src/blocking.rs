//! The only place that leaves async: one exchange on a thread of the blocking pool.

use crate::guard::{AddressRefused, NameUnresolved};
use chrono::{DateTime, TimeDelta, Utc};
use edupay_domain::event_delivery::{Answer, SendFault};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, Uri};
use ureq::{Agent, Error, Timeout};

/// Of an answer's body so much is read and forgotten, so that the receiver sees its answer taken; the rest
/// is not read.
const BODY_LIMIT: u64 = 64 * 1024;

/// One signed message.
pub(crate) struct Exchange {
    pub(crate) agent: Agent,
    pub(crate) uri: Uri,
    pub(crate) id: String,
    pub(crate) timestamp: i64,
    pub(crate) signature: String,
    pub(crate) body: String,
}

/// Sends it without blocking the caller's thread.
pub(crate) async fn perform(exchange: Exchange) -> Answer {
    let sent = tokio::task::spawn_blocking(move || run(&exchange)).await;
    sent.unwrap_or(Answer::None(SendFault::NotSent))
}

fn run(exchange: &Exchange) -> Answer {
    let request = exchange
        .agent
        .post(exchange.uri.clone())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &exchange.id)
        .header("webhook-timestamp", exchange.timestamp.to_string())
        .header("webhook-signature", &exchange.signature);
    match request.send(exchange.body.as_bytes()) {
        Ok(mut response) => {
            let answer = Answer::Status {
                status: response.status().as_u16(),
                retry_after: retry_after(response.headers(), now()),
            };
            // The status has said everything; how its body ends changes nothing.
            let _ = io::copy(&mut response.body_mut().with_config().limit(BODY_LIMIT).reader(), &mut io::sink());
            answer
        }
        Err(error) => Answer::None(fault(&error)),
    }
}

fn fault(error: &Error) -> SendFault {
    match error {
        Error::Other(cause) if cause.is::<AddressRefused>() => SendFault::AddressRefused,
        Error::Other(cause) if cause.is::<NameUnresolved>() => SendFault::NameUnresolved,
        Error::RequireHttpsOnly(_) | Error::BadUri(_) | Error::Http(_) => SendFault::AddressRefused,
        Error::Timeout(Timeout::Resolve) => SendFault::NameUnresolved,
        Error::Timeout(Timeout::Connect) | Error::ConnectionFailed | Error::Tls(_) | Error::Rustls(_) => {
            SendFault::NotConnected
        }
        Error::Timeout(_) => SendFault::TimedOut,
        Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable => SendFault::NotConnected,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => SendFault::TimedOut,
            _ => SendFault::Broken,
        },
        _ => SendFault::Broken,
    }
}

/// What `Retry-After` asks for: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<TimeDelta> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(TimeDelta::seconds(seconds.into()));
    }
    let date: DateTime<Utc> = DateTime::parse_from_rfc2822(text).ok()?.into();
    let seconds = date.timestamp().checked_sub(now)?;
    Some(TimeDelta::try_seconds(seconds)?.max(TimeDelta::zero()))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::HeaderValue;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_a_date() {
        for (text, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
            ("99999999999999", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            let read = retry_after(&headers, 1_445_412_420).map(|pause| pause.num_seconds());
            assert_eq!(read, expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), 0), None);
    }
}
