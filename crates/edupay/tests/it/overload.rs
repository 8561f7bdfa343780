//! More than it can carry: some are let in, the rest hear so at once and find nothing done; who watches it
//! and who brings money in is not kept out; and afterwards it is as before. Timings are printed and decide
//! nothing.

use crate::support::database::Database;
use crate::support::demo::Demo;
use crate::support::http::{Reply, Request, address_of};
use crate::support::notice::{Notice, paid};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_99, XIAOCHEN, XIAOYU};
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Places for everybody but callbacks, and for how many there is room to wait.
const SETTINGS: [(&str, &str); 3] = [
    ("EDUPAY_LIMITS__IN_FLIGHT", "16"),
    ("EDUPAY_LIMITS__WAITING", "16"),
    ("EDUPAY_LIMITS__WAITING_MILLISECONDS", "100"),
];
const PLACES: usize = 12;
const LINE: usize = 12;
/// Five times what it holds.
const CLIENTS: usize = 5 * PLACES;

/// One of the slow calls: the gateway takes its time.
fn top_up(demo: &Demo) -> (Reply, Duration) {
    let since = Instant::now();
    let body = r#"{"amount_fen":100,"channel":"alipay"}"#;
    let reply = demo.call(Request::post("/v1/top-ups").token(XIAOYU).json(body));
    (reply, since.elapsed())
}

#[test]
fn what_is_too_much_is_turned_away_untouched_and_the_rest_is_served() {
    let demo = Demo::start(Database::Sqlite, &SETTINGS);
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.misbehave(&json!({ "create": { "latency_ms": 2_000 } }));
    let start = Barrier::new(CLIENTS);
    let service = demo.service.clone();
    let replies: Vec<(Reply, Duration)> = thread::scope(|scope| {
        let begin = || {
            start.wait();
            let since = Instant::now();
            let body = r#"{"amount_fen":100,"channel":"alipay"}"#;
            let reply = Request::post("/v1/top-ups").token(XIAOYU).json(body).send(&service);
            (reply, since.elapsed())
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(begin)).collect();
        wait_for("all places to be taken", || {
            let page = demo.call(Request::get("/metrics")).expect_status(200).text();
            page.contains(&format!("edupay_http_in_flight{{gate=\"general\"}} {PLACES}")).then_some(())
        });
        // Who watches is not kept out, and neither is money that comes in.
        demo.call(Request::get("/healthz")).expect_status(200);
        demo.call(Request::get("/readyz")).expect_status(200);
        let notice = Notice::genuine(&demo, "evt_000000000000000000000007", "charge.succeeded", &paid(&charge));
        notice.send(&demo).expect_status(200);
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let (served, away): (Vec<_>, Vec<_>) = replies.iter().partition(|(reply, _)| reply.status == 201);
    for (reply, _) in &away {
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(reply.header("Retry-After"), Some("1"));
        assert_eq!(reply.header("Content-Type"), Some("application/problem+json"));
        assert_eq!(reply.json()["code"], "overloaded", "{}", reply.text());
    }
    assert!(served.len() >= PLACES && !away.is_empty(), "{} were served", served.len());
    assert!(served.len() <= 2 * (PLACES + LINE), "{} were served", served.len());
    demo.sandbox.behave();

    // What was turned away has left nothing.
    let kept = demo.by_hand("SELECT count(*) FROM top_ups");
    assert_eq!(kept.trim(), served.len().to_string());
    let page = demo.call(Request::get("/metrics")).text();
    let counted = |reason: &str| {
        let start = format!("edupay_http_refused_total{{reason=\"{reason}\"}} ");
        let count = page.lines().find_map(|line| line.strip_prefix(&start)).expect("a counter");
        count.parse::<usize>().expect("a number")
    };
    assert_eq!(counted("line_full") + counted("waited"), away.len());

    // Normal again.
    let (_, took) = top_up(&demo);
    for _ in 0..PLACES {
        let (reply, _) = top_up(&demo);
        reply.expect_status(201);
    }
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");
    let slowest = away.iter().map(|(_, took)| took).max().copied().unwrap_or_default();
    eprintln!(
        "{} served, {} turned away, the slowest after {slowest:?}; the next call took {took:?}",
        served.len(),
        away.len()
    );
    assert!(memory(&demo) < 256 * 1024, "{} KiB", memory(&demo));
    demo.verify();
}

/// The most memory that the program has had, in KiB; 0 where nobody tells.
fn memory(demo: &Demo) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// 200 connections whose bodies never end, with and without a token.
#[test]
fn dripping_bodies_keep_nobody_out() {
    let demo = Demo::start(Database::Sqlite, &[("EDUPAY_LIMITS__IN_FLIGHT", "16"), ("EDUPAY_LIMITS__WAITING", "0")]);
    let quick = |demo: &Demo| {
        let since = Instant::now();
        demo.call(Request::get("/v1/me").token(XIAOCHEN)).expect_status(200);
        since.elapsed()
    };
    let before = (0..50).map(|_| quick(&demo)).max();
    let address = address_of(&demo.service);
    let dripping: Vec<TcpStream> = (0..200)
        .map(|number| {
            let request = match number % 4 {
                0 => Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form("order_no=1"),
                1 => Request::put("/pay/pay_in_balance/").form("order_no=1"),
                2 => Request::post("/webhooks/pingpp").json("{}"),
                _ => Request::post("/account/login/").json("{}"),
            };
            let bytes = request.bytes(address);
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.write_all(&bytes[..bytes.len() - 1]).expect("a request but for its end");
            stream
        })
        .collect();
    let dripped = (0..50).map(|_| quick(&demo)).max();
    eprintln!("slowest of 50 without and with 200 dripping connections: {before:?}, {dripped:?}");
    drop(dripping);
    demo.verify();
}
