//! What happens when there is too much: who is turned away, how, and what it costs the others.

use crate::client::{PATIENCE, Reply, Request};
use crate::detached::SlowInbox;
use crate::fixtures::{ORDER_NO, XIAOCHEN, XIAOYU};
use crate::service::{Ports, Service};
use edupay_domain::orders::PayRefusal;
use edupay_domain::payments::Postponement;
use edupay_domain::store::EffectError;
use edupay_http::{AdmissionLimits, Rate};
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::Duration;

fn callback() -> Request {
    Request::post("/webhooks/pingpp").json("{}")
}

/// Sends a request whose reply is read later.
fn begin(service: &Service, request: Request) -> TcpStream {
    let mut stream = TcpStream::connect(service.address).unwrap();
    stream.write_all(&request.header("Connection", "close").bytes()).unwrap();
    stream
}

#[test]
fn who_finds_no_place_is_turned_away_before_anything_is_done_and_the_others_go_on() {
    let (mut ports, hear, go_on) = SlowInbox::ports();
    // One place and nobody in the line for callbacks, three places for everybody else.
    ports.config.admission = AdmissionLimits { in_flight: 4, waiting: 0, ..AdmissionLimits::default() };
    let service = ports.serve();
    let held = begin(&service, callback());
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("begun"));

    let away = service.call(callback()).expect(503);
    assert_eq!((away.header("Retry-After"), away.header("X-Error-Code")), (Some("1"), Some("overloaded")));
    assert_eq!(away.json(), json!({ "detail": "Service temporarily unavailable, try again later." }));
    let page = service.call(Request::get("/metrics")).expect(200);
    for line in [
        "edupay_http_in_flight{gate=\"callbacks\"} 1",
        "edupay_http_in_flight{gate=\"general\"} 0",
        "edupay_http_refused_total{reason=\"line_full\"} 1",
    ] {
        assert!(page.text().lines().any(|each| each == line), "{line}\n{}", page.text());
    }
    service.call(Request::get("/pay/products/").token("0".repeat(40).as_str())).expect(401);
    service.call(Request::get("/readyz")).expect(200);

    go_on.notify_one();
    Reply::read(held).expect(200);
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("done"));
    assert!(hear.try_recv().is_err(), "the one that was turned away was never begun");
}

#[test]
fn who_waits_in_the_line_gets_the_place_that_is_freed() {
    let (mut ports, hear, go_on) = SlowInbox::ports();
    ports.config.admission = AdmissionLimits { in_flight: 4, waiting: 4, wait: PATIENCE, ..AdmissionLimits::default() };
    let service = ports.serve();
    let first = begin(&service, callback());
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("begun"));
    let second = begin(&service, callback());
    while !service.call(Request::get("/metrics")).text().contains("edupay_http_waiting{gate=\"callbacks\"} 1") {}
    go_on.notify_one();
    Reply::read(first).expect(200);
    assert_eq!((hear.recv_timeout(PATIENCE), hear.recv_timeout(PATIENCE)), (Ok("done"), Ok("begun")));
    go_on.notify_one();
    Reply::read(second).expect(200);
}

#[test]
fn who_waits_too_long_for_the_work_hears_that_the_outcome_is_unknown_and_the_work_goes_on() {
    let (mut ports, hear, go_on) = SlowInbox::ports();
    ports.config.handler_deadline = Duration::from_millis(20);
    let service = ports.serve();
    let reply = service.call(callback()).expect(503);
    assert_eq!((reply.header("Retry-After"), reply.header("X-Error-Code")), (Some("1"), Some("outcome_unknown")));
    assert!(reply.text().contains("Repeat the same request"), "{}", reply.text());
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("begun"));
    go_on.notify_one();
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("done"));
}

#[test]
fn bodies_that_drip_take_no_place_and_are_bounded_themselves() {
    let mut ports = Ports::new();
    ports.config.admission = AdmissionLimits { in_flight: 4, waiting: 0, bodies: 8, ..AdmissionLimits::default() };
    ports.config.body_deadline = PATIENCE;
    let service = ports.serve();
    // With and without a token, and on a path that is nobody's.
    let drip = |number: usize| {
        let request = match number % 3 {
            0 => Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=x"),
            1 => Request::post("/account/login/").json("{}"),
            _ => Request::post("/nobody").json("{}"),
        };
        let bytes = request.bytes();
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.write_all(&bytes[..bytes.len() - 1]).unwrap();
        (stream, bytes[bytes.len() - 1])
    };
    let mut dripping: Vec<_> = (0..8).map(drip).collect();
    while !service.call(Request::get("/metrics")).text().contains("edupay_http_awaited_bodies 8\n") {}
    let one_more = Reply::read(drip(0).0).expect(503);
    assert_eq!(one_more.header("X-Error-Code"), Some("overloaded"));
    let whole = service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=x")).expect(400);
    assert_eq!(whole.json(), json!({ "amount": ["A valid number is required."] }));
    let (mut stream, last) = dripping.remove(0);
    stream.write_all(&[last]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    Reply::read(stream).expect(400);
}

fn twice() -> Option<Rate> {
    Some(Rate { burst: NonZeroU32::new(2).unwrap(), per_minute: NonZeroU32::MIN })
}

#[test]
fn who_pays_too_often_is_slowed_down_in_the_dialect_of_the_path_and_may_still_read() {
    let mut ports = Ports::new();
    ports.config.rates.payments = twice();
    let service = ports.serve();
    let pay = |token| service.call(Request::put("/pay/pay_in_balance/").token(token).form("order_no=x"));
    pay(XIAOCHEN).expect(400);
    pay(XIAOCHEN).expect(400);
    let slowed = pay(XIAOCHEN).expect(429);
    let seconds: u64 = slowed.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(slowed.json()["detail"].as_str().unwrap().starts_with("Request was throttled."));
    let slowed = service.call(Request::post("/api/Pay/PayMoney").token(XIAOCHEN).json("{}")).expect(429);
    assert_eq!(slowed.json()["error"], 1);
    let slowed = service.call(Request::post("/v1/top-ups").token(XIAOCHEN).json("{}")).expect(429);
    assert_eq!(slowed.json()["code"], "throttled");
    service.call(Request::get("/v1/me").token(XIAOCHEN)).expect(200);
    pay(XIAOYU).expect(400);
}

#[test]
fn who_reads_too_often_is_slowed_down_and_may_still_pay() {
    let mut ports = Ports::new();
    ports.config.rates.reads = twice();
    let service = ports.serve();
    let read = || service.call(Request::get("/v1/me").token(XIAOCHEN));
    read().expect(200);
    read().expect(200);
    read().expect(429);
    service.call(Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form("order_no=x")).expect(400);
}

#[test]
fn tokens_that_are_none_are_counted_by_address_and_never_keep_a_good_one_out() {
    let mut ports = Ports::new();
    ports.config.rates.bad_tokens = twice();
    let service = ports.serve();
    let call = |token: &str| service.call(Request::get("/v1/me").token(token));
    call("malformed").expect(401);
    call(&"0".repeat(40)).expect(401);
    let slowed = call(&"1".repeat(40)).expect(429);
    assert!(slowed.header("Retry-After").is_some());
    call("malformed").expect(429);
    call(XIAOCHEN).expect(200);
}

#[test]
fn a_charge_that_is_not_asked_for_is_refused_with_the_time_to_come_again() {
    let halted = Postponement::Halted { retry_after: Duration::from_millis(6_500) };
    for (refusal, status, retry_after) in [
        (PayRefusal::ChargePostponed(halted), 503, Some("7")),
        (PayRefusal::ChargePostponed(Postponement::Throttled), 503, Some("1")),
        (PayRefusal::ChargePostponed(Postponement::Unreached), 503, Some("1")),
        (PayRefusal::ChargeRefused, 200, None),
    ] {
        let mut ports = Ports::new();
        let code = refusal.code();
        ports.orders.expect_pay_from_balance().returning(move |_, _| Err(EffectError::Refused(refusal.clone())));
        let form = format!("order_no={ORDER_NO}&channel=balance");
        let reply = ports.serve().call(Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form(form));
        let reply = reply.expect(status);
        assert_eq!(reply.json(), json!({ "status": -4, "message": "支付请求失败" }));
        assert_eq!(reply.header("Retry-After"), retry_after);
        assert_eq!(reply.header("X-Error-Code"), Some(code));
    }
}

#[test]
fn what_is_counted_is_open_to_read_and_names_routes_only() {
    let service = Ports::new().serve();
    service.call(Request::get("/v1/me?secret=canary").token(XIAOCHEN)).expect(200);
    service.call(Request::get("/canary/path")).expect(404);
    let page = service.call(Request::get("/metrics/")).expect(200);
    assert_eq!(page.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "edupay_http_requests_total{route=\"/v1/me\",method=\"GET\",status=\"200\"} 1",
        "edupay_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
        "edupay_http_request_duration_seconds_count{route=\"/v1/me\"} 1",
        "edupay_fixed 7",
    ] {
        assert!(page.text().lines().any(|each| each == line), "{line}\n{}", page.text());
    }
    assert!(!page.text().contains("canary") && !page.text().contains(XIAOCHEN), "{}", page.text());
}
