//! A connection to the service: a request that goes out piece by piece, and the answer that comes back so.

use super::reply::{Kind, Reading, read};
use super::requests::Marks;
use crate::error::{Context, Failure};
use mio::net::TcpStream;
use mio::{Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

/// Longer than any reply of the calls that are measured.
const BUFFER: usize = 32 * 1024;

/// One connection with at most one request under way.
pub(super) struct Connection<'a> {
    stream: TcpStream,
    /// What of the request was not taken yet.
    unsent: &'a [u8],
    buffer: Box<[u8]>,
    filled: usize,
    /// Since when its answer is waited for.
    pub(super) since: Instant,
}

pub(super) fn connect(address: SocketAddr, poll: &Poll, token: Token) -> Result<Connection<'static>, Failure> {
    let stream = std::net::TcpStream::connect(address).context("the service takes no connection")?;
    stream.set_nodelay(true).context("no TCP_NODELAY")?;
    stream.set_nonblocking(true).context("no non-blocking socket")?;
    let mut stream = TcpStream::from_std(stream);
    let interest = Interest::READABLE.add(Interest::WRITABLE);
    poll.registry().register(&mut stream, token, interest).context("a socket can't be watched")?;
    let buffer = vec![0; BUFFER].into_boxed_slice();
    Ok(Connection { stream, unsent: &[], buffer, filled: 0, since: Instant::now() })
}

impl<'a> Connection<'a> {
    /// Sends the next request, and waits for its answer since then.
    pub(super) fn begin(&mut self, request: &'a [u8], since: Instant) -> Result<(), Failure> {
        self.unsent = request;
        self.since = since;
        self.flush()
    }

    /// Its answer was read; what it said is of no more use.
    pub(super) fn forget(&mut self) {
        self.filled = 0;
    }

    /// The answer, for whoever can't understand it.
    pub(super) fn answer(&self) -> String {
        String::from_utf8_lossy(self.buffer.get(..self.filled).unwrap_or_default()).replace("\r\n", " | ")
    }

    /// Goes on with what is under way; the kind of the answer once it is whole.
    pub(super) fn proceed(&mut self, marks: Marks) -> Result<Option<Kind>, Failure> {
        self.flush()?;
        loop {
            let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(free) {
                Ok(0) => return Err(Failure::new("the service closed a connection")),
                Ok(count) => self.filled = self.filled.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("a connection broke"),
            }
            match read(self.buffer.get(..self.filled).unwrap_or_default(), marks) {
                // A whole answer is the last thing that can come: there is no need to read until nothing is left.
                Reading::Whole(kind) => return Ok(Some(kind)),
                Reading::Partial => {}
                Reading::Broken => return Err(Failure::new("a reply without an end")),
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        while !self.unsent.is_empty() {
            match self.stream.write(self.unsent) {
                Ok(count) => self.unsent = self.unsent.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("a connection broke"),
            }
        }
        Ok(())
    }
}
