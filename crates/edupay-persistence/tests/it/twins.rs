//! Two instances on one database: whatever both are asked at once has one winner.

use crate::databases::{Database, empty_postgres_with};
use async_trait::async_trait;
use edupay_domain::accounts::{UserStore, WalletStore};
use edupay_domain::app_store::{AppStoreInbox, AppStorePurchaseStore};
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::event_delivery::{DeliveryStore, EndpointStore};
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
use edupay_persistence::{SqlStore, StoreOptions};
use edupay_testkit::contract::{
    DeliveryHarness, RecordedEvent, StoreHarness, app_store_races, campus, event_delivery_races, idempotency_races,
    package_races, races, reconciliation, refund_races,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Two instances on one database, asked by turns.
struct Twins {
    one: Database,
    other: Database,
    asked: AtomicUsize,
}

impl Twins {
    fn next(&self) -> &Database {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { &self.one } else { &self.other }
    }

    /// On a PostgreSQL database of their own.
    fn new() -> Option<Self> {
        let options =
            StoreOptions { postgres_connections: 8, postgres_lanes: 2, lane_bound: 1_024, ..StoreOptions::default() };
        let one = empty_postgres_with(options)?;
        one.store.migrate().unwrap();
        let store = SqlStore::connect(&one.url, options).unwrap();
        let other = Database { store, ..one.clone() };
        Some(Self { one, other, asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl StoreHarness for Twins {
    fn users(&self) -> Arc<dyn UserStore> {
        self.next().users()
    }
    fn wallets(&self) -> Arc<dyn WalletStore> {
        self.next().wallets()
    }
    fn ledger(&self) -> Arc<dyn LedgerStore> {
        self.next().ledger()
    }
    fn app_store_purchases(&self) -> Arc<dyn AppStorePurchaseStore> {
        self.next().app_store_purchases()
    }
    fn app_store_inbox(&self) -> Arc<dyn AppStoreInbox> {
        self.next().app_store_inbox()
    }
    fn products(&self) -> Arc<dyn ProductStore> {
        self.next().products()
    }
    fn courses(&self) -> Arc<dyn CourseStore> {
        self.next().courses()
    }
    fn orders(&self) -> Arc<dyn OrderStore> {
        self.next().orders()
    }
    fn charges(&self) -> Arc<dyn ChargeStore> {
        self.next().charges()
    }
    fn receipts(&self) -> Arc<dyn ReceiptStore> {
        self.next().receipts()
    }
    fn inbox(&self) -> Arc<dyn InboxStore> {
        self.next().inbox()
    }
    fn top_ups(&self) -> Arc<dyn TopUpStore> {
        self.next().top_ups()
    }
    fn refunds(&self) -> Arc<dyn RefundStore> {
        self.next().refunds()
    }
    fn packages(&self) -> Arc<dyn PackageStore> {
        self.next().packages()
    }
    fn campus(&self) -> Arc<dyn CampusStore> {
        self.next().campus()
    }
    fn catalogue(&self) -> Arc<dyn CatalogueStore> {
        self.next().catalogue()
    }
    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        self.next().idempotency()
    }
    fn review(&self) -> Arc<dyn ReviewStore> {
        self.next().review()
    }
    fn cashier_links(&self) -> Arc<dyn CashierLinkStore> {
        self.next().cashier_links()
    }
    fn books(&self) -> Arc<dyn OurBooks> {
        self.next().books()
    }
    fn reconciliations(&self) -> Arc<dyn ReconciliationStore> {
        self.next().reconciliations()
    }
    async fn outbox(&self, user_id: UserId) -> Vec<RecordedEvent> {
        self.next().outbox(user_id).await
    }
}

impl DeliveryHarness for Twins {
    fn endpoints(&self) -> Arc<dyn EndpointStore> {
        self.next().endpoints()
    }
    fn deliveries(&self) -> Arc<dyn DeliveryStore> {
        self.next().deliveries()
    }
}

const ROUNDS: u32 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_share_the_delivery_of_events() {
    let Some(twins) = Twins::new() else { return };
    event_delivery_races::every_event_reaches_every_endpoint_once(&twins, ROUNDS).await.unwrap();
    let Some(twins) = Twins::new() else { return };
    event_delivery_races::one_delivery_is_sent_by_one_worker(&twins, ROUNDS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_database_have_one_winner() {
    let Some(twins) = Twins::new() else { return };
    races::one_order_is_paid_once_by_many_clients(&twins, ROUNDS).await.unwrap();
    races::a_balance_is_spent_once_over_many_orders(&twins, ROUNDS).await.unwrap();
    races::a_course_is_sold_once_over_many_orders(&twins, ROUNDS).await.unwrap();
    races::balance_and_charge_pay_one_order_once(&twins, ROUNDS).await.unwrap();
    races::one_charge_is_confirmed_once_by_many_callbacks(&twins, ROUNDS).await.unwrap();
    races::many_charges_pay_one_order_once(&twins, ROUNDS).await.unwrap();
    races::a_top_up_is_credited_once_by_many_callbacks(&twins, ROUNDS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_database_give_a_package_once() {
    let Some(twins) = Twins::new() else { return };
    package_races::many_clients_place_one_purchase(&twins, ROUNDS).await.unwrap();
    package_races::one_purchase_charge_is_confirmed_once_by_many_callbacks(&twins, ROUNDS).await.unwrap();
    package_races::many_charges_pay_one_purchase_once(&twins, ROUNDS).await.unwrap();
    package_races::many_purchases_of_one_project_are_given_once(&twins, ROUNDS).await.unwrap();
    for _ in 0..ROUNDS {
        campus::a_card_raced_for_is_given_once(&twins).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_database_credit_a_transaction_once() {
    let Some(twins) = Twins::new() else { return };
    app_store_races::one_transaction_is_credited_once_to_one_of_two_users(&twins, ROUNDS).await.unwrap();
    app_store_races::a_device_and_notifications_at_once_end_in_one_state(&twins, ROUNDS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_database_do_one_daily_reconciliation() {
    let Some(twins) = Twins::new() else { return };
    for _ in 0..ROUNDS {
        reconciliation::a_daily_run_is_given_to_one_of_many(&twins).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_database_refund_once() {
    let Some(twins) = Twins::new() else { return };
    refund_races::parts_of_an_order_never_pass_the_whole(&twins, ROUNDS).await.unwrap();
    refund_races::one_number_is_one_refund(&twins, ROUNDS).await.unwrap();
    refund_races::refunds_here_and_at_the_gateway_never_pass_the_whole(&twins, ROUNDS).await.unwrap();
    refund_races::one_refund_of_the_gateway_is_booked_once(&twins, ROUNDS).await.unwrap();
    refund_races::refund_work_is_claimed_by_one_worker(&twins, ROUNDS).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_database_do_a_keyed_request_once() {
    let Some(twins) = Twins::new() else { return };
    idempotency_races::a_key_is_claimed_by_one_of_many(&twins, ROUNDS).await.unwrap();
    idempotency_races::a_lease_is_taken_over_by_one_of_many(&twins, ROUNDS).await.unwrap();
    idempotency_races::one_keyed_payment_of_many_happens_once(&twins, ROUNDS).await.unwrap();
}
