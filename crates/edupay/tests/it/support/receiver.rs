//! A receiver of events: keeps what comes, verifies it as the Standard Webhooks scheme says, and answers as
//! it is told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::patience::wait_for;

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// Whether one of its signatures was made with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let key = PKey::hmac(&key).expect("a key");
        let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
        let signed = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body);
        signer.update(signed.as_bytes()).expect("a signature");
        let expected = format!("v1,{}", STANDARD.encode(signer.sign_to_vec().expect("a signature")));
        self.headers["webhook-signature"].split(' ').any(|signature| signature == expected)
    }
}

/// A receiver on a port of its own, for as long as the test runs.
pub(crate) struct Receiver {
    pub(crate) url: String,
    messages: Arc<Mutex<Vec<Message>>>,
    /// The status it answers; 0 for never.
    answer: Arc<Mutex<u16>>,
}

impl Receiver {
    /// Answers with this status; with 0 it takes every message and never answers.
    pub(crate) fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/canary-path?key=canary", listener.local_addr().expect("an address"));
        let (messages, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(status)));
        let (kept, status) = (Arc::clone(&messages), Arc::clone(&answer));
        thread::spawn(move || {
            let mut hanging = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                let Some(message) = read(&stream) else { continue };
                let status = *status.lock().expect("a status");
                kept.lock().expect("the messages").push(message);
                if status == 0 {
                    hanging.push(stream);
                    continue;
                }
                let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                // The sender may have been killed meanwhile.
                let _gone = stream.write_all(head.as_bytes());
            }
        });
        Self { url, messages, answer }
    }

    pub(crate) fn answer(&self, status: u16) {
        *self.answer.lock().expect("a status") = status;
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().expect("the messages").clone()
    }

    /// The first message that this holds for.
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&Message) -> bool) -> Message {
        wait_for(what, || self.messages().into_iter().find(&is_it))
    }
}

fn read(stream: &TcpStream) -> Option<Message> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = HashMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Message { headers, body: String::from_utf8(body).ok()? })
}
