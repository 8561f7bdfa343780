//! What a receiver sees, and what its answers become.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use edupay_domain::event_delivery::{Answer, SendFault, WebhookSecret};
use openssl::sha::sha256;
use serde_json::{Value, json};

use crate::receiver::{Received, Receiver, message, secret, send};

/// HMAC-SHA256 from its definition, so that nothing is shared with what signs.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let padded = |pad: u8| -> Vec<u8> { (0..64).map(|at| key.get(at).copied().unwrap_or_default() ^ pad).collect() };
    let inner = sha256(&[padded(0x36), text.to_vec()].concat());
    sha256(&[padded(0x5c), inner.to_vec()].concat())
}

/// What a receiver does that knows one secret.
fn is_genuine(received: &Received, secret: &WebhookSecret) -> bool {
    let header = |name: &str| received.headers[name].clone();
    let signed = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), received.body);
    let key = STANDARD.decode(secret.reveal().strip_prefix("whsec_").unwrap()).unwrap();
    let expected = format!("v1,{}", STANDARD.encode(hmac(&key, signed.as_bytes())));
    header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[tokio::test]
async fn a_receiver_gets_a_message_that_it_can_verify() {
    let receiver = Receiver::saying("204 No Content");
    let answer = send(&message(&receiver.url("/hook?key=1"))).await;
    assert_eq!(answer, Answer::Status { status: 204, retry_after: None });
    let received = receiver.received();
    assert_eq!(received.line, "POST /hook?key=1 HTTP/1.1");
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.headers["webhook-id"], "00000000000000000000000000000007");
    assert_eq!(received.headers["webhook-timestamp"], "1465962831");
    let expected = json!({
        "type": "order.paid",
        "timestamp": "2016-06-15T03:53:50.598744Z",
        "data": { "user_id": 1, "order_no": "12134676899915430002", "amount_fen": 9900, "channel": "余额" },
    });
    assert_eq!(serde_json::from_str::<Value>(&received.body).unwrap(), expected);
    assert!(is_genuine(&received, &secret('A')));
    assert!(!is_genuine(&received, &secret('B')));
    let changed = Received { body: received.body.replace("9900", "9901"), ..received };
    assert!(!is_genuine(&changed, &secret('A')));
}

#[tokio::test]
async fn while_secrets_rotate_receivers_with_either_are_content() {
    let receiver = Receiver::saying("200 OK");
    let mut message = message(&receiver.url("/"));
    message.secrets = vec![secret('B'), secret('A')];
    send(&message).await;
    let received = receiver.received();
    assert_eq!(received.headers["webhook-signature"].split(' ').count(), 2);
    assert!(is_genuine(&received, &secret('A')) && is_genuine(&received, &secret('B')));
    assert!(!is_genuine(&received, &secret('C')));
}

#[tokio::test]
async fn the_same_event_is_the_same_text_on_every_attempt() {
    let receiver = Receiver::saying("500 Oops");
    let first = message(&receiver.url("/"));
    let mut second = first.clone();
    second.at += TimeDelta::hours(5);
    send(&first).await;
    send(&second).await;
    let (one, other) = (receiver.received(), receiver.received());
    assert_eq!((&one.body, &one.headers["webhook-id"]), (&other.body, &other.headers["webhook-id"]));
    assert_ne!(one.headers["webhook-signature"], other.headers["webhook-signature"]);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Receiver::saying("200 OK");
    let target = elsewhere.url("/secret");
    for status in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let receiver = Receiver::answering(move |stream| {
            let head = format!("HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
        });
        assert_eq!(send(&message(&receiver.url("/"))).await, Answer::Status { status, retry_after: None });
        receiver.received();
    }
    assert!(elsewhere.heard_nothing());
}

#[tokio::test]
async fn an_endpoint_may_ask_for_a_pause() {
    let receiver = Receiver::saying("503 Later\r\nRetry-After: 120");
    let answer = send(&message(&receiver.url("/"))).await;
    assert_eq!(answer, Answer::Status { status: 503, retry_after: Some(TimeDelta::seconds(120)) });
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_left_in_time() {
    let receiver = Receiver::answering(|_| thread::sleep(Duration::from_secs(60)));
    let begun = Instant::now();
    assert_eq!(send(&message(&receiver.url("/"))).await, Answer::None(SendFault::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_answer_counts_however_its_body_goes_on() {
    // One without an end, and one that says more than is read.
    let endless = Receiver::answering(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        while stream.write_all(&[b"1000\r\n", [b'a'; 4096].as_slice(), b"\r\n"].concat()).is_ok() {}
    });
    let dripping = Receiver::answering(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").unwrap();
        while stream.write_all(b"a").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    for receiver in [endless, dripping] {
        let begun = Instant::now();
        let answer = send(&message(&receiver.url("/"))).await;
        assert_eq!(answer, Answer::Status { status: 200, retry_after: None });
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn no_answer_is_told_from_no_connection() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    assert_eq!(send(&message(&format!("http://{nobody}/"))).await, Answer::None(SendFault::NotConnected));
    let silent = Receiver::answering(|_| {});
    assert_eq!(send(&message(&silent.url("/"))).await, Answer::None(SendFault::Broken));
    let odd = Receiver::answering(|stream| stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").unwrap());
    assert_eq!(send(&message(&odd.url("/"))).await, Answer::None(SendFault::Broken));
    let unsigned = edupay_domain::event_delivery::EventMessage { secrets: Vec::new(), ..message(&odd.url("/")) };
    assert_eq!(send(&unsigned).await, Answer::None(SendFault::NotSent));
}
