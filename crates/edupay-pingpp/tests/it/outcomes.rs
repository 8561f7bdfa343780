//! What is known after each way in which an exchange can end. The other side is a bare socket that
//! misbehaves as told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use edupay_domain::ids::ChargeId;
use edupay_domain::money::Money;
use edupay_domain::payments::{GatewayError, GatewayFault, GatewayRefund, PaymentGateway, Postponement, RefundRequest};
use edupay_pingpp::client::{GatewaySettings, PingppGateway};

/// Answers each connection with the same bytes, or with silence.
struct Other {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
enum Behaviour {
    Answers(String),
    HangsUp,
    KeepsSilent,
}

impl Other {
    fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                kept.lock().unwrap().push(request(&mut stream));
                match &behaviour {
                    Behaviour::Answers(text) => {
                        // The client may have read enough and gone.
                        let _ = stream.write_all(text.as_bytes());
                    }
                    Behaviour::HangsUp => {}
                    Behaviour::KeepsSilent => silent.push(stream),
                }
            }
        });
        Self { base, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Head and body; a request of ours fits in one buffer.
fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        if read == 0 || is_whole(&text) {
            return text;
        }
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn reply(status: u16, body: &str) -> Behaviour {
    let length = body.len();
    Behaviour::Answers(format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"))
}

fn error(status: u16, code: &str) -> Behaviour {
    reply(status, &format!(r#"{{"error":{{"type":"channel_error","message":"no","code":"{code}"}}}}"#))
}

fn refund(other: &Other) -> Result<GatewayRefund, GatewayError> {
    let mut settings = GatewaySettings::new(other.base.as_str(), "sk_test_1", "app_1");
    settings.total_timeout = Duration::from_millis(300);
    let gateway = PingppGateway::new(settings).unwrap();
    let request = RefundRequest {
        charge_id: ChargeId::parse("ch_1").unwrap(),
        amount: Money::from_fen_u32(100),
        description: "unapplied".to_owned(),
        metadata: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(gateway.create_refund(&request))
}

#[track_caller]
fn fault_after(behaviour: Behaviour) -> GatewayFault {
    let other = Other::start(behaviour);
    let fault = refund(&other).unwrap_err().fault().clone();
    assert_eq!(other.requests().len(), 1, "a refund is asked for once");
    fault
}

#[test]
fn a_definite_no_is_a_refusal() {
    for status in [400, 401, 402, 404] {
        let refused = GatewayFault::Refused { code: Some("refund_refused".to_owned()) };
        assert_eq!(fault_after(error(status, "refund_refused")), refused, "{status}");
    }
}

#[test]
fn too_many_calls_are_throttled() {
    let throttled = GatewayFault::Postponed(Postponement::Throttled);
    assert_eq!(fault_after(error(403, "x")), throttled);
    assert_eq!(fault_after(reply(429, "slow down")), throttled);
}

#[test]
fn everything_else_is_unknown() {
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let cases = [
        ("silence", Behaviour::KeepsSilent),
        ("a hang-up", Behaviour::HangsUp),
        ("half a reply", Behaviour::Answers("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned())),
        ("no HTTP", Behaviour::Answers("SSH-2.0\r\n\r\n".to_owned())),
        ("500", error(500, "x")),
        ("502", reply(502, "<html>bad gateway</html>")),
        ("503 without a body", reply(503, "")),
        (
            "a redirect",
            Behaviour::Answers(
                "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned(),
            ),
        ),
        ("400 from a proxy", reply(400, "<html>bad request</html>")),
        ("a channel that has not answered", error(402, "channel_connection_error")),
        ("a refund that waits", error(402, "refund_wait_operation")),
        ("200 with HTML", reply(200, "<html>")),
        ("200 without a body", reply(200, "")),
        ("another object", reply(200, r#"{"id":"ch_1","object":"charge"}"#)),
        (
            "another charge's refund",
            reply(200, r#"{"id":"re_1","object":"refund","amount":100,"status":"pending","charge":"ch_2"}"#),
        ),
        (
            "another amount",
            reply(200, r#"{"id":"re_1","object":"refund","amount":99,"status":"pending","charge":"ch_1"}"#),
        ),
        ("a body without end", reply(200, &huge)),
    ];
    for (name, behaviour) in cases {
        assert_eq!(fault_after(behaviour), GatewayFault::Unknown, "{name}");
    }
}

#[test]
fn nobody_there_is_no_refusal_and_may_be_asked_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let other = Other { base, requests: Arc::default() };
    assert_eq!(refund(&other).unwrap_err().fault(), &GatewayFault::Postponed(Postponement::Unreached));
}

#[test]
fn a_request_carries_the_key_and_json() {
    let other =
        Other::start(reply(200, r#"{"id":"re_1","object":"refund","amount":100,"status":"pending","charge":"ch_1"}"#));
    assert_eq!(refund(&other).unwrap().id.as_str(), "re_1");
    let request = other.requests().remove(0);
    let lower = request.to_ascii_lowercase();
    assert!(request.starts_with("POST /v1/charges/ch_1/refunds HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("Basic c2tfdGVzdF8xOg=="), "{request}");
    assert!(lower.contains("content-type: application/json"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"amount\":100,\"description\":\"unapplied\"}"), "{request}");
}
