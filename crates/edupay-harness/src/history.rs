//! What the clients asked for and what they were told: the other half of the truth. It is written to
//! a file and synced as it happens, as a client that must not forget would do it.

use crate::app_store::News;
use crate::error::{Doing, Failure};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A simulated top-up of an amount that this user asks for once and never again.
    BareTopUp {
        fen: i64,
    },
    /// A top-up by a charge, again of an amount of its own.
    StartTopUp {
        fen: i64,
    },
    /// Its proof.
    Redeem {
        charge: String,
        fen: i64,
    },
    MakeOrder {
        courses: Vec<i64>,
    },
    Cancel {
        order: String,
    },
    PayFromBalance {
        order: String,
    },
    /// A charge for an order.
    ChargeOrder {
        order: String,
    },
    /// A charge for packages.
    PayMoney {
        package: i64,
        kind: u8,
    },
    /// Part of an order's payment, or all that is left, goes back.
    Refund {
        order: String,
        number: String,
    },
    /// A purchase in the App Store, brought by whoever bought it.
    RedeemPurchase {
        transaction: String,
        fen: i64,
    },
    /// The same, brought by somebody else.
    StealPurchase {
        transaction: String,
    },
    /// What the App Store tells of it.
    TellPurchase {
        transaction: String,
        news: News,
        fen: i64,
    },
}

impl Wish {
    /// Whether it is done once under its key; others are safe to repeat as they are.
    pub(crate) fn has_key(&self) -> bool {
        !matches!(self, Self::Cancel { .. } | Self::TellPurchase { .. })
    }
}

/// What its client knows of it in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done, with this answer.
    Acknowledged(Value),
    /// It was refused, by this code, and nothing else was ever said.
    Refused(String),
    /// The service could not, and said that it wrote nothing.
    NothingWritten,
    /// Nobody knows.
    Unknown,
}

/// A request that its client is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) user: i64,
    pub(crate) wish: Wish,
    pub(crate) outcome: Outcome,
}

/// A request that got no answer: when it was written as a whole, if it was, and since when that is known.
#[derive(Debug, Clone)]
pub(crate) struct Silence {
    pub(crate) key: String,
    pub(crate) written: Option<Instant>,
    pub(crate) over: Instant,
}

/// How many requests ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) acknowledged: u64,
    /// Of these: top-ups, payments, charges, refunds.
    pub(crate) about_money: u64,
    /// Of these: orders.
    pub(crate) orders: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
}

/// All of it.
pub(crate) struct History {
    log: Mutex<File>,
    done: Mutex<Vec<Done>>,
    silences: Mutex<Vec<Silence>>,
    /// What was found wrong by looking at answers alone.
    oddities: Mutex<Vec<String>>,
    acknowledged: AtomicU64,
    moved: AtomicU64,
    ordered: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
}

impl History {
    /// A new one, kept in this file.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            log: Mutex::new(File::create(path).doing("the clients' log")?),
            done: Mutex::default(),
            silences: Mutex::default(),
            oddities: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            ordered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
        })
    }

    /// Before a request is sent.
    pub(crate) fn note_sent(&self, key: &str, user: i64, wish: &Wish, attempt: u32) {
        self.write(&json!({ "sent": key, "user": user, "wish": format!("{wish:?}"), "attempt": attempt }));
    }

    /// After its answer.
    pub(crate) fn note_answer(&self, key: &str, status: u16, code: &str, body: &str) {
        self.write(&json!({ "acked": key, "status": status, "code": code, "answer": body }));
    }

    /// A request without an answer.
    pub(crate) fn note_silence(&self, key: &str, written: Option<Instant>) {
        let over = Instant::now();
        self.write(&json!({ "silent": key }));
        lock(&self.silences).push(Silence { key: key.to_owned(), written, over });
    }

    /// An answer that can't be right, whatever the database says.
    pub(crate) fn note_oddity(&self, what: String) {
        self.write(&json!({ "odd": what }));
        lock(&self.oddities).push(what);
    }

    /// The client is done with it.
    pub(crate) fn conclude(&self, done: Done) {
        let counter = match &done.outcome {
            Outcome::Acknowledged(_) => &self.acknowledged,
            Outcome::Refused(_) => &self.refused,
            Outcome::NothingWritten | Outcome::Unknown => &self.unknown,
        };
        counter.fetch_add(1, Ordering::SeqCst);
        if matches!(done.outcome, Outcome::Acknowledged(_)) {
            match done.wish {
                Wish::MakeOrder { .. } => self.ordered.fetch_add(1, Ordering::SeqCst),
                Wish::Cancel { .. } => 0,
                _ => self.moved.fetch_add(1, Ordering::SeqCst),
            };
        }
        lock(&self.done).push(done);
    }

    /// A copy of all that was concluded: taken before the database is read, so that nothing is
    /// expected there that was not there yet.
    pub(crate) fn copy(&self) -> Vec<Done> {
        lock(&self.done).clone()
    }

    /// The requests without an answer so far, and none of them again.
    pub(crate) fn take_silences(&self) -> Vec<Silence> {
        std::mem::take(&mut *lock(&self.silences))
    }

    pub(crate) fn oddities(&self) -> Vec<String> {
        lock(&self.oddities).clone()
    }

    /// How much of each there was so far.
    pub(crate) fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Counts {
            acknowledged: of(&self.acknowledged),
            about_money: of(&self.moved),
            orders: of(&self.ordered),
            refused: of(&self.refused),
            unknown: of(&self.unknown),
        }
    }

    fn write(&self, line: &Value) {
        let mut log = lock(&self.log);
        let written = writeln!(log, "{line}").and_then(|()| log.sync_data());
        drop(log);
        if let Err(error) = written {
            lock(&self.oddities).push(format!("the clients' log can't be written: {error}"));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
