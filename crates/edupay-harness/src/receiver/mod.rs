//! Who hears of events: an endpoint of the service under test, which keeps what it was told and at times
//! behaves badly. What it has taken can be compared with what the service has written.

mod manners;
mod message;

use crate::error::{Doing, Failure};
use crate::http::Request;
use crate::random::Random;
use crate::world::{STAFF, token};
use manners::Manner;
use message::Message;
use serde_json::json;
use std::collections::HashMap;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Whoever sends has this long for each part of it.
const PATIENCE: Duration = Duration::from_secs(20);
const PATH: &str = "/events";
/// More of one kind are not listed.
const MOST: usize = 20;

/// What is known of an event from its deliveries alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) body: String,
    /// How often it was answered with a success.
    pub(crate) taken: u64,
}

#[derive(Default)]
struct Inbox {
    /// By the event's id.
    told: HashMap<String, Told>,
    /// What no sender may do, whatever the database says.
    oddities: Vec<String>,
}

struct Desk {
    secret: Vec<u8>,
    inbox: Mutex<Inbox>,
    random: Mutex<Random>,
    behaves: AtomicBool,
    /// Whether the service's clock is that of this machine.
    same_clock: bool,
}

/// The listening receiver.
pub(crate) struct Receiver {
    desk: Arc<Desk>,
}

impl Receiver {
    /// Registers itself with a running service, and listens.
    pub(crate) fn register(service: SocketAddr, random: Random, same_clock: bool) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").doing("no port for the receiver of events")?;
        let address = listener.local_addr().doing("no port for the receiver of events")?;
        let body = json!({ "url": format!("http://{address}{PATH}"), "description": "the harness" });
        let request = Request::new("POST", "/v1/webhook-endpoints").token(token(STAFF)).json(&body);
        let answer = request.send(service, PATIENCE).answer("the endpoint")?.success("the endpoint")?.json();
        let secret = answer.get("secret").and_then(serde_json::Value::as_str).ok_or("the endpoint has no secret")?;
        let desk = Arc::new(Desk {
            secret: message::key(secret)?,
            inbox: Mutex::default(),
            random: Mutex::new(random),
            behaves: AtomicBool::new(false),
            same_clock,
        });
        let shared = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let desk = Arc::clone(&shared);
                thread::spawn(move || desk.serve(&stream));
            }
        });
        Ok(Self { desk })
    }

    /// Whether it takes whatever comes, or behaves badly now and then.
    pub(crate) fn behave(&self, well: bool) {
        self.desk.behaves.store(well, Ordering::SeqCst);
    }

    /// What it was told so far.
    pub(crate) fn told(&self) -> HashMap<String, Told> {
        self.desk.inbox().told.clone()
    }

    /// What can't be right in what it was told.
    pub(crate) fn oddities(&self) -> Vec<String> {
        self.desk.inbox().oddities.iter().take(MOST).cloned().collect()
    }
}

impl Desk {
    fn serve(&self, stream: &TcpStream) {
        let set = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        if set.is_err() {
            return;
        }
        // One that is cut in the middle has told nothing.
        let Some(message) = message::read(&mut BufReader::new(stream)) else { return };
        let manner = match self.behaves.load(Ordering::SeqCst) {
            true => Manner::GOOD,
            false => manners::choose(&mut lock(&self.random)),
        };
        let taken = match self.hear(&message) {
            Ok(()) => manner,
            Err(odd) => {
                self.inbox().oddities.push(odd);
                Manner::REFUSAL
            }
        };
        thread::sleep(taken.pause);
        // It counts before it is said: whoever is killed while hearing it may or may not send it again.
        if taken.takes() {
            let mut inbox = self.inbox();
            if let Some(told) = inbox.told.get_mut(&message.id) {
                told.taken = told.taken.saturating_add(1);
            }
        }
        let mut stream = stream;
        let _ = stream.write_all(taken.answer.as_bytes());
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Verifies a message and keeps it; what is wrong with it.
    fn hear(&self, message: &Message) -> Result<(), String> {
        message.verify(PATH, &self.secret, self.same_clock)?;
        let mut inbox = self.inbox();
        let told = inbox.told.entry(message.id.clone());
        let told = told.or_insert_with(|| Told { body: message.body.clone(), taken: 0 });
        if told.body == message.body {
            return Ok(());
        }
        Err(format!("event {} came as {} and as {}", message.id, told.body, message.body))
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
