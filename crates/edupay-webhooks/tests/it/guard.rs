//! Where nothing is sent, whatever a name says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use edupay_domain::event_delivery::{AddressPolicy, Answer, EndpointUrl, EventSender, SendFault};
use edupay_webhooks::{Lookup, SenderSettings, WebhookSender};

use crate::receiver::{Receiver, impatient, message};

/// Answers these lists, one after the other; the last one for ever.
#[derive(Debug)]
struct Changing {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Changing {
    fn answering(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|list| list.iter().map(|text| text.parse().unwrap()).collect()).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Lookup for Changing {
    fn addresses(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers[asked.min(self.answers.len() - 1)].clone())
    }
}

fn sender(addresses: AddressPolicy, lookup: &Arc<Changing>) -> WebhookSender {
    WebhookSender::new(SenderSettings { lookup: Arc::clone(lookup) as Arc<dyn Lookup>, ..impatient(addresses) })
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_public() {
    let receiver = Receiver::saying("200 OK");
    let port = receiver.address.port();
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "[::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::7f00:1]",
        "localhost",
    ] {
        let message = message(&format!("https://{host}:{port}/"));
        let answer = WebhookSender::new(impatient(AddressPolicy::PublicOnly)).send(&message).await;
        assert_eq!(answer, Answer::None(SendFault::AddressRefused), "{host}");
    }
    // Numbers in other forms are no addresses at all.
    for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "017700000001", "127.0.0.1."] {
        assert!(EndpointUrl::parse(&format!("https://{host}:{port}/")).is_err(), "{host}");
    }
    assert!(receiver.heard_nothing());
}

#[tokio::test]
async fn plain_http_is_not_sent() {
    let receiver = Receiver::saying("200 OK");
    let public = Changing::answering(&[&["[2606:4700::1111]:80"]]);
    let answer = sender(AddressPolicy::PublicOnly, &public).send(&message("http://hooks.example.com/")).await;
    assert_eq!(answer, Answer::None(SendFault::AddressRefused));
    assert!(receiver.heard_nothing() && public.asked() == 0);
}

#[tokio::test]
async fn one_address_that_is_not_public_spoils_the_name() {
    let receiver = Receiver::saying("200 OK");
    let inside = receiver.address.to_string();
    for list in [[inside.as_str(), "[2606:4700::1111]:443"], ["[2606:4700::1111]:443", inside.as_str()]] {
        let mixed = Changing::answering(&[&list]);
        let answer = sender(AddressPolicy::PublicOnly, &mixed).send(&message("https://hooks.example.com/")).await;
        assert_eq!(answer, Answer::None(SendFault::AddressRefused));
    }
    assert!(receiver.heard_nothing());
}

#[tokio::test]
async fn an_answer_of_the_resolver_that_changes_changes_nothing() {
    let receiver = Receiver::saying("200 OK");
    let inside = receiver.address.to_string();
    // Public when it is judged, our own a moment later: it is looked up once per message, and judged each time.
    let rebinding = Changing::answering(&[&["[2606:4700::1111]:443"], &[&inside]]);
    let sender_of_public = sender(AddressPolicy::PublicOnly, &rebinding);
    let first = sender_of_public.send(&message("https://hooks.example.com/")).await;
    assert_ne!(first, Answer::None(SendFault::AddressRefused));
    assert_eq!(rebinding.asked(), 1);
    let second = sender_of_public.send(&message("https://hooks.example.com/")).await;
    assert_eq!((second, rebinding.asked()), (Answer::None(SendFault::AddressRefused), 2));
    assert!(receiver.heard_nothing());

    // And the connection goes to the address that was judged.
    let moved = Changing::answering(&[&[&inside], &["127.0.0.1:1"]]);
    let answer = sender(AddressPolicy::Any, &moved).send(&message("http://hooks.example.com/")).await;
    assert_eq!((answer, moved.asked()), (Answer::Status { status: 200, retry_after: None }, 1));
    receiver.received();
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_told_apart() {
    let nowhere = Changing::answering(&[&[]]);
    for addresses in [AddressPolicy::Any, AddressPolicy::PublicOnly] {
        let answer = sender(addresses, &nowhere).send(&message("https://hooks.example.com/")).await;
        assert_eq!(answer, Answer::None(SendFault::NameUnresolved));
    }
}
