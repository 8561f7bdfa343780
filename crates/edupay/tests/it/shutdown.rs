//! The end of the program: what was sent is answered, what was answered is kept, and whoever asks twice has
//! it at once.

use crate::support::database::Database;
use crate::support::demo::Demo;
use crate::support::http::{Request, address_of};
use crate::support::patience::{DEADLINE, wait_for};
use crate::support::random::Dice;
use crate::support::shop::{XIAOCHEN, XIAOYU};
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const CLIENTS: u32 = 8;
/// How many times the program is ended; `EDUPAY_TEST_SIGTERMS` asks for more.
const ROUNDS: u32 = 10;

/// What came of one client's calls.
#[derive(Debug, Default, Clone, Copy)]
struct Calls {
    made: u32,
    turned_away: u32,
}

/// Calls on kept connections until nobody takes one any more. Every request that was written must be
/// answered in full.
fn call_until_the_end(address: &str, token: &str, answered: &AtomicUsize) -> Calls {
    let mut calls = Calls::default();
    while let Ok(mut stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        while let Some((status, last)) = order(&mut stream, address, token) {
            answered.fetch_add(1, Ordering::Relaxed);
            match status {
                201 => calls.made += 1,
                503 => {
                    // It said when to come again, and by then nobody is there.
                    calls.turned_away += 1;
                    return calls;
                }
                other => panic!("answered {other}"),
            }
            if last {
                break;
            }
        }
    }
    calls
}

/// Makes one order; the status, and whether the reply is the last on its connection. `None` where the
/// connection was closed before the request could be written.
fn order(stream: &mut TcpStream, address: &str, token: &str) -> Option<(u16, bool)> {
    let body = r#"{"course_ids":[3]}"#;
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: {address}\r\nAuthorization: Token {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let (mut reply, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&reply).to_ascii_lowercase();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let length: usize = header("content-length:").expect("a length").parse().expect("a number");
            if rest.len() >= length {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
                return Some((status, header("connection:") == Some("close")));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => panic!("a request was cut after {:?}", String::from_utf8_lossy(&reply)),
            Ok(count) => reply.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("a request was cut ({error}) after {:?}", String::from_utf8_lossy(&reply)),
        }
    }
}

#[test]
fn a_sigterm_under_load_cuts_no_request_and_forgets_none() {
    let mut dice = Dice::new();
    let rounds = std::env::var("EDUPAY_TEST_SIGTERMS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    for round in 0..rounds {
        // Long enough that no client of a busy machine is ever taken for an idle one.
        let demo = Demo::start(Database::Sqlite, &[("EDUPAY_HTTP__LINGER_MILLISECONDS", "30000")]);
        let address = address_of(&demo.service).to_owned();
        let answered = AtomicUsize::new(0);
        let enough = dice.below(200);
        let calls: Vec<Calls> = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let token = if client % 2 == 0 { XIAOCHEN } else { XIAOYU };
                    let (address, answered) = (&address, &answered);
                    scope.spawn(move || call_until_the_end(address, token, answered))
                })
                .collect();
            wait_for("some calls", || (answered.load(Ordering::Relaxed) >= enough).then_some(()));
            demo.ask_to_end();
            clients.into_iter().map(|client| client.join().expect("no request is cut")).collect()
        });
        assert!(demo.wait_for_end().success());
        let made: u32 = calls.iter().map(|calls| calls.made).sum();
        let turned_away: u32 = calls.iter().map(|calls| calls.turned_away).sum();
        eprintln!("round {round}: {made} orders made, {turned_away} turned away while it ended");
        let kept: u32 = demo.by_hand("SELECT count(*) FROM orders").trim().parse().expect("a count");
        // Two are the demo's own.
        assert_eq!(kept, made + 2, "what was acknowledged is kept, and nothing else was done");
        demo.verify();
    }
}

#[test]
fn asked_a_second_time_the_program_ends_at_once() {
    let demo = Demo::on_sqlite();
    demo.sandbox.misbehave(&json!({ "create": { "latency_ms": 60_000 } }));
    let mut waiting = TcpStream::connect(address_of(&demo.service)).unwrap();
    let top_up = Request::post("/v1/top-ups").token(XIAOCHEN).json(r#"{"amount_fen":100,"channel":"alipay"}"#);
    waiting.write_all(&top_up.bytes("localhost")).unwrap();
    wait_for("it to be worked on", || {
        let page = demo.call(Request::get("/metrics")).text();
        page.contains("edupay_http_in_flight{gate=\"general\"} 1").then_some(())
    });
    demo.ask_to_end();
    wait_for("the end to begin", || demo.log().contains("what was sent is answered").then_some(()));
    demo.ask_to_end();
    assert_eq!(demo.wait_for_end().code(), Some(1));
}
