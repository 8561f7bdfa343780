//! What an adapter under test shows of itself.

use async_trait::async_trait;
use edupay_domain::accounts::{UserStore, WalletStore};
use edupay_domain::app_store::{AppStoreInbox, AppStorePurchaseStore};
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::clock::Timestamp;
use edupay_domain::events::{Event, EventField};
use edupay_domain::idempotency::IdempotencyStore;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::LedgerStore;
use edupay_domain::orders::OrderStore;
use edupay_domain::packages::{CampusStore, CatalogueStore, PackageStore};
use edupay_domain::payments::{ChargeStore, InboxStore, ReceiptStore};
use edupay_domain::products::{CourseStore, ProductStore};
use edupay_domain::reconciliation::{OurBooks, ReconciliationStore};
use edupay_domain::recovery::ReviewStore;
use edupay_domain::refunds::RefundStore;
use edupay_domain::top_ups::TopUpStore;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One adapter under test: all its stores on one database.
///
/// The database may be fresh or shared with other claims; its schema is there.
#[async_trait]
pub trait StoreHarness: Send + Sync {
    /// Users and tokens.
    fn users(&self) -> Arc<dyn UserStore>;
    /// Balances.
    fn wallets(&self) -> Arc<dyn WalletStore>;
    /// The journal.
    fn ledger(&self) -> Arc<dyn LedgerStore>;
    /// Purchases in the App Store.
    fn app_store_purchases(&self) -> Arc<dyn AppStorePurchaseStore>;
    /// The App Store's notifications.
    fn app_store_inbox(&self) -> Arc<dyn AppStoreInbox>;
    /// App Store products.
    fn products(&self) -> Arc<dyn ProductStore>;
    /// Courses.
    fn courses(&self) -> Arc<dyn CourseStore>;
    /// Orders and entitlements.
    fn orders(&self) -> Arc<dyn OrderStore>;
    /// Attempts.
    fn charges(&self) -> Arc<dyn ChargeStore>;
    /// Receipts.
    fn receipts(&self) -> Arc<dyn ReceiptStore>;
    /// Callbacks.
    fn inbox(&self) -> Arc<dyn InboxStore>;
    /// Top-ups.
    fn top_ups(&self) -> Arc<dyn TopUpStore>;
    /// Refunds of what was paid.
    fn refunds(&self) -> Arc<dyn RefundStore>;
    /// Purchases of packages and their periods.
    fn packages(&self) -> Arc<dyn PackageStore>;
    /// Schools, students, cards and guardians.
    fn campus(&self) -> Arc<dyn CampusStore>;
    /// Projects and packages.
    fn catalogue(&self) -> Arc<dyn CatalogueStore>;
    /// What is unfinished, and the list for people.
    fn review(&self) -> Arc<dyn ReviewStore>;
    /// Links to the cashier page.
    fn cashier_links(&self) -> Arc<dyn CashierLinkStore>;
    /// Keys of requests that are done once.
    fn idempotency(&self) -> Arc<dyn IdempotencyStore>;
    /// What was booked, for reconciliation.
    fn books(&self) -> Arc<dyn OurBooks>;
    /// Runs of reconciliation.
    fn reconciliations(&self) -> Arc<dyn ReconciliationStore>;

    /// The events of this user in the outbox, sent or not, in the order they were written.
    async fn outbox(&self, user_id: UserId) -> Vec<RecordedEvent>;
}

/// An event as it lies in an outbox, whatever format the adapter writes it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its name: 32 hexadecimal digits.
    pub id: String,
    /// Its type: `order.paid`, …
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// The payload by field name. Money as the decimal digits of its fen.
    pub fields: BTreeMap<String, String>,
}

impl RecordedEvent {
    /// What an outbox must hold of this event.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let text = |field| match field {
            EventField::Text(text) => text,
            EventField::Money(money) => money.fen().to_string(),
        };
        Self {
            id: event.id.to_string(),
            kind: event.body.kind().to_owned(),
            at: event.at,
            fields: event.body.fields().into_iter().map(|(name, field)| (name.to_owned(), text(field))).collect(),
        }
    }
}
