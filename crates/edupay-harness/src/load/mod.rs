//! The load: clients that act as students and operators, as fast as they are answered.

mod call;
mod gate;
mod people;
mod purchases;

pub(crate) use gate::Gate;
pub(crate) use purchases::credits_nothing;

use crate::app_store::{AppStore, Purchase};
use crate::error::{Doing, Failure};
use crate::history::History;
use crate::random::Random;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What the clients share.
pub(crate) struct Shared {
    pub(crate) service: SocketAddr,
    pub(crate) sandbox: SocketAddr,
    pub(crate) history: History,
    pub(crate) app_store: AppStore,
    pub(crate) gate: Gate,
    /// Whether the service replays answers for an `Idempotency-Key`.
    pub(crate) replays: bool,
    /// What keys and refund numbers of this run begin with.
    name: String,
    keys: AtomicU64,
    /// Each top-up has an amount of its own, by which it is found again.
    amounts: AtomicI64,
    /// Orders that somebody has paid: what can be refunded.
    paid: Mutex<Vec<String>>,
    /// Purchases in the App Store, whatever became of them.
    purchases: Mutex<Vec<Purchase>>,
}

/// Who the clients talk to.
pub(crate) struct Partners {
    pub(crate) service: SocketAddr,
    pub(crate) sandbox: SocketAddr,
    pub(crate) app_store: AppStore,
}

impl Shared {
    pub(crate) fn new(partners: Partners, history: History, replays: bool, seed: u64) -> Self {
        let Partners { service, sandbox, app_store } = partners;
        Self {
            service,
            sandbox,
            app_store,
            history,
            gate: Gate::new(),
            replays,
            name: format!("h{seed:x}"),
            keys: AtomicU64::new(0),
            amounts: AtomicI64::new(0),
            paid: Mutex::default(),
            purchases: Mutex::default(),
        }
    }

    fn next_key(&self) -> String {
        format!("{}-{}", self.name, self.keys.fetch_add(1, Ordering::SeqCst))
    }

    /// 30 yuan and a little, never the same twice.
    fn next_amount(&self) -> i64 {
        self.amounts.fetch_add(1, Ordering::SeqCst).saturating_add(3_000)
    }

    fn remember_paid(&self, order: &str) {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner).push(order.to_owned());
    }

    fn some_paid(&self, random: &mut Random) -> Option<String> {
        random.pick(&self.paid.lock().unwrap_or_else(PoisonError::into_inner)).cloned()
    }

    fn remember_purchase(&self, purchase: &Purchase) {
        self.purchases.lock().unwrap_or_else(PoisonError::into_inner).push(purchase.clone());
    }

    fn some_purchase(&self, random: &mut Random) -> Option<Purchase> {
        random.pick(&self.purchases.lock().unwrap_or_else(PoisonError::into_inner)).cloned()
    }
}

/// The clients, each a thread.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts so many. They wait at the gate until it is opened.
    pub(crate) fn start(shared: &Arc<Shared>, clients: u64, random: &Random) -> Result<Self, Failure> {
        let mut threads = Vec::new();
        for number in 0..clients {
            let (shared, mut random) = (Arc::clone(shared), random.branch(number.saturating_add(1_000)));
            let thread = std::thread::Builder::new().name(format!("client-{number}")).spawn(move || {
                while shared.gate.enter() {
                    people::act(&shared, &mut random);
                    shared.gate.leave();
                }
            });
            threads.push(thread.doing("a client can't be started")?);
        }
        Ok(Self { shared: Arc::clone(shared), threads })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.gate.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
