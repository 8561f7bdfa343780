//! A receiver of our own, and messages for it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use chrono::DateTime;
use edupay_domain::event_delivery::{AddressPolicy, Answer, EndpointUrl, EventMessage, EventSender, WebhookSecret};
use edupay_domain::ids::{EventId, UserId};
use edupay_webhooks::{SenderSettings, WebhookSender};

/// One message as it came.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// A receiver on a port of its own.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Channel<Received>,
}

impl Receiver {
    /// Answers every message so.
    pub(crate) fn answering(answer: impl Fn(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (send, received) = channel();
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let Some(message) = read(&stream) else { continue };
                if send.send(message).is_err() {
                    return;
                }
                answer(&mut stream);
            }
        });
        Self { address, received }
    }

    /// Answers with this head and no body.
    pub(crate) fn saying(head: &'static str) -> Self {
        Self::answering(move |stream| {
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Received {
        self.received.recv_timeout(Duration::from_secs(20)).expect("a message")
    }

    pub(crate) fn heard_nothing(&self) -> bool {
        matches!(self.received.try_recv(), Err(TryRecvError::Empty))
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
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
    Some(Received { line: line.trim_end().to_owned(), headers, body: String::from_utf8(body).ok()? })
}

pub(crate) fn secret(letter: char) -> WebhookSecret {
    WebhookSecret::parse(&format!("whsec_{}", letter.to_string().repeat(32))).unwrap()
}

/// A message about a paid order.
pub(crate) fn message(url: &str) -> EventMessage {
    EventMessage {
        url: EndpointUrl::parse(url).unwrap(),
        secrets: vec![secret('A')],
        event_id: EventId::from_random(7),
        kind: "order.paid".to_owned(),
        occurred_at: DateTime::from_timestamp_micros(1_465_962_830_598_744).unwrap(),
        user_id: UserId::try_new(1).ok(),
        payload: r#"{"order_no":"12134676899915430002","amount_fen":9900,"channel":"余额"}"#.to_owned(),
        at: DateTime::from_timestamp(1_465_962_831, 0).unwrap(),
    }
}

/// How a sender of the tests sends: to anybody, with little patience.
pub(crate) fn impatient(addresses: AddressPolicy) -> SenderSettings {
    SenderSettings {
        connect_timeout: Duration::from_millis(500),
        total_timeout: Duration::from_secs(2),
        ..SenderSettings::new(addresses)
    }
}

pub(crate) async fn send(message: &EventMessage) -> Answer {
    WebhookSender::new(impatient(AddressPolicy::Any)).send(message).await
}
