//! A client that sends exactly the bytes it is told to, so that a test can be as odd as the world.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::ordered::Ordered;
use super::patience::DEADLINE;

/// One request. Nothing is added to it but `Host`, `Connection: close` and the body's length.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: None }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn put(target: &str) -> Self {
        Self::new("PUT", target)
    }

    pub(crate) fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("Authorization", format!("Token {token}"))
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    pub(crate) fn form(self, body: impl AsRef<[u8]>) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded").body(body)
    }

    /// The text as it stands: also numbers and mistakes that a JSON library would not write.
    pub(crate) fn json(self, body: impl AsRef<[u8]>) -> Self {
        self.header("Content-Type", "application/json").body(body)
    }

    /// What goes over the wire, for clients that stop in the middle of it.
    pub(crate) fn bytes(&self, address: &str) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        bytes.extend_from_slice(format!("Host: {address}\r\nConnection: close\r\n").as_bytes());
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        if let Some(body) = &self.body {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }

    /// Sends it to `base` (`http://host:port`) and reads the whole reply.
    pub(crate) fn send(&self, base: &str) -> Reply {
        let address = address_of(base);
        let mut stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("{} {base}{}: {error}", self.method, self.target));
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // A server may answer and close before it has read an over-long body; what it said counts.
        let sent = stream.write_all(&self.bytes(address));
        let mut raw = Vec::new();
        let read = stream.read_to_end(&mut raw);
        Reply::parse(&raw).unwrap_or_else(|| {
            panic!("no reply to {} {} (sent: {sent:?}, read: {read:?}): {raw:?}", self.method, self.target)
        })
    }
}

/// `host:port` of `http://host:port`.
pub(crate) fn address_of(base: &str) -> &str {
    base.strip_prefix("http://").unwrap_or_else(|| panic!("{base} is not an http address")).trim_end_matches('/')
}

/// A reply, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(raw: &[u8]) -> Option<Self> {
        let split = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&raw[..split]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut reply = Self { status, headers, body: raw[split + 4..].to_vec() };
        if reply.header("transfer-encoding") == Some("chunked") {
            reply.body = unchunked(&reply.body)?;
        }
        Some(reply)
    }

    /// The first value of a header; its name in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let found = self.headers.iter().find(|(each, _)| *each == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        self.decoded()
    }

    /// The body as JSON whose keys keep their order.
    pub(crate) fn ordered(&self) -> Ordered {
        self.decoded()
    }

    fn decoded<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {} {}", self.status, self.text()))
    }

    /// This reply, if it has that status; else the test stops and shows it.
    #[track_caller]
    pub(crate) fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
