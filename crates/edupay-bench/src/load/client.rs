//! The closed loop itself.

use super::connection::{Connection, connect};
use super::reply::Kind;
use super::requests::{Marks, Requests};
use crate::error::{Context, Failure};
use mio::{Events, Poll, Token};
use std::net::SocketAddr;
use std::slice::ChunksExact;
use std::time::{Duration, Instant};

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

impl Loop {
    /// Sends until the time is over, then waits for the answers that are under way.
    ///
    /// # Errors
    /// A connection that breaks, or an answer that is neither a success nor a refusal.
    pub(crate) fn run(&self, requests: &Requests) -> Result<Answers, Failure> {
        self.run_on(&mut requests.iter(), requests.marks)
    }

    /// The same with what is left of requests of which others have sent some.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn run_on(&self, queue: &mut ChunksExact<'_, u8>, marks: Marks) -> Result<Answers, Failure> {
        let mut poll = Poll::new().context("no poll")?;
        let mut connections = Vec::new();
        for index in 0..usize::try_from(self.clients).unwrap_or_default() {
            connections.push(connect(self.address, &poll, Token(index))?);
        }
        let mut answers = Answers { latencies: Vec::with_capacity(queue.len()), ..Answers::default() };
        let mut waiting = 0_usize;
        let start = Instant::now();
        let end = start.checked_add(self.duration).unwrap_or(start);
        for connection in &mut connections {
            if send_next(connection, queue, Instant::now())? {
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
                let Some(kind) = connection.proceed(marks)? else { continue };
                let now = Instant::now();
                answers.count(kind, now.saturating_duration_since(connection.since), connection)?;
                answers.elapsed = now.saturating_duration_since(start);
                if now >= end || !send_next(connection, queue, now)? {
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
            Kind::TurnedAway | Kind::Other => {
                return Err(Failure::new(format!("neither a success nor a refusal: {}", connection.answer())));
            }
        }
        connection.forget();
        Ok(())
    }
}

/// Whether there was one.
fn send_next<'a>(
    connection: &mut Connection<'a>,
    queue: &mut ChunksExact<'a, u8>,
    now: Instant,
) -> Result<bool, Failure> {
    let Some(request) = queue.next() else { return Ok(false) };
    connection.begin(request, now)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::{Orders, Payers};
    use std::io::{Read, Write};
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
