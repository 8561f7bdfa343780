//! A running sandbox, a merchant's signed requests, and a receiver of webhooks.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use edupay_pingpp::signing::{PublicKeys, RequestSigner};
use edupay_sandbox::{API_KEY, APP_ID, Sandbox, SandboxConfig, SandboxOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::http::Request;

/// A sandbox on a port and a directory of its own; stopped when dropped.
pub(crate) struct Running {
    pub(crate) url: String,
    folder: TempDir,
    handle: ServerHandle,
    agent: ureq::Agent,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = SandboxConfig::new(folder.path());
        config.options.refund_delay = Duration::from_millis(20);
        change(&mut config.options);
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            System::new().block_on(async move {
                let mut sandbox = Sandbox::build(config).unwrap();
                send.send((sandbox.url(), sandbox.handle())).unwrap();
                sandbox.server().unwrap().await.unwrap();
            });
        });
        let (url, handle) = receive.recv().unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(20)))
            .build()
            .new_agent();
        Self { url, folder, handle, agent }
    }

    pub(crate) fn key_file(&self, name: &str) -> PathBuf {
        self.folder.path().join("sandbox").join(name)
    }

    pub(crate) fn signer(&self) -> RequestSigner {
        RequestSigner::from_pem(&fs::read(self.key_file("merchant_private.pem")).unwrap()).unwrap()
    }

    pub(crate) fn public_keys(&self) -> PublicKeys {
        PublicKeys::from_pems([fs::read(self.key_file("pingpp_public.pem")).unwrap()]).unwrap()
    }

    /// A request as it stands, nothing added.
    pub(crate) fn try_send(&self, request: Request<Vec<u8>>) -> Result<Reply, ureq::Error> {
        let mut response = self.agent.run(request)?;
        let text = response.body_mut().read_to_string()?;
        Ok(Reply { status: response.status().as_u16(), headers: response.headers().clone(), text })
    }

    pub(crate) fn send(&self, request: Request<Vec<u8>>) -> Reply {
        self.try_send(request).unwrap()
    }

    /// A merchant's request: with the key, signed.
    pub(crate) fn signed(&self, method: &str, target: &str, body: &str) -> Request<Vec<u8>> {
        let signature = self.signer().sign_request(body.as_bytes(), target, 1_466_149_851).unwrap();
        Request::builder()
            .method(method)
            .uri(format!("{}{target}", self.url))
            .header("Authorization", format!("Bearer {API_KEY}"))
            .header("Pingplusplus-Signature", signature)
            .header("Pingplusplus-Request-Timestamp", "1466149851")
            .body(body.as_bytes().to_vec())
            .unwrap()
    }

    pub(crate) fn try_post(&self, target: &str, body: &Value) -> Result<Reply, ureq::Error> {
        self.try_send(self.signed("POST", target, &body.to_string()))
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Reply {
        self.try_post(target, body).unwrap()
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.send(self.signed("GET", target, ""))
    }

    /// A request without key or signature.
    pub(crate) fn plain(&self, method: &str, target: &str, body: &str) -> Reply {
        let request = Request::builder().method(method).uri(format!("{}{target}", self.url));
        self.send(request.body(body.as_bytes().to_vec()).unwrap())
    }

    pub(crate) fn create(&self, order_no: &str, channel: &str, amount: i64) -> Value {
        self.post("/v1/charges", &charge_body(order_no, channel, amount)).ok()
    }

    pub(crate) fn pay(&self, charge: &Value) -> Reply {
        self.plain("GET", &format!("/notify/charges/{}?livemode=false", id(charge)), "")
    }

    pub(crate) fn misbehave(&self, plan: &Value) {
        self.plain("PUT", "/sandbox/faults", &plan.to_string()).ok();
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.plain("PUT", "/sandbox/clock", &json!({ "offset_s": seconds }).to_string()).ok();
    }

    pub(crate) fn state(&self) -> Value {
        self.plain("GET", "/sandbox/state", "").ok()
    }

    pub(crate) fn send_webhooks_to(&self, receiver: &Receiver) {
        self.plain("PUT", "/sandbox/webhook", &json!({ "url": receiver.url }).to_string()).ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The future stops the server also when nobody awaits it.
        drop(self.handle.stop(false));
    }
}

impl Reply {
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The error object of a refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str::<Value>(&self.text).unwrap()["error"].clone()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

pub(crate) fn charge_body(order_no: &str, channel: &str, amount: i64) -> Value {
    json!({
        "order_no": order_no,
        "app": { "id": APP_ID },
        "channel": channel,
        "amount": amount,
        "client_ip": "127.0.0.1",
        "currency": "cny",
        "subject": "collection的使用",
        "body": order_no,
        "extra": {
            "success_url": "https://shop.example/success",
            "result_url": "https://shop.example/result",
            "open_id": "o1",
            "product_id": "p1",
        },
        "metadata": { "order_id": 1 },
    })
}

/// Asks again until there is an answer, for ten seconds.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A webhook as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) signature: Option<String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A tiny server that keeps what it gets and answers with the next of its statuses.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// Answers with each of `statuses` in turn, then with 200.
    pub(crate) fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}/webhooks/pingpp", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, statuses) = (Arc::clone(&received), statuses.to_vec());
        thread::spawn(move || {
            let mut statuses = statuses.into_iter();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let webhook = read_request(&mut stream);
                kept.lock().unwrap().push(webhook);
                let status = statuses.next().unwrap_or(200);
                let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        wait_for(&format!("{count} webhooks"), || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
    }
}

fn read_request(stream: &mut TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let (mut signature, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "x-pingplusplus-signature" => signature = Some(value.to_owned()),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Received { signature, body: String::from_utf8(body).unwrap() }
}
