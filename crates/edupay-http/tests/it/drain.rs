//! The end of a server, by which nothing is cut that was sent.

use crate::client::{PATIENCE, Reply, Request};
use crate::detached::SlowInbox;
use crate::service::Ports;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Asks on a kept connection; the head and body of the reply, whose length is announced.
fn ask(stream: &mut TcpStream, target: &str) -> String {
    stream.write_all(&Request::get(target).bytes()).unwrap();
    let (mut reply, mut buffer) = (String::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "cut after {reply:?}");
        reply.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let Some((head, body)) = reply.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.unwrap().parse() == Ok(body.len()) {
            return reply;
        }
    }
}

#[test]
fn what_is_worked_on_is_answered_a_kept_connection_is_told_and_latecomers_too() {
    let (ports, hear, go_on) = SlowInbox::ports();
    let mut service = ports.serve();
    let mut kept = TcpStream::connect(service.address).unwrap();
    kept.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(ask(&mut kept, "/readyz").starts_with("HTTP/1.1 200"));
    let mut working = TcpStream::connect(service.address).unwrap();
    working.write_all(&Request::post("/webhooks/pingpp").json("{}").bytes()).unwrap();
    assert_eq!(hear.recv_timeout(PATIENCE), Ok("begun"));

    let end = service.end();
    let told = loop {
        let reply = ask(&mut kept, "/readyz");
        if !reply.starts_with("HTTP/1.1 200") {
            break reply;
        }
        // The end began between this answer and its head: it was good news, and the last on its connection.
        if reply.to_ascii_lowercase().contains("connection: close\r\n") {
            assert_eq!(kept.read(&mut [0; 1]).unwrap(), 0, "it was the last on its connection");
            kept = TcpStream::connect(service.address).unwrap();
            kept.set_read_timeout(Some(PATIENCE)).unwrap();
        }
    };
    assert!(told.starts_with("HTTP/1.1 503"), "{told}");
    assert!(told.to_ascii_lowercase().contains("connection: close\r\n"), "{told}");
    assert!(told.ends_with(r#"{"status":"unavailable","reasons":["draining"]}"#), "{told}");
    assert_eq!(kept.read(&mut [0; 1]).unwrap(), 0, "it was the last on its connection");

    // Until the server takes no connection any more, those that come are still answered by itself.
    let latecomer = loop {
        let reply = Request::get("/v1/me").send(service.address);
        if reply.header("X-Error-Code") == Some("draining") {
            break reply;
        }
    };
    assert_eq!((latecomer.status, latecomer.header("Retry-After")), (503, Some("1")));
    assert_eq!(latecomer.json()["code"], "draining");
    assert_eq!(latecomer.header("X-Request-Id"), latecomer.json()["request_id"].as_str());
    assert_eq!(latecomer.header("Cache-Control"), Some("no-store"));
    let body = "x".repeat(100_000);
    let latecomer = Request::put("/pay/pay_in_balance/").json(body).send(service.address).expect(503);
    assert_eq!(latecomer.json(), json!({ "detail": "Service temporarily unavailable, try again later." }));

    go_on.notify_one();
    Reply::read(working).expect(200);
    end.join().unwrap();
    assert!(TcpStream::connect(service.address).is_err());
}

#[test]
fn an_idle_server_ends_by_itself_and_closes_what_is_kept() {
    let mut service = Ports::new().serve();
    let mut kept = TcpStream::connect(service.address).unwrap();
    kept.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(ask(&mut kept, "/healthz").starts_with("HTTP/1.1 200"));
    service.end().join().unwrap();
    assert_eq!(kept.read(&mut [0; 1]).unwrap(), 0);
    assert!(TcpStream::connect(service.address).is_err());
}
