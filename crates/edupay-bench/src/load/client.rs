//! The closed loop itself.

use super::reply::{Kind, Reading, read};
use super::requests::{Marks, Requests};
use crate::error::{Context, Failure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::slice::ChunksExact;
use std::time::{Duration, Instant};

/// Longer than any reply of the calls that are measured.
const BUFFER: usize = 32 * 1024;
/// A reply that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) done: u64,
    pub(crate) refused: u64,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of each answer, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// Whether all requests were sent before the time was over.
    pub(crate) ran_out: bool,
}

/// So many clients for so long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loop {
    pub(crate) address: SocketAddr,
    pub(crate) clients: u32,
    pub(crate) duration: Duration,
}

struct Connection<'a> {
    stream: TcpStream,
    /// What of the request was not taken yet.
    unsent: &'a [u8],
    buffer: Box<[u8]>,
    filled: usize,
    sent_at: Instant,
}

impl Loop {
    /// Sends until the time is over, then waits for the answers that are under way.
    ///
    /// # Errors
    /// A connection that breaks, or an answer that is neither a success nor a refusal.
    pub(crate) fn run(&self, requests: &Requests) -> Result<Answers, Failure> {
        let mut poll = Poll::new().context("no poll")?;
        let mut connections = Vec::new();
        for index in 0..usize::try_from(self.clients).unwrap_or_default() {
            connections.push(connect(self.address, &poll, Token(index))?);
        }
        let mut queue = requests.iter();
        let mut answers = Answers { latencies: Vec::with_capacity(queue.len()), ..Answers::default() };
        let mut waiting = 0_usize;
        let start = Instant::now();
        let end = start.checked_add(self.duration).unwrap_or(start);
        for connection in &mut connections {
            if send_next(connection, &mut queue, Instant::now())? {
                waiting = waiting.saturating_add(1);
            }
        }
        let mut events = Events::with_capacity(connections.len());
        while waiting > 0 {
            poll.poll(&mut events, Some(PATIENCE)).context("no poll")?;
            if events.is_empty() {
                return Err(Failure::new(format!("{waiting} requests have no answer after {PATIENCE:?}")));
            }
            for event in &events {
                let Some(connection) = connections.get_mut(event.token().0) else { continue };
                let Some(kind) = connection.proceed(requests.marks)? else { continue };
                let now = Instant::now();
                answers.count(kind, now.saturating_duration_since(connection.sent_at), connection)?;
                answers.elapsed = now.saturating_duration_since(start);
                if now >= end || !send_next(connection, &mut queue, now)? {
                    waiting = waiting.saturating_sub(1);
                }
            }
        }
        answers.ran_out = queue.len() == 0;
        Ok(answers)
    }
}

impl Answers {
    fn count(&mut self, kind: Kind, latency: Duration, connection: &mut Connection<'_>) -> Result<(), Failure> {
        self.latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
        match kind {
            Kind::Done => self.done = self.done.saturating_add(1),
            Kind::Refused => self.refused = self.refused.saturating_add(1),
            Kind::Other => {
                let reply = connection.buffer.get(..connection.filled).unwrap_or_default();
                let reply = String::from_utf8_lossy(reply).replace("\r\n", " | ");
                return Err(Failure::new(format!("neither a success nor a refusal: {reply}")));
            }
        }
        connection.filled = 0;
        Ok(())
    }
}

fn connect(address: SocketAddr, poll: &Poll, token: Token) -> Result<Connection<'static>, Failure> {
    let stream = std::net::TcpStream::connect(address).context("the service takes no connection")?;
    stream.set_nodelay(true).context("no TCP_NODELAY")?;
    stream.set_nonblocking(true).context("no non-blocking socket")?;
    let mut stream = TcpStream::from_std(stream);
    let interest = Interest::READABLE.add(Interest::WRITABLE);
    poll.registry().register(&mut stream, token, interest).context("a socket can't be watched")?;
    let buffer = vec![0; BUFFER].into_boxed_slice();
    Ok(Connection { stream, unsent: &[], buffer, filled: 0, sent_at: Instant::now() })
}

/// Whether there was one.
fn send_next<'a>(
    connection: &mut Connection<'a>,
    queue: &mut ChunksExact<'a, u8>,
    now: Instant,
) -> Result<bool, Failure> {
    let Some(request) = queue.next() else { return Ok(false) };
    connection.unsent = request;
    connection.sent_at = now;
    connection.flush()?;
    Ok(true)
}

impl Connection<'_> {
    /// Goes on with what is under way; the kind of the answer once it is whole.
    fn proceed(&mut self, marks: Marks) -> Result<Option<Kind>, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::{Orders, Payers};
    use std::net::TcpListener;

    /// Answers each request of each connection with a payment, in two pieces.
    fn payer() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).is_ok_and(|count| count > 0) {
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-len").unwrap();
                        stream.write_all(b"gth: 13\r\n\r\n{\"status\":1,}").unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn every_request_is_answered_once() {
        let payers = Payers { first: 1, count: 7 };
        let orders = Orders { payers, first_number: 1_000_000_000_000_000_000, first_pk: 1, count: 100 };
        let requests = Requests::payments(&orders, None);
        let answers = Loop { address: payer(), clients: 8, duration: Duration::from_secs(60) }.run(&requests).unwrap();
        assert_eq!((answers.done, answers.refused, answers.latencies.len()), (100, 0, 100));
        assert!(answers.ran_out);
    }
}
