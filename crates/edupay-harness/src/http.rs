//! One request on one connection, and exactly what came of it. A library would hide the difference
//! between a request that was never sent and one whose answer is missing.

use crate::error::Failure;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    token: Option<String>,
    key: Option<String>,
    body: Option<String>,
}

/// What came back, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    head: String,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// By an answer.
    Answered(Answer),
    /// There was no connection, so nothing was asked.
    NotSent,
    /// The connection broke, or nothing came in time: whether it was done is unknown. It was written as a
    /// whole by this moment, if it was.
    Silent { written: Option<Instant> },
}

impl Request {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), token: None, key: None, body: None }
    }

    pub(crate) fn token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// An `Idempotency-Key`.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string());
        self
    }

    /// Asks and waits, never longer than that for any part of the answer.
    pub(crate) fn send(&self, address: SocketAddr, patience: Duration) -> Exchange {
        let Ok(mut stream) = TcpStream::connect_timeout(&address, patience) else { return Exchange::NotSent };
        let set = stream.set_read_timeout(Some(patience)).and_then(|()| stream.set_write_timeout(Some(patience)));
        if set.is_err() || stream.set_nodelay(true).is_err() {
            return Exchange::NotSent;
        }
        if stream.write_all(self.text().as_bytes()).is_err() {
            return Exchange::Silent { written: None };
        }
        let silent = Exchange::Silent { written: Some(Instant::now()) };
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes) {
            Ok(_) => {}
            // A reset after a whole answer takes nothing back.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(_) => return silent,
        }
        parse(&bytes).map_or(silent, Exchange::Answered)
    }

    fn text(&self) -> String {
        let body = self.body.as_deref().unwrap_or_default();
        let mut text = format!("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n", self.method, self.path);
        if let Some(token) = &self.token {
            text.push_str(&format!("Authorization: Token {token}\r\n"));
        }
        if let Some(key) = &self.key {
            text.push_str(&format!("Idempotency-Key: {key}\r\n"));
        }
        if self.body.is_some() {
            text.push_str("Content-Type: application/json\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        text
    }
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The answer, if it is a success.
    pub(crate) fn success(self, what: &str) -> Result<Self, Failure> {
        match self.status {
            200..=299 => Ok(self),
            status => Err(format!("{what}: {status} {}", self.body).into()),
        }
    }
}

impl Exchange {
    /// The answer, where there must be one.
    pub(crate) fn answer(self, what: &str) -> Result<Answer, Failure> {
        match self {
            Self::Answered(answer) => Ok(answer),
            Self::NotSent | Self::Silent { .. } => Err(format!("{what}: no answer").into()),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The answer, unless a part of it is missing.
fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = bytes.split_at_checked(end)?;
    let body = rest.get(4..)?;
    let head = std::str::from_utf8(head).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let whole = header(head, "content-length").is_none_or(|length| length.parse() == Ok(body.len()));
    whole.then(|| Answer { status, body: String::from_utf8_lossy(body).into_owned(), head: head.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_cut_is_none() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Error-Code: order_paid\r\n\r\nabcd";
        let answer = parse(whole).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "abcd"));
        assert_eq!(answer.header("x-error-code"), Some("order_paid"));
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]), None, "{cut}");
        }
    }
}
