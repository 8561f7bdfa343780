//! One thing that is asked for, until its client knows the answer or gives up.

use super::Shared;
use crate::history::{Done, Outcome, Wish};
use crate::http::{Answer, Exchange, Request};
use crate::random::Random;
use serde_json::Value;
use std::time::Duration;

/// How long a client waits for an answer. Longer than anything stands still.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often a client that does not give up asks again.
const MOST: u32 = 12;

/// What one answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Done(Value),
    Refused(String),
    NothingWritten,
    /// The gateway could not be asked for a charge: what was begun stays without money, and another try may
    /// have more luck.
    NoCharge(String),
    Unknown,
    /// Come back: nothing was looked at.
    Later,
}

/// Asks, and asks again under the same key as an honest client would: seven times in ten after an
/// answer that says nothing. What it knows in the end is in the history; the answer, if it was done.
pub(super) fn ask(shared: &Shared, random: &mut Random, user: i64, wish: Wish, request: &Request) -> Option<Value> {
    let key = shared.next_key();
    let request = request.clone().key(&key);
    let (mut unknown, mut refused, mut nothing) = (false, None, false);
    let mut done = None;
    for attempt in 1..=MOST {
        shared.history.note_sent(&key, user, &wish, attempt);
        match one(shared, &key, &request) {
            None => {}
            Some(Verdict::Done(value)) => {
                done = Some(value);
                break;
            }
            Some(Verdict::Refused(code)) => {
                refused = Some(code);
                break;
            }
            Some(Verdict::NoCharge(code)) => refused = Some(code),
            Some(Verdict::Later) => {}
            Some(Verdict::NothingWritten) => nothing = true,
            Some(Verdict::Unknown) => unknown = true,
        }
        // Who hears that nothing was written may well believe it.
        if !random.chance(if nothing { 40 } else { 70 }) {
            break;
        }
        std::thread::sleep(Duration::from_millis(random.between(5, 40).saturating_mul(u64::from(attempt))));
    }
    if let Some(value) = &done
        && shared.replays
        && wish.has_key()
        && random.chance(10)
    {
        repeat(shared, &key, &request, &wish, value);
    }
    let outcome = match (&done, refused) {
        (Some(value), _) => Outcome::Acknowledged(value.clone()),
        (None, _) if unknown => Outcome::Unknown,
        (None, Some(code)) => Outcome::Refused(code),
        (None, None) if nothing => Outcome::NothingWritten,
        // It never reached anybody.
        (None, None) => Outcome::Refused("never_sent".to_owned()),
    };
    shared.history.conclude(Done { user, wish, outcome });
    done
}

/// `None` when nobody was there to ask.
fn one(shared: &Shared, key: &str, request: &Request) -> Option<Verdict> {
    match request.send(shared.service, PATIENCE) {
        Exchange::NotSent => None,
        Exchange::Silent { written } => {
            shared.history.note_silence(key, written);
            Some(Verdict::Unknown)
        }
        Exchange::Answered(answer) => {
            let code = answer.header("X-Error-Code").unwrap_or_default().to_owned();
            shared.history.note_answer(key, answer.status, &code, &answer.body);
            Some(judge(&answer, &code))
        }
    }
}

fn judge(answer: &Answer, code: &str) -> Verdict {
    match (answer.status, code) {
        (200..=299, "") => Verdict::Done(answer.json()),
        // It may come true without anybody asking again.
        (_, "charge_unknown" | "gateway_unknown" | "outcome_unknown") => Verdict::Unknown,
        (_, "store_unavailable" | "overloaded" | "draining") => Verdict::NothingWritten,
        (_, "charges_halted" | "gateway_throttled" | "gateway_unreached") => Verdict::NoCharge(code.to_owned()),
        // The campus API says it with 200.
        (429, _) | (_, "idempotency_key_in_use") => Verdict::Later,
        (500..=599, _) => Verdict::Unknown,
        _ => Verdict::Refused(code.to_owned()),
    }
}

/// The same request again after it was done: the same answer, and marked as a repeat.
fn repeat(shared: &Shared, key: &str, request: &Request, wish: &Wish, first: &Value) {
    let Exchange::Answered(answer) = request.send(shared.service, PATIENCE) else { return };
    if answer.status >= 500 || answer.status == 429 {
        return;
    }
    if answer.header("Idempotency-Hit") != Some("true") || answer.json() != *first {
        shared.history.note_oddity(format!(
            "I5: {key} ({wish:?}) was answered {first} and, when it came again, {} {}",
            answer.status, answer.body
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, code: &str) -> Verdict {
        let text = format!("HTTP/1.1 {status} X\r\nX-Error-Code: {code}\r\nContent-Length: 2\r\n\r\n{{}}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1_024]).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
        });
        let Exchange::Answered(answer) = Request::new("GET", "/").send(address, PATIENCE) else { panic!("no answer") };
        server.join().unwrap();
        judge(&answer, code)
    }

    #[test]
    fn a_failure_of_the_server_is_unknown_and_not_a_refusal() {
        assert_eq!(verdict(200, ""), Verdict::Done(serde_json::json!({})));
        assert_eq!(verdict(200, "balance_insufficient"), Verdict::Refused("balance_insufficient".to_owned()));
        assert_eq!(verdict(200, "charge_unknown"), Verdict::Unknown);
        assert_eq!(verdict(500, "internal"), Verdict::Unknown);
        assert_eq!(verdict(503, "store_unavailable"), Verdict::NothingWritten);
        assert_eq!(verdict(503, "charges_halted"), Verdict::NoCharge("charges_halted".to_owned()));
        assert_eq!(verdict(429, "throttled"), Verdict::Later);
    }
}
