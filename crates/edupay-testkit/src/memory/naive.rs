//! An order store that loses races on purpose, and the proof that the claims about races see it.
//!
//! It does what is often written: read, decide, and write later, holding no lock in between and
//! having no wall at the end.

use super::MemoryStore;
use super::naive_keys::{NaiveKeys, known};
use crate::contract::{
    RecordedEvent, StoreHarness, app_store_races, idempotency_races, package_races, races, refund_races,
};
use async_trait::async_trait;
use edupay_domain::accounts::{UserStore, WalletStore};
use edupay_domain::app_store::*;
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::*;
use edupay_domain::ids::{CourseId, OrderNo, OrderPk, PurchaseNo, RefundNo, UserId};
use edupay_domain::ledger::{LedgerError, LedgerStore};
use edupay_domain::orders::*;
use edupay_domain::packages::*;
use edupay_domain::payments::{ChargeStore, ChargeSubject, Confirmation, InboxStore, ReceiptStore};
use edupay_domain::products::{CourseStore, ProductStore};
use edupay_domain::reconciliation::{OurBooks, ReconciliationStore};
use edupay_domain::recovery::ReviewStore;
use edupay_domain::refunds::*;
use edupay_domain::store::{EffectError, StoreError};
use edupay_domain::top_ups::TopUpStore;
use std::sync::{Arc, Mutex};

struct NaiveOrderStore(MemoryStore);

/// What another request does meanwhile.
async fn meanwhile() {
    tokio::task::yield_now().await;
}

#[async_trait]
impl OrderStore for NaiveOrderStore {
    async fn pay_from_balance(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
    ) -> Result<PaidOrder, EffectError<PayRefusal>> {
        let view = self.0.transaction(|state| state.pay_view(command));
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        Ok(self.0.transaction(|state| state.write_payment(plan, command.at)))
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmOrderCharge,
        rule: ConfirmOrderChargeRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        let view = self.0.transaction(|state| state.confirm_view(command))?;
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        Ok(self.0.transaction(|state| state.write_confirmed_order(plan, command.at)))
    }

    async fn pay_from_balance_once(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError> {
        let request = &once.request;
        if let Some(known) = known_outcome(request, known(&self.0, request).as_ref()) {
            return Ok(known);
        }
        meanwhile().await;
        let paid = self.pay_from_balance(command, rule).await.map_err(|error| match error {
            EffectError::Refused(refusal) => refusal,
            EffectError::Store(error) => panic!("{error:?}"),
        });
        let reply = (once.render)(&paid).unwrap();
        self.0.transaction(|state| state.put_key(KeyRecord::answered(request.clone(), reply.clone())));
        Ok(KeyedOutcome::First(reply))
    }

    async fn open_charge(
        &self,
        command: &OpenOrderCharge,
        rule: OpenOrderChargeRule,
    ) -> Result<OpenedCharge, EffectError<PayRefusal>> {
        let view = self.0.transaction(|state| state.charge_view(command));
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        let order = view.order.unwrap();
        Ok(self.0.transaction(|state| state.write_open_charge(order, plan)))
    }

    async fn create(
        &self,
        command: &CreateOrder,
        rule: CreateOrderRule,
    ) -> Result<CreatedOrder, EffectError<CreateOrderRefusal>> {
        OrderStore::create(&self.0, command, rule).await
    }

    async fn find(&self, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, StoreError> {
        OrderStore::find(&self.0, user_id, order_no).await
    }

    async fn list(&self, user_id: UserId, below: Option<OrderPk>, limit: u32) -> Result<Vec<Order>, StoreError> {
        OrderStore::list(&self.0, user_id, below, limit).await
    }

    async fn owned_courses(&self, user_id: UserId) -> Result<Vec<CourseId>, StoreError> {
        self.0.owned_courses(user_id).await
    }

    async fn cancel(&self, command: &CancelOrder, rule: CancelOrderRule) -> Result<Order, EffectError<CancelRefusal>> {
        self.0.cancel(command, rule).await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, OrderNo)>, StoreError> {
        OrderStore::expired(&self.0, now, limit).await
    }

    async fn close(&self, command: &CloseOrder, rule: CloseOrderRule) -> Result<Option<Order>, StoreError> {
        OrderStore::close(&self.0, command, rule).await
    }
}

struct NaivePackageStore(MemoryStore);

#[async_trait]
impl PackageStore for NaivePackageStore {
    async fn place(
        &self,
        command: &PlacePurchase,
        rule: PlacePurchaseRule,
    ) -> Result<PlacedPurchase, EffectError<PlaceRefusal>> {
        let view = self.0.transaction(|state| state.place_view(command));
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        Ok(self.0.transaction(|state| state.write_placed(plan)))
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmPurchaseCharge,
        rule: ConfirmPurchaseRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        let view = self.0.transaction(|state| state.confirm_purchase_view(command))?;
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        Ok(self.0.transaction(|state| state.write_confirmed_purchase(plan, command.at)))
    }

    async fn may_act_for(&self, caller: UserId, user_id: UserId) -> Result<bool, StoreError> {
        self.0.may_act_for(caller, user_id).await
    }

    async fn wards(&self, caller: UserId) -> Result<Vec<Student>, StoreError> {
        self.0.wards(caller).await
    }

    async fn offer(&self, caller: UserId, user_id: UserId, kind: ProjectKind) -> Result<Option<OfferView>, StoreError> {
        self.0.offer(caller, user_id, kind).await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, PurchaseNo, Timestamp)>, StoreError> {
        PackageStore::expired(&self.0, now, limit).await
    }

    async fn close(&self, command: &ClosePurchase, rule: ClosePurchaseRule) -> Result<Option<Purchase>, StoreError> {
        PackageStore::close(&self.0, command, rule).await
    }

    async fn find(
        &self,
        caller: UserId,
        user_id: UserId,
        query: &PurchaseQuery,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        PackageStore::find(&self.0, caller, user_id, query).await
    }

    async fn list(
        &self,
        caller: UserId,
        user_id: UserId,
        below: Option<PurchaseNo>,
        limit: u32,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        PackageStore::list(&self.0, caller, user_id, below, limit).await
    }
}

struct NaiveAppStore(MemoryStore);

#[async_trait]
impl AppStorePurchaseStore for NaiveAppStore {
    async fn credit(
        &self,
        command: &CreditPurchase,
        rule: CreditPurchaseRule,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
        let view = self.0.transaction(|state| state.credit_view(command));
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        self.0.transaction(|state| state.write_transaction(plan.writes, command.at));
        Ok(plan.verdict)
    }

    async fn observe(
        &self,
        command: &ObserveTransaction,
        rule: ObserveTransactionRule,
    ) -> Result<Observed, EffectError<LedgerError>> {
        let view = self.0.transaction(|state| state.transaction_view(&command.transaction.key(), None));
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        self.0.transaction(|state| state.write_transaction(plan.writes, command.at));
        Ok(plan.observed)
    }

    async fn find_claimant(&self, key: &TransactionKey) -> Result<Option<UserId>, StoreError> {
        self.0.find_claimant(key).await
    }

    async fn purchases(
        &self,
        user_id: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AppStorePurchase>, StoreError> {
        self.0.purchases(user_id, before, limit).await
    }

    async fn records(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AppStoreRecord>, StoreError> {
        self.0.records(before, limit).await
    }
}

struct NaiveRefundStore(MemoryStore);

#[async_trait]
impl RefundStore for NaiveRefundStore {
    async fn request(
        &self,
        command: &RequestRefund,
        rule: RequestRefundRule,
    ) -> Result<Refund, EffectError<RefundRefusal>> {
        let named = Some(&command.refund_no);
        let view = self.0.transaction(|state| state.refund_view(command.user_id, &command.subject, named))?;
        let plan = rule(command, &view).map_err(EffectError::Refused)?;
        meanwhile().await;
        Ok(self.0.transaction(|state| state.write_refunding(plan, command.at)))
    }

    async fn record(
        &self,
        command: &RecordGatewayRefund,
        rule: RecordGatewayRefundRule,
    ) -> Result<Option<Refund>, StoreError> {
        let view = self.0.transaction(|state| state.refund_view(command.user_id, &command.subject, None))?;
        let Ok(plan) = rule(command, &GatewayRefundView { view, claimed_for: None }) else { return Ok(None) };
        meanwhile().await;
        Ok(plan.map(|plan| self.0.transaction(|state| state.write_refunding(plan, command.at))))
    }

    async fn claim(&self, command: &ClaimRefundWork, rule: ClaimRefundWorkRule) -> Result<ClaimedRefund, StoreError> {
        let refund = RefundStore::find(&self.0, command.user_id, &command.refund_no).await?;
        meanwhile().await;
        Ok(refund.map_or(ClaimedRefund::Denied, |refund| rule(command, &refund)))
    }

    async fn find_refundable(&self, subject: &ChargeSubject) -> Result<Option<UserId>, StoreError> {
        self.0.find_refundable(subject).await
    }

    async fn decide(
        &self,
        command: &DecideRefund,
        rule: DecideRefundRule,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        RefundStore::decide(&self.0, command, rule).await
    }

    async fn fail(&self, command: &FailRefund, rule: FailRefundRule) -> Result<Option<Refund>, StoreError> {
        self.0.fail(command, rule).await
    }

    async fn find(&self, user_id: UserId, refund_no: &RefundNo) -> Result<Option<Refund>, StoreError> {
        RefundStore::find(&self.0, user_id, refund_no).await
    }

    async fn of_subject(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<Refund>, StoreError> {
        self.0.of_subject(user_id, subject).await
    }

    async fn list(
        &self,
        stage: Option<RefundStage>,
        below: Option<RefundCursor>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError> {
        RefundStore::list(&self.0, stage, below, limit).await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        RefundStore::due(&self.0, now, limit).await
    }
}

/// The naive stores on one state in memory, and up to when events were read.
pub(super) struct NaiveHarness(pub(super) MemoryStore, pub(super) ReadUpTo);

/// The moment up to which somebody has read the outbox.
pub(super) type ReadUpTo = Arc<Mutex<Option<Timestamp>>>;

#[async_trait]
impl StoreHarness for NaiveHarness {
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
        Arc::new(NaiveAppStore(self.0.clone()))
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
    fn orders(&self) -> Arc<dyn OrderStore> {
        Arc::new(NaiveOrderStore(self.0.clone()))
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
        Arc::new(NaiveRefundStore(self.0.clone()))
    }
    fn packages(&self) -> Arc<dyn PackageStore> {
        Arc::new(NaivePackageStore(self.0.clone()))
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
        Arc::new(NaiveKeys(self.0.clone()))
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

/// On one thread every task reads before any of them writes: the race is lost every time.
macro_rules! breaks {
    ($group:ident: $($claim:ident as $test:ident)*) => {$(
        #[tokio::test(flavor = "current_thread")]
        async fn $test() {
            let harness = NaiveHarness(MemoryStore::new(), ReadUpTo::default());
            let verdict = $group::$claim(&harness, 1).await;
            assert!(verdict.is_err(), "the claim does not see a lost race");
        }
    )*};
}

breaks! { races:
    one_order_is_paid_once_by_many_clients as a_naive_store_pays_one_order_twice
    a_balance_is_spent_once_over_many_orders as a_naive_store_spends_a_balance_twice
    a_course_is_sold_once_over_many_orders as a_naive_store_sells_a_course_twice
    balance_and_charge_pay_one_order_once as a_naive_store_pays_by_balance_and_charge
    one_charge_is_confirmed_once_by_many_callbacks as a_naive_store_confirms_a_charge_twice
    many_charges_pay_one_order_once as a_naive_store_applies_two_charges
    many_clients_open_one_charge as a_naive_store_opens_no_single_charge
}

breaks! { package_races:
    many_clients_place_one_purchase as a_naive_store_places_a_purchase_twice
    one_purchase_charge_is_confirmed_once_by_many_callbacks as a_naive_store_gives_two_periods_for_a_charge
    many_charges_pay_one_purchase_once as a_naive_store_applies_two_charges_of_a_purchase
    many_purchases_of_one_project_are_given_once as a_naive_store_gives_two_packages_of_a_project
}

breaks! { idempotency_races:
    a_key_is_claimed_by_one_of_many as a_naive_store_gives_a_key_to_two
    a_lease_is_taken_over_by_one_of_many as a_naive_store_lets_two_take_a_lease_over
    one_keyed_payment_of_many_happens_once as a_naive_store_pays_twice_under_a_key
}

breaks! { app_store_races:
    one_transaction_is_credited_once_to_one_of_two_users as a_naive_store_credits_a_transaction_twice
    a_device_and_notifications_at_once_end_in_one_state as a_naive_store_loses_a_refund
}

breaks! { refund_races:
    parts_of_an_order_never_pass_the_whole as a_naive_store_refunds_more_than_was_paid
    one_number_is_one_refund as a_naive_store_gives_one_refund_twice
    refunds_here_and_at_the_gateway_never_pass_the_whole as a_naive_store_loses_to_the_gateway
    one_refund_of_the_gateway_is_booked_once as a_naive_store_books_a_refund_twice
    refund_work_is_claimed_by_one_worker as a_naive_store_lets_two_workers_ask
}
