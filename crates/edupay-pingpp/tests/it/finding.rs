//! Many who look for their charges at once. The other side has a list of charges, two on a page.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayOrderNo;
use edupay_domain::payments::{Charge, GatewayError, GatewayFault, PaymentGateway};
use edupay_pingpp::client::{GatewaySettings, PingppGateway};
use serde_json::{Value, json};

/// The gateway's list.
struct Other {
    gateway: PingppGateway,
    list: Arc<Mutex<List>>,
}

#[derive(Default)]
struct List {
    /// Newest first.
    charges: Vec<Value>,
    pages: usize,
    fails: bool,
    /// The next page is announced, and waits for a word.
    held: Option<(Sender<()>, Receiver<()>)>,
    /// The four pages after the first one wait for each other.
    together: Option<Arc<Barrier>>,
}

impl Other {
    fn start(charges: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let list = Arc::new(Mutex::new(List { charges, ..List::default() }));
        let kept = Arc::clone(&list);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, list) = (stream.unwrap(), Arc::clone(&kept));
                thread::spawn(move || {
                    let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
                    let target = head.next().unwrap().unwrap();
                    head.find(|line| line.as_ref().unwrap().is_empty());
                    // What the list is when the call comes; its answer may take a while.
                    let (reply, held, together) = {
                        let mut list = list.lock().unwrap();
                        let together = list.together.clone().filter(|_| (1..5).contains(&list.pages));
                        (list.answer(&target), list.held.take(), together)
                    };
                    if let Some((announce, go_on)) = held {
                        announce.send(()).unwrap();
                        go_on.recv().unwrap();
                    }
                    if let Some(together) = together {
                        together.wait();
                    }
                    // The client may have gone.
                    let _ = stream.write_all(reply.as_bytes());
                });
            }
        });
        let gateway = PingppGateway::new(GatewaySettings::new(base.as_str(), "sk_test_1", "app_1")).unwrap();
        Self { gateway, list }
    }

    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.list.lock().unwrap()
    }

    async fn find(&self, number: &str) -> Result<Vec<Charge>, GatewayError> {
        self.gateway.find_charges(&GatewayOrderNo::parse(number).unwrap(), Timestamp::default()).await
    }

    /// All of these at once, and what each came to, in their order.
    async fn find_all(self: &Arc<Self>, numbers: &[String]) -> Vec<Result<Vec<Charge>, GatewayError>> {
        let looking: Vec<_> = numbers
            .iter()
            .cloned()
            .map(|number| {
                let other = Arc::clone(self);
                tokio::spawn(async move { other.find(&number).await })
            })
            .collect();
        let mut found = Vec::new();
        for looking in looking {
            found.push(looking.await.unwrap());
        }
        found
    }
}

impl List {
    fn answer(&mut self, target: &str) -> String {
        self.pages += 1;
        if self.fails {
            return reply(500, "");
        }
        let asked = |name: &str| target.split_once(name).map(|(_, rest)| rest.split([' ', '&']).next().unwrap());
        let second = |name: &str| asked(name).map(|second| second.parse::<i64>().unwrap());
        let (from, to) = (second("created%5Bgte%5D=").unwrap(), second("created%5Blt%5D=").unwrap_or(i64::MAX));
        let after = asked("starting_after=");
        let first = after.map_or(0, |id| self.charges.iter().position(|charge| charge["id"] == id).unwrap() + 1);
        let is_created = |charge: &&Value| charge["created"].as_i64().is_none_or(|at| (from..to).contains(&at));
        let mut left = self.charges[first..].iter().filter(is_created);
        let data: Vec<_> = left.by_ref().take(2).collect();
        let has_more = left.next().is_some();
        reply(200, &json!({ "object": "list", "url": "/v1/charges", "has_more": has_more, "data": data }).to_string())
    }
}

fn reply(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn charge(id: &str, number: &str) -> Value {
    json!({
        "id": format!("ch_{id}"), "object": "charge", "created": 1_466_149_851, "livemode": false, "paid": false,
        "refunded": false, "app": "app_1", "channel": "alipay", "order_no": number, "client_ip": "127.0.0.1",
        "amount": 9900, "amount_settle": 9900, "currency": "cny", "subject": "1", "body": "1", "extra": {},
        "time_paid": null, "time_expire": 1_466_236_251, "time_settle": null, "transaction_no": null,
        "refunds": { "object": "list", "url": "/v1/charges/x/refunds", "has_more": false, "data": [] },
        "amount_refunded": 0, "failure_code": null, "failure_msg": null, "metadata": {}, "credential": {},
        "description": null,
    })
}

fn numbers(count: usize) -> Vec<String> {
    (1000..1000 + count).map(|number| number.to_string()).collect()
}

/// One charge for each of so many numbers, in the order of these.
fn one_each(count: usize) -> Vec<Value> {
    numbers(count).iter().map(|number| charge(number, number)).collect()
}

fn ids(found: &Result<Vec<Charge>, GatewayError>) -> Vec<String> {
    found.as_ref().unwrap().iter().map(|charge| charge.id.to_string()).collect()
}

#[track_caller]
fn is_unknown(found: &Result<Vec<Charge>, GatewayError>) {
    assert_eq!(found.as_ref().unwrap_err().fault(), &GatewayFault::Unknown);
}

#[tokio::test]
async fn those_who_look_at_once_go_through_the_list_together() {
    let mut charges = one_each(20);
    charges.push(charge("second", "1003"));
    let other = Arc::new(Other::start(charges));
    let mut wanted = numbers(20);
    wanted.push("7".to_owned());
    let found = other.find_all(&wanted).await;
    for (number, found) in wanted.iter().zip(&found) {
        let ids = ids(found);
        match number.as_str() {
            "7" => assert_eq!(ids, [""; 0]),
            "1003" => assert_eq!(ids, ["ch_1003", "ch_second"]),
            number => assert_eq!(ids, [format!("ch_{number}")]),
        }
    }
    // The first one's walk, and one for all who came meanwhile; in both of them three parts have nothing.
    assert_eq!(other.list().pages, 28);
}

/// One charge a second, newest first.
fn one_each_second(count: usize) -> Vec<Value> {
    let mut charges = one_each(count);
    for (charge, age) in charges.iter_mut().zip(0..) {
        charge["created"] = json!(1_466_149_851 - age);
    }
    charges
}

#[tokio::test]
async fn what_is_left_behind_the_first_page_is_gone_through_in_four_parts_at_once() {
    let other = Arc::new(Other::start(one_each_second(50)));
    other.list().together = Some(Arc::new(Barrier::new(4)));
    let oldest = DateTime::from_timestamp(1_466_149_851 - 49, 0).unwrap();
    // The gateway's clock may be ten minutes behind.
    let since = oldest + TimeDelta::minutes(10);
    let number = GatewayOrderNo::parse("1049").unwrap();
    let found = tokio::time::timeout(Duration::from_secs(20), other.gateway.find_charges(&number, since)).await;
    assert_eq!(ids(&found.expect("four pages wait for each other")), ["ch_1049"]);
    // 48 are left, twelve in each part.
    assert_eq!(other.list().pages, 25);
}

#[tokio::test]
async fn every_charge_is_found_once_whenever_it_was_created() {
    for count in 1..24 {
        // Some in the same second, where one part ends and the next one begins too.
        for each in [1, 3, 100] {
            let mut charges = one_each(count);
            for (charge, place) in charges.iter_mut().zip(0..) {
                // From the first second that is asked for: ten minutes before the moment itself.
                charge["created"] = json!((count as i64 - 1 - place) / each - 600);
            }
            let other = Arc::new(Other::start(charges));
            for (number, found) in numbers(count).iter().zip(other.find_all(&numbers(count)).await) {
                assert_eq!(ids(&found), [format!("ch_{number}")], "of {count}, {each} a second");
            }
        }
    }
}

#[tokio::test]
async fn charges_that_do_not_say_when_they_were_created_are_gone_through_in_one_part() {
    let mut charges = one_each(9);
    for charge in &mut charges[..8] {
        charge["created"] = json!("then");
    }
    let other = Arc::new(Other::start(charges));
    assert_eq!(ids(&other.find("1008").await), ["ch_1008"]);
    assert_eq!(other.list().pages, 5);
}

#[tokio::test]
async fn whoever_comes_during_a_walk_hears_of_what_came_since() {
    let other = Arc::new(Other::start(one_each(3)));
    let (announce, announced) = channel();
    let (go_on, held) = channel();
    other.list().held = Some((announce, held));
    let first = tokio::spawn({
        let other = Arc::clone(&other);
        async move { other.find("9").await }
    });
    tokio::task::spawn_blocking(move || announced.recv().unwrap()).await.unwrap();
    other.list().charges.insert(0, charge("new", "9"));
    let second = tokio::spawn({
        let other = Arc::clone(&other);
        async move { other.find("9").await }
    });
    tokio::task::yield_now().await;
    go_on.send(()).unwrap();
    assert_eq!(ids(&first.await.unwrap()), [""; 0], "its first page was read before");
    assert_eq!(ids(&second.await.unwrap()), ["ch_new"]);
}

#[tokio::test]
async fn whoever_gives_up_leaves_the_walk_to_the_others() {
    let other = Arc::new(Other::start(one_each(9)));
    let looking: Vec<_> = numbers(9)
        .into_iter()
        .map(|number| {
            let other = Arc::clone(&other);
            tokio::spawn(async move { other.find(&number).await })
        })
        .collect();
    // Everybody has asked by then, and nobody was answered.
    tokio::task::yield_now().await;
    let gone = |place: usize| place.is_multiple_of(2);
    for (_, looking) in looking.iter().enumerate().filter(|(place, _)| gone(*place)) {
        looking.abort();
    }
    for (place, looking) in looking.into_iter().enumerate() {
        match looking.await {
            Ok(found) => assert!(!gone(place) && ids(&found).len() == 1),
            Err(error) => assert!(gone(place) && error.is_cancelled()),
        }
    }
    assert_eq!(ids(&other.find("1000").await), ["ch_1000"], "and whoever looks later");
}

#[tokio::test]
async fn what_cannot_be_read_hides_only_what_is_of_its_number() {
    let mut charges = one_each(4);
    charges[1]["amount"] = json!("a lot");
    charges[2]["order_no"] = json!(1002);
    let other = Arc::new(Other::start(charges));
    let found = other.find_all(&numbers(4)).await;
    is_unknown(&found[1]);
    let read: BTreeSet<_> = [0, 2, 3].into_iter().flat_map(|place| ids(&found[place])).collect();
    assert_eq!(read, BTreeSet::from(["ch_1000".to_owned(), "ch_1002".to_owned(), "ch_1003".to_owned()]));
}

#[tokio::test]
async fn a_list_that_fails_is_unknown_to_everybody_and_read_again_by_the_next() {
    let other = Arc::new(Other::start(one_each(3)));
    other.list().fails = true;
    for found in other.find_all(&numbers(3)).await {
        is_unknown(&found);
    }
    other.list().fails = false;
    assert_eq!(ids(&other.find("1001").await), ["ch_1001"]);
}
