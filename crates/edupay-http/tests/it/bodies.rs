//! How bodies are read: the tables of what a client can get wrong.

use crate::client::{Reply, Request};
use crate::fixtures::{ORDER_NO, XIAOCHEN};
use crate::service::{Ports, Service};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

fn fill(service: &Service, request: impl FnOnce(Request) -> Request) -> Reply {
    service.call(request(Request::put("/pay/fill_in_balance/").token(XIAOCHEN)))
}

/// Nothing here may reach a port: every mock would panic.
#[test]
fn a_bad_value_is_answered_with_the_name_of_its_field() {
    let service = Ports::new().serve();
    let table: [(&str, Value); 12] = [
        ("{}", json!({ "amount": ["This field is required."] })),
        ("", json!({ "amount": ["This field is required."] })),
        (r#"{"amount":null}"#, json!({ "amount": ["This field may not be null."] })),
        (r#"{"amount":true}"#, json!({ "amount": ["A valid number is required."] })),
        (r#"{"amount":[1]}"#, json!({ "amount": ["A valid number is required."] })),
        (r#"{"amount":1e2}"#, json!({ "amount": ["A valid number is required."] })),
        (r#"{"amount":0.001}"#, json!({ "amount": ["Ensure that there are no more than 2 decimal places."] })),
        (r#"{"amount":0}"#, json!({ "amount": ["Ensure this value is greater than 0."] })),
        (r#"{"amount":50000.01}"#, json!({ "amount": ["Ensure this value is less than or equal to 50000.00."] })),
        (r#"{"amount":1,"amount":1}"#, json!({ "amount": ["This field may be given only once."] })),
        (r#"{"amount":1,"x":1,"x":1}"#, json!({ "x": ["This field may be given only once."] })),
        ("[1]", json!({ "non_field_errors": ["Invalid data. Expected a dictionary, but got list."] })),
    ];
    for (body, expected) in table {
        let reply = fill(&service, |request| request.json(body)).expect(400);
        assert_eq!(reply.json(), expected, "{body}");
        assert!(reply.header("X-Error-Code").is_some(), "{body}");
    }
    let twice = fill(&service, |request| request.form("amount=1&amount=2")).expect(400);
    assert_eq!(twice.json(), json!({ "amount": ["This field may be given only once."] }));
}

#[test]
fn all_wrong_fields_are_named_at_once_and_in_order() {
    let service = Ports::new().serve();
    let reply = service.call(Request::put("/pay/pay_for_order/").token(XIAOCHEN).json("{}")).expect(400);
    let required = r#"["This field is required."]"#;
    assert_eq!(reply.text(), format!(r#"{{"order_no":{required},"channel":{required}}}"#));
    let reply = service.call(Request::post("/v1/top-ups").token(XIAOCHEN).json(r#"{"amount_fen":0,"channel":1}"#));
    let problem = reply.expect(400).json();
    assert_eq!(problem["code"], "fields_invalid");
    let errors: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| (&error["field"], &error["code"])).collect();
    assert_eq!(
        errors,
        [(&json!("amount_fen"), &json!("amount_not_positive")), (&json!("channel"), &json!("not_text"))]
    );
}

#[test]
fn what_is_no_json_is_a_parse_error() {
    let service = Ports::new().serve();
    for body in [&br#"{ "amount":100,}"#[..], br#"{"amount""#, b"amount", b"{}{}", b"{\"amount\":\"\xff\"}"] {
        let reply = fill(&service, |request| request.json(body)).expect(400);
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("JSON parse error - "), "{detail}");
    }
    let reply = service.call(Request::post("/v1/orders").token(XIAOCHEN).json("{")).expect(400);
    assert_eq!(reply.json()["code"], "body_unreadable");
}

#[test]
fn other_media_types_are_not_supported() {
    let service = Ports::new().serve();
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", ";", "\u{e9}"] {
        let reply = fill(&service, |request| request.header("Content-Type", kind).body("amount=1")).expect(415);
        assert_eq!(reply.json(), json!({ "detail": format!("Unsupported media type \"{kind}\" in request.") }));
    }
    let reply = fill(&service, |request| request.body("amount=1")).expect(415);
    assert_eq!(reply.json(), json!({ "detail": "Unsupported media type \"\" in request." }));
    // Where there is no content, its type does not matter.
    fill(&service, |request| request.header("Content-Type", "text/plain")).expect(400);
}

#[test]
fn a_body_over_the_limit_is_refused_and_its_sender_hears_it() {
    let service = Ports::new().serve();
    for body in [format!(r#"{{"amount":"{}"}}"#, "1".repeat(65 * 1024)), " ".repeat(900 * 1024)] {
        let reply = fill(&service, |request| request.json(&body)).expect(413);
        assert_eq!(reply.json(), json!({ "detail": "The request body is too large." }));
    }
    // An announced gigabyte is not waited for.
    let mut stream = TcpStream::connect(service.address).unwrap();
    let head = format!(
        "PUT /pay/fill_in_balance/ HTTP/1.1\r\nHost: a\r\nAuthorization: Token {XIAOCHEN}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(Reply::read(stream).status, 413);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let mut ports = Ports::new();
    ports.config.body_deadline = Duration::from_millis(50);
    let service = ports.serve();
    let request = Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=100");
    let bytes = request.bytes();
    let mut stream = TcpStream::connect(service.address).unwrap();
    stream.write_all(&bytes[..bytes.len() - 3]).unwrap();
    let reply = Reply::read(stream).expect(408);
    assert_eq!(reply.json(), json!({ "detail": "The request body did not arrive in time." }));
}

#[test]
fn odd_order_numbers_never_reach_the_store() {
    let service = Ports::new().serve();
    for number in
        ["\"\"", "\" \"", "1.5", "1e19", "-1", "true", "null", "[]", "{}", "\"1\\u0000\"", "\"\\ud800\"", "\"１\""]
    {
        let body = format!(r#"{{"order_no":{number},"channel":"balance"}}"#);
        let reply = service.call(Request::put("/pay/pay_in_balance/").token(XIAOCHEN).json(body)).expect(400);
        assert!(reply.json()["order_no"].is_array(), "{number}: {}", reply.text());
    }
    for channel in ["[]", "{}", "null", "true", "\"wx\\u0000\"", "\"\""] {
        let body = format!(r#"{{"order_no":{ORDER_NO},"channel":{channel}}}"#);
        let reply = service.call(Request::put("/pay/pay_for_order/").token(XIAOCHEN).json(body)).expect(400);
        assert!(reply.json()["channel"].is_array(), "{channel}: {}", reply.text());
    }
}
