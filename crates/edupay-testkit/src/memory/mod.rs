//! Every store port in memory: one mutex is one transaction.
//!
//! What holds here is what a database must hold: an effect loads one view, calls the rule, checks
//! the walls (unique numbers, one entitlement per course, one claim per charge, entries without a
//! gap), and only then writes, so that a refusal or a broken wall leaves nothing. What is absent:
//! durability, and any wait between two effects.

mod accounts;
mod app_store;
mod audit;
mod audit_app_store;
mod audit_packages;
mod audit_refunds;
#[cfg(test)]
mod audit_refunds_tests;
#[cfg(test)]
mod audit_tests;
mod breaches;
mod campus;
mod cashier;
mod catalogue;
mod charges;
mod confirmations;
mod event_delivery;
mod idempotency;
mod inbox;
mod ledger;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod naive_deliveries;
#[cfg(test)]
mod naive_keys;
mod orders;
mod packages;
mod products;
mod receipts;
mod reconciliation;
mod refunds;
mod review;
mod sums;
mod top_ups;

pub use ledger::JournalRow;

use crate::contract::{RecordedEvent, StoreHarness};
use async_trait::async_trait;
use edupay_domain::accounts::{PasswordHash, TokenDigest, User, UserStore, WalletStore};
use edupay_domain::app_store::{AppStoreInbox, AppStorePurchaseStore};
use edupay_domain::cashier::{CashierLink, CashierLinkStore};
use edupay_domain::clock::Timestamp;
use edupay_domain::events::Event;
use edupay_domain::idempotency::IdempotencyStore;
use edupay_domain::ids::{
    ChargeId, CourseId, GatewayEventId, GatewayOrderNo, OrderNo, PackageId, ProductId, ProjectId, PurchaseNo,
    ReconciliationId, RefundId, RefundNo, SchoolId, TopUpNo, UserId, Username,
};
use edupay_domain::ledger::LedgerStore;
use edupay_domain::money::Money;
use edupay_domain::orders::{Entitlement, Order, OrderStore};
use edupay_domain::packages::{
    CampusStore, CatalogueStore, Package, PackageStore, Project, Purchase, School, ServicePeriod, Student,
};
use edupay_domain::payments::{ChargeAttempt, ChargeRoute, ChargeStore, InboxStore, Receipt, ReceiptStore};
use edupay_domain::products::{Course, CourseStore, Product, ProductStore};
use edupay_domain::reconciliation::{OurBooks, ReconciliationStore};
use edupay_domain::recovery::{ReviewDecision, ReviewStore};
use edupay_domain::refunds::{Refund, RefundStore};
use edupay_domain::store::{StoreError, StoreFault};
use edupay_domain::top_ups::{TopUp, TopUpStore};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

/// All stores on one state in memory. A clone is another handle of the same state.
///
/// ```
/// use edupay_domain::orders::OrderStore;
/// use edupay_testkit::memory::MemoryStore;
/// use std::sync::Arc;
///
/// let store = MemoryStore::new();
/// let orders: Arc<dyn OrderStore> = Arc::new(store.clone());
/// assert!(store.events().is_empty());
/// # drop(orders);
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

/// What the mutex guards. A user's rows lie under the user's id, as in a database.
#[derive(Default)]
struct State {
    users: BTreeMap<UserId, UserRow>,
    usernames: HashMap<Username, UserId>,
    tokens: HashMap<TokenDigest, UserId>,
    journal: BTreeMap<UserId, Vec<JournalRow>>,
    products: Vec<Product>,
    courses: BTreeMap<CourseId, Course>,
    orders: BTreeMap<UserId, Vec<Order>>,
    order_numbers: HashMap<OrderNo, UserId>,
    entitlements: BTreeMap<(UserId, CourseId), Entitlement>,
    attempts: BTreeMap<UserId, Vec<ChargeAttempt>>,
    routes: HashMap<GatewayOrderNo, ChargeRoute>,
    receipts: BTreeMap<UserId, Vec<Receipt>>,
    charge_owners: HashMap<ChargeId, UserId>,
    top_ups: HashMap<TopUpNo, TopUp>,
    refunds: BTreeMap<UserId, Vec<Refund>>,
    /// Which refund a refund of the gateway is booked for.
    refund_claims: HashMap<RefundId, (UserId, RefundNo)>,
    schools: BTreeMap<SchoolId, School>,
    students: BTreeMap<UserId, Student>,
    /// A student, and who may act for the student.
    guardians: BTreeSet<(UserId, UserId)>,
    projects: BTreeMap<ProjectId, Project>,
    packages: BTreeMap<PackageId, Package>,
    purchases: BTreeMap<UserId, Vec<Purchase>>,
    purchase_numbers: HashMap<PurchaseNo, UserId>,
    periods: BTreeMap<UserId, Vec<ServicePeriod>>,
    cashier_links: HashMap<TokenDigest, CashierLink>,
    keys: idempotency::KeyRows,
    /// By product, what it cost from when on.
    prices: BTreeMap<ProductId, BTreeMap<Timestamp, Money>>,
    app_store: app_store::AppStoreRows,
    reconciliations: BTreeMap<ReconciliationId, reconciliation::RunRows>,
    inbox: Vec<inbox::InboxRow>,
    inbox_ids: HashMap<GatewayEventId, usize>,
    review_decisions: Vec<ReviewDecision>,
    outbox: Vec<Event>,
    delivery: event_delivery::DeliveryRows,
}

struct UserRow {
    user: User,
    password: PasswordHash,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every event of the outbox, in the order they were written.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.transaction(|state| state.outbox.clone())
    }

    /// The entries of a user with their postings, oldest first.
    #[must_use]
    pub fn journal(&self, user_id: UserId) -> Vec<JournalRow> {
        self.transaction(|state| state.journal.get(&user_id).cloned().unwrap_or_default())
    }

    /// The receipts of a user, oldest first.
    #[must_use]
    pub fn receipts_of(&self, user_id: UserId) -> Vec<Receipt> {
        self.transaction(|state| state.receipts.get(&user_id).cloned().unwrap_or_default())
    }

    /// Whoever holds the lock is alone. A panic of a rule leaves the state as it was, since nothing
    /// is written before the rule has answered: so a poisoned lock is used on.
    fn transaction<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn corrupt(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
    StoreError::new(StoreFault::Corrupt, cause)
}

fn wall(holds: bool, what: &str) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(corrupt(what)) }
}

/// A page of `limit` rows.
fn at_most<T>(rows: impl Iterator<Item = T>, limit: u32) -> Vec<T> {
    rows.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
}

#[async_trait]
impl StoreHarness for MemoryStore {
    fn users(&self) -> Arc<dyn UserStore> {
        Arc::new(self.clone())
    }

    fn wallets(&self) -> Arc<dyn WalletStore> {
        Arc::new(self.clone())
    }

    fn ledger(&self) -> Arc<dyn LedgerStore> {
        Arc::new(self.clone())
    }

    fn app_store_purchases(&self) -> Arc<dyn AppStorePurchaseStore> {
        Arc::new(self.clone())
    }

    fn app_store_inbox(&self) -> Arc<dyn AppStoreInbox> {
        Arc::new(self.clone())
    }

    fn products(&self) -> Arc<dyn ProductStore> {
        Arc::new(self.clone())
    }

    fn courses(&self) -> Arc<dyn CourseStore> {
        Arc::new(self.clone())
    }

    fn orders(&self) -> Arc<dyn OrderStore> {
        Arc::new(self.clone())
    }

    fn charges(&self) -> Arc<dyn ChargeStore> {
        Arc::new(self.clone())
    }

    fn receipts(&self) -> Arc<dyn ReceiptStore> {
        Arc::new(self.clone())
    }

    fn inbox(&self) -> Arc<dyn InboxStore> {
        Arc::new(self.clone())
    }

    fn top_ups(&self) -> Arc<dyn TopUpStore> {
        Arc::new(self.clone())
    }

    fn refunds(&self) -> Arc<dyn RefundStore> {
        Arc::new(self.clone())
    }

    fn packages(&self) -> Arc<dyn PackageStore> {
        Arc::new(self.clone())
    }

    fn campus(&self) -> Arc<dyn CampusStore> {
        Arc::new(self.clone())
    }

    fn catalogue(&self) -> Arc<dyn CatalogueStore> {
        Arc::new(self.clone())
    }

    fn review(&self) -> Arc<dyn ReviewStore> {
        Arc::new(self.clone())
    }

    fn cashier_links(&self) -> Arc<dyn CashierLinkStore> {
        Arc::new(self.clone())
    }

    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        Arc::new(self.clone())
    }

    fn books(&self) -> Arc<dyn OurBooks> {
        Arc::new(self.clone())
    }

    fn reconciliations(&self) -> Arc<dyn ReconciliationStore> {
        Arc::new(self.clone())
    }

    async fn outbox(&self, user_id: UserId) -> Vec<RecordedEvent> {
        self.transaction(|state| {
            state.outbox.iter().filter(|event| event.user_id == user_id).map(RecordedEvent::of).collect()
        })
    }
}
