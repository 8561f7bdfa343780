//! An open loop: requests come at a fixed rate, whether or not the earlier ones were answered, as from
//! people who know nothing of each other.

use super::connection::{Connection, connect};
use super::reply::Kind;
use super::requests::Requests;
use crate::error::{Context, Failure};
use mio::{Events, Poll, Token};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A reply that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing is done while nothing comes.
const REST: Duration = Duration::from_millis(1);

/// So many requests a second for so long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flood {
    pub(crate) address: SocketAddr,
    /// How many connections there are at most; a request that finds none free waits for one, and its time runs.
    pub(crate) connections: usize,
    /// Requests per second.
    pub(crate) rate: f64,
    pub(crate) duration: Duration,
}

/// What came of it. Times are in microseconds, from when the request should have been sent.
#[derive(Debug, Default)]
pub(crate) struct Flooded {
    /// How many requests were sent.
    pub(crate) sent: u64,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of each success.
    pub(crate) done: Vec<u32>,
    /// Of each request that was turned away.
    pub(crate) away: Vec<u32>,
    /// The longest that a request has waited for a connection: how far the sender itself was behind.
    pub(crate) behind: Duration,
}

impl Flood {
    /// Sends until the time is over or there is nothing more to send, then waits for all answers.
    ///
    /// # Errors
    /// A connection that breaks, or an answer that is neither a success nor turns the request away.
    pub(crate) fn run(&self, requests: &Requests) -> Result<Flooded, Failure> {
        let mut poll = Poll::new().context("no poll")?;
        let mut connections: Vec<Connection<'_>> = Vec::with_capacity(self.connections);
        let mut free: Vec<usize> = Vec::with_capacity(self.connections);
        let mut queue = requests.iter();
        let mut flooded = Flooded::default();
        let mut events = Events::with_capacity(self.connections.max(1));
        let start = Instant::now();
        let end = start.checked_add(self.duration).unwrap_or(start);
        let mut answered = start;
        loop {
            let now = Instant::now();
            let is_over = now >= end || queue.len() == 0;
            while !is_over && let Some(due) = self.due(start, flooded.sent).filter(|due| *due <= now) {
                // Made when it is needed: the service ends one that says nothing for a while.
                if free.is_empty() && connections.len() < self.connections {
                    free.push(connections.len());
                    connections.push(connect(self.address, &poll, Token(connections.len()))?);
                }
                let Some(connection) = free.last().and_then(|index| connections.get_mut(*index)) else { break };
                let Some(request) = queue.next() else { break };
                connection.begin(request, due)?;
                free.pop();
                flooded.sent = flooded.sent.saturating_add(1);
                flooded.behind = flooded.behind.max(now.saturating_duration_since(due));
            }
            if is_over && free.len() == connections.len() {
                flooded.elapsed = answered.saturating_duration_since(start);
                return Ok(flooded);
            }
            if now.saturating_duration_since(answered.max(end)) > PATIENCE {
                return Err(Failure::new(format!("some requests have no answer after {PATIENCE:?}")));
            }
            poll.poll(&mut events, Some(REST)).context("no poll")?;
            for event in &events {
                let index = event.token().0;
                let Some(connection) = connections.get_mut(index) else { continue };
                let Some(kind) = connection.proceed(requests.marks)? else { continue };
                answered = Instant::now();
                flooded.count(kind, answered, connection)?;
                free.push(index);
            }
        }
    }

    /// When the request after so many is to be sent.
    fn due(&self, start: Instant, sent: u64) -> Option<Instant> {
        start.checked_add(Duration::from_secs_f64(sent as f64 / self.rate.max(1.0)))
    }
}

impl Flooded {
    fn count(&mut self, kind: Kind, now: Instant, connection: &mut Connection<'_>) -> Result<(), Failure> {
        let took = now.saturating_duration_since(connection.since).as_micros();
        let took = u32::try_from(took).unwrap_or(u32::MAX);
        match kind {
            Kind::Done => self.done.push(took),
            Kind::TurnedAway => self.away.push(took),
            Kind::Refused | Kind::Other => {
                let answer = connection.answer();
                return Err(Failure::new(format!("neither a success nor turned away: {answer}")));
            }
        }
        connection.forget();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::{Orders, Payers};
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// Takes its time for one request in two, and turns the other away.
    fn shop() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut request = [0; 4096];
                    while stream.read(&mut request).is_ok_and(|count| count > 0) {
                        let reply = if number % 2 == 0 {
                            std::thread::sleep(Duration::from_millis(20));
                            "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"status\":1,}"
                        } else {
                            "HTTP/1.1 503 No\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}"
                        };
                        stream.write_all(reply.as_bytes()).unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn it_comes_at_its_rate_and_counts_what_was_turned_away() {
        let payers = Payers { first: 1, count: 7 };
        let orders = Orders { payers, first_number: 1_000_000_000_000_000_000, first_pk: 1, count: 200 };
        let requests = Requests::payments(&orders, None);
        let flood = Flood { address: shop(), connections: 8, rate: 1_000.0, duration: Duration::from_secs(60) };
        let flooded = flood.run(&requests).unwrap();
        assert_eq!(flooded.sent, 200);
        assert_eq!(flooded.done.len() + flooded.away.len(), 200);
        assert!(!flooded.away.is_empty() && flooded.done.iter().all(|took| *took >= 20_000), "{flooded:?}");
        assert!(flooded.elapsed >= Duration::from_millis(199), "{flooded:?}");
    }
}
