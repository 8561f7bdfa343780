//! A store written the usual way (read, let the rule decide, then set) breaks the very claims that
//! ours keeps: the tests can fail.

use crate::databases::{Database, sqlite};
use async_trait::async_trait;
use edupay_domain::accounts::{UserStore, WalletStore};
use edupay_domain::app_store::{
    AppStoreClaim, AppStoreInbox, AppStorePurchase, AppStorePurchaseStore, AppStoreRecord, CreditPurchase,
    CreditPurchaseRule, CreditVerdict, ObserveTransaction, ObserveTransactionRule, Observed, RedeemRefusal,
    TransactionKey, TransactionView,
};
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::{IdempotencyStore, KeyedOutcome, Once};
use edupay_domain::ids::{CourseId, OrderNo, OrderPk, UserId};
use edupay_domain::ledger::{LedgerError, LedgerStore};
use edupay_domain::orders::{
    CancelOrder, CancelOrderRule, CancelRefusal, CloseOrder, CloseOrderRule, ConfirmOrderCharge,
    ConfirmOrderChargeRule, CreateOrder, CreateOrderRefusal, CreateOrderRule, CreatedOrder, OpenOrderCharge,
    OpenOrderChargeRule, OpenedCharge, Order, OrderStore, PaidOrder, PayFromBalance, PayFromBalanceRule, PayPlan,
    PayRefusal, PayView,
};
use edupay_domain::packages::{CampusStore, CatalogueStore, PackageStore};
use edupay_domain::payments::{ChargeStore, Confirmation, InboxStore, ReceiptStore};
use edupay_domain::products::{CourseStore, ProductStore};
use edupay_domain::reconciliation::{OurBooks, ReconciliationStore};
use edupay_domain::recovery::ReviewStore;
use edupay_domain::refunds::RefundStore;
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_domain::top_ups::TopUpStore;
use edupay_testkit::contract::{RecordedEvent, StoreHarness, app_store_races, races};
use std::sync::Arc;

/// Ours, but for how an order is paid.
#[derive(Clone)]
struct Naive(Database);

#[async_trait]
impl OrderStore for Naive {
    async fn pay_from_balance(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
    ) -> Result<PaidOrder, EffectError<PayRefusal>> {
        let store = &self.0.store;
        let view = PayView {
            wallet: store.find_user(command.user_id).await?.unwrap().wallet,
            order: OrderStore::find(store, command.user_id, &command.order_no).await?,
            owned: store.owned_courses(command.user_id).await?,
        };
        match rule(command, &view).map_err(EffectError::Refused)? {
            PayPlan::AlreadyPaid { order, wallet } => Ok(PaidOrder::AlreadyPaid { order, wallet }),
            PayPlan::Pay { order, posted, .. } => {
                let (user, wallet, at) = (command.user_id, posted.wallet, command.at.timestamp_micros());
                let sql = format!(
                    "UPDATE wallets SET cash_fen = {}, iap_fen = {}, bonus_fen = {} WHERE user_id = {user}; \
                     UPDATE orders SET status = 'paid', paid_at = {at}, paid_through = 'balance' \
                     WHERE user_id = {user} AND order_no = '{}';",
                    wallet.cash.fen(),
                    wallet.iap.fen(),
                    wallet.bonus.fen(),
                    order.order_no
                );
                let database = self.0.clone();
                let written = tokio::task::spawn_blocking(move || database.execute(&sql)).await.unwrap();
                written.map_err(|error| StoreError::new(StoreFault::Unavailable, error))?;
                Ok(PaidOrder::Paid { order, wallet })
            }
        }
    }

    async fn pay_from_balance_once(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError> {
        self.0.store.pay_from_balance_once(command, rule, once).await
    }
    async fn create(
        &self,
        command: &CreateOrder,
        rule: CreateOrderRule,
    ) -> Result<CreatedOrder, EffectError<CreateOrderRefusal>> {
        OrderStore::create(&self.0.store, command, rule).await
    }
    async fn find(&self, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, StoreError> {
        OrderStore::find(&self.0.store, user_id, order_no).await
    }
    async fn list(&self, user_id: UserId, below: Option<OrderPk>, limit: u32) -> Result<Vec<Order>, StoreError> {
        OrderStore::list(&self.0.store, user_id, below, limit).await
    }
    async fn owned_courses(&self, user_id: UserId) -> Result<Vec<CourseId>, StoreError> {
        self.0.store.owned_courses(user_id).await
    }
    async fn cancel(&self, command: &CancelOrder, rule: CancelOrderRule) -> Result<Order, EffectError<CancelRefusal>> {
        self.0.store.cancel(command, rule).await
    }
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, OrderNo)>, StoreError> {
        OrderStore::expired(&self.0.store, now, limit).await
    }
    async fn close(&self, command: &CloseOrder, rule: CloseOrderRule) -> Result<Option<Order>, StoreError> {
        OrderStore::close(&self.0.store, command, rule).await
    }
    async fn open_charge(
        &self,
        command: &OpenOrderCharge,
        rule: OpenOrderChargeRule,
    ) -> Result<OpenedCharge, EffectError<PayRefusal>> {
        self.0.store.open_charge(command, rule).await
    }
    async fn confirm_charge(
        &self,
        command: &ConfirmOrderCharge,
        rule: ConfirmOrderChargeRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        OrderStore::confirm_charge(&self.0.store, command, rule).await
    }
}

/// A look whether somebody has the transaction, and then the credit: nothing is locked in between.
#[async_trait]
impl AppStorePurchaseStore for Naive {
    async fn credit(
        &self,
        command: &CreditPurchase,
        rule: CreditPurchaseRule,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
        let (store, key) = (&self.0.store, command.transaction.key());
        let owner = store.find_claimant(&key).await?;
        let claim = owner.map(|owner| AppStoreClaim {
            key: key.clone(),
            user_id: Some(owner),
            newest: command.transaction.observation(),
        });
        let of = owner.unwrap_or(command.user_id);
        let purchase = store.purchases(of, None, 100).await?.into_iter().find(|purchase| purchase.key == key);
        let view = TransactionView {
            claim,
            purchase,
            wallet: store.find_user(of).await?.map(|user| user.wallet),
            price: store.find_price(&command.transaction.product_id, command.transaction.purchased_at).await?,
        };
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        if let (Some(claim), Some(posted), Some(purchase)) =
            (&plan.writes.claim, &plan.writes.posted, &plan.writes.purchase)
        {
            let user = command.user_id;
            let sql = format!(
                "UPDATE wallets SET iap_fen = {iap} WHERE user_id = {user}; \
                 INSERT INTO app_store_claims (environment, transaction_id, user_id, signed_at, refunded_milli_percent) \
                 VALUES ('{environment}', '{id}', {user}, {signed_at}, 0) \
                 ON CONFLICT (environment, transaction_id) DO UPDATE SET user_id = {user}; \
                 INSERT INTO app_store_purchases (user_id, environment, transaction_id, product_id, quantity, \
                 unit_price_fen, credited_fen, clawed_back_fen, purchased_at, credited_at, signed) \
                 VALUES ({user}, '{environment}', '{id}', '{product}', 1, {price}, {price}, 0, {signed_at}, \
                 {signed_at}, 'signed') ON CONFLICT DO NOTHING;",
                iap = posted.wallet.iap.fen(),
                product = purchase.product_id,
                price = purchase.credited.fen(),
                environment = key.environment.code(),
                id = key.id,
                signed_at = claim.newest.signed_at.timestamp_micros(),
            );
            let database = self.0.clone();
            let written = tokio::task::spawn_blocking(move || database.execute(&sql)).await.unwrap();
            written.map_err(|error| StoreError::new(StoreFault::Unavailable, error))?;
        }
        Ok(plan.verdict)
    }

    async fn observe(
        &self,
        command: &ObserveTransaction,
        rule: ObserveTransactionRule,
    ) -> Result<Observed, EffectError<LedgerError>> {
        self.0.store.observe(command, rule).await
    }
    async fn find_claimant(&self, key: &TransactionKey) -> Result<Option<UserId>, StoreError> {
        self.0.store.find_claimant(key).await
    }
    async fn purchases(
        &self,
        user_id: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AppStorePurchase>, StoreError> {
        self.0.store.purchases(user_id, before, limit).await
    }
    async fn records(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AppStoreRecord>, StoreError> {
        self.0.store.records(before, limit).await
    }
}

#[async_trait]
impl StoreHarness for Naive {
    fn orders(&self) -> Arc<dyn OrderStore> {
        Arc::new(self.clone())
    }
    fn users(&self) -> Arc<dyn UserStore> {
        self.0.users()
    }
    fn wallets(&self) -> Arc<dyn WalletStore> {
        self.0.wallets()
    }
    fn ledger(&self) -> Arc<dyn LedgerStore> {
        self.0.ledger()
    }
    fn app_store_purchases(&self) -> Arc<dyn AppStorePurchaseStore> {
        Arc::new(self.clone())
    }
    fn app_store_inbox(&self) -> Arc<dyn AppStoreInbox> {
        self.0.app_store_inbox()
    }
    fn products(&self) -> Arc<dyn ProductStore> {
        self.0.products()
    }
    fn courses(&self) -> Arc<dyn CourseStore> {
        self.0.courses()
    }
    fn charges(&self) -> Arc<dyn ChargeStore> {
        self.0.charges()
    }
    fn receipts(&self) -> Arc<dyn ReceiptStore> {
        self.0.receipts()
    }
    fn inbox(&self) -> Arc<dyn InboxStore> {
        self.0.inbox()
    }
    fn top_ups(&self) -> Arc<dyn TopUpStore> {
        self.0.top_ups()
    }
    fn refunds(&self) -> Arc<dyn RefundStore> {
        self.0.refunds()
    }
    fn packages(&self) -> Arc<dyn PackageStore> {
        self.0.packages()
    }
    fn campus(&self) -> Arc<dyn CampusStore> {
        self.0.campus()
    }
    fn catalogue(&self) -> Arc<dyn CatalogueStore> {
        self.0.catalogue()
    }
    fn review(&self) -> Arc<dyn ReviewStore> {
        self.0.review()
    }
    fn cashier_links(&self) -> Arc<dyn CashierLinkStore> {
        self.0.cashier_links()
    }
    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        self.0.idempotency()
    }
    fn books(&self) -> Arc<dyn OurBooks> {
        self.0.books()
    }
    fn reconciliations(&self) -> Arc<dyn ReconciliationStore> {
        self.0.reconciliations()
    }
    async fn outbox(&self, user_id: UserId) -> Vec<RecordedEvent> {
        self.0.outbox(user_id).await
    }
}

fn naive() -> impl Iterator<Item = Naive> {
    // A database of its own on PostgreSQL too: what it breaks would fail the others' audits.
    let postgres = crate::databases::empty_postgres().inspect(|database| {
        database.store.migrate().unwrap();
    });
    [Some(sqlite()), postgres].into_iter().flatten().map(Naive)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_naive_store_pays_one_order_more_than_once() {
    for store in naive() {
        let verdict = races::one_order_is_paid_once_by_many_clients(&store, 200).await;
        assert!(verdict.is_err(), "the claim does not notice a naive store on {:?}", store.0.url);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_naive_store_spends_one_balance_more_than_once() {
    for store in naive() {
        let verdict = races::a_balance_is_spent_once_over_many_orders(&store, 200).await;
        assert!(verdict.is_err(), "the claim does not notice a naive store on {:?}", store.0.url);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_naive_store_credits_one_transaction_more_than_once() {
    for store in naive() {
        let verdict = app_store_races::one_transaction_is_credited_once_to_one_of_two_users(&store, 200).await;
        assert!(verdict.is_err(), "the claim does not notice a naive store on {:?}", store.0.url);
    }
}
