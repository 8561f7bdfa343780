//! A harness whose work is selected and then done, without a lease in between: what is often written, and what
//! the claims about leases must see.

use super::{RecordedEvent, StoreHarness};
use async_trait::async_trait;
use edupay_domain::accounts::{UserStore, WalletStore};
use edupay_domain::app_store::{
    AppStoreInbox, AppStorePurchaseStore, ClaimNotification, ConsumptionRequest, KeptNotification, NotificationStatus,
    SignedText, StoreEnvironment,
};
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::IdempotencyStore;
use edupay_domain::ids::{ChargeId, GatewayEventId, GatewayOrderNo, NotificationId, RefundNo, UserId};
use edupay_domain::ledger::LedgerStore;
use edupay_domain::orders::OrderStore;
use edupay_domain::packages::{CampusStore, CatalogueStore, PackageStore};
use edupay_domain::payments::*;
use edupay_domain::products::{CourseStore, ProductStore};
use edupay_domain::reconciliation::{OurBooks, ReconciliationStore};
use edupay_domain::recovery::ReviewStore;
use edupay_domain::refunds::{
    ClaimRefundWork, ClaimRefundWorkRule, ClaimedRefund, DecideRefund, DecideRefundRule, DecisionRefusal, FailRefund,
    FailRefundRule, RecordGatewayRefund, RecordGatewayRefundRule, Refund, RefundCursor, RefundRefusal, RefundStage,
    RefundStore, RequestRefund, RequestRefundRule,
};
use edupay_domain::store::{EffectError, StoreError};
use edupay_domain::top_ups::TopUpStore;
use std::sync::Arc;

/// More rows than any claim makes.
const ALL: u32 = 100_000;

/// The stores of another harness, whose claims of work are granted on what was read and write nothing.
pub struct Unleased<H>(pub H);

struct Without<S: ?Sized>(Arc<S>);

#[async_trait]
impl ChargeStore for Without<dyn ChargeStore> {
    async fn claim_look(
        &self,
        command: &ClaimLook,
        rule: ClaimLookRule,
    ) -> Result<Option<(ChargeAttempt, Awaited)>, StoreError> {
        let mut due = self.0.due_attempts(LookWay::ByCharge, command.at, ALL).await?;
        due.extend(self.0.due_attempts(LookWay::ByNumber, command.at, ALL).await?);
        let mine = due.iter().find(|attempt| attempt.gateway_order_no == command.gateway_order_no);
        Ok(mine.and_then(|attempt| rule(command, attempt)).map(|attempt| (attempt, Awaited::Yes)))
    }

    async fn find_route(&self, number: &GatewayOrderNo) -> Result<Option<ChargeRoute>, StoreError> {
        self.0.find_route(number).await
    }

    async fn find_attempt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<ChargeAttempt>, StoreError> {
        self.0.find_attempt(user_id, charge_id).await
    }

    async fn attempts_of(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<ChargeAttempt>, StoreError> {
        self.0.attempts_of(user_id, subject).await
    }

    async fn record_reply(
        &self,
        command: &RecordChargeReply,
        rule: RecordChargeReplyRule,
    ) -> Result<ChargeAttempt, StoreError> {
        self.0.record_reply(command, rule).await
    }

    async fn close_attempt(&self, command: &CloseAttempt, rule: CloseAttemptRule) -> Result<ChargeAttempt, StoreError> {
        self.0.close_attempt(command, rule).await
    }

    async fn due_attempts(&self, way: LookWay, now: Timestamp, limit: u32) -> Result<Vec<ChargeAttempt>, StoreError> {
        self.0.due_attempts(way, now, limit).await
    }

    async fn schedule_look(&self, command: &ScheduleLook, rule: ScheduleLookRule) -> Result<ChargeAttempt, StoreError> {
        self.0.schedule_look(command, rule).await
    }
}

#[async_trait]
impl ReceiptStore for Without<dyn ReceiptStore> {
    async fn claim_refund(&self, command: &ClaimRefund, rule: ClaimRefundRule) -> Result<RefundClaim, StoreError> {
        let receipt = self.0.find_receipt(command.user_id, &command.charge_id).await?;
        Ok(receipt.map_or(RefundClaim::Denied, |receipt| rule(command, &receipt)))
    }

    async fn find_receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<Receipt>, StoreError> {
        self.0.find_receipt(user_id, charge_id).await
    }

    async fn find_owner(&self, charge_id: &ChargeId) -> Result<Option<UserId>, StoreError> {
        self.0.find_owner(charge_id).await
    }

    async fn due_refunds(&self, now: Timestamp, limit: u32) -> Result<Vec<Receipt>, StoreError> {
        self.0.due_refunds(now, limit).await
    }

    async fn hold_refund(&self, command: &HoldRefund, rule: HoldRefundRule) -> Result<Option<Receipt>, StoreError> {
        self.0.hold_refund(command, rule).await
    }

    async fn record_refund(
        &self,
        command: &RecordRefund,
        rule: RecordRefundRule,
    ) -> Result<Option<Receipt>, StoreError> {
        self.0.record_refund(command, rule).await
    }
}

#[async_trait]
impl InboxStore for Without<dyn InboxStore> {
    async fn claim(&self, command: &ClaimInbound) -> Result<bool, StoreError> {
        Ok(self.0.pending(command.at, ALL).await?.iter().any(|(id, ..)| *id == command.id))
    }

    async fn keep(&self, event: &InboundEvent) -> Result<Option<InboundStatus>, StoreError> {
        self.0.keep(event).await
    }

    async fn mark(&self, id: &GatewayEventId, status: InboundStatus, next_try_at: Timestamp) -> Result<(), StoreError> {
        self.0.mark(id, status, next_try_at).await
    }

    async fn pending(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(GatewayEventId, Timestamp, String)>, StoreError> {
        self.0.pending(now, limit).await
    }
}

#[async_trait]
impl AppStoreInbox for Without<dyn AppStoreInbox> {
    async fn claim(&self, command: &ClaimNotification) -> Result<bool, StoreError> {
        Ok(self.0.due(command.at, ALL).await?.iter().any(|(id, ..)| *id == command.id))
    }

    async fn keep(&self, notification: &KeptNotification) -> Result<Option<NotificationStatus>, StoreError> {
        self.0.keep(notification).await
    }

    async fn mark(&self, id: &NotificationId, status: NotificationStatus, due_at: Timestamp) -> Result<(), StoreError> {
        self.0.mark(id, status, due_at).await
    }

    async fn due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(NotificationId, Timestamp, SignedText)>, StoreError> {
        self.0.due(now, limit).await
    }

    async fn add_request(&self, request: &ConsumptionRequest) -> Result<(), StoreError> {
        self.0.add_request(request).await
    }

    async fn requests(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<ConsumptionRequest>, StoreError> {
        self.0.requests(before, limit).await
    }

    async fn answer(&self, id: &NotificationId, at: Timestamp) -> Result<Option<ConsumptionRequest>, StoreError> {
        self.0.answer(id, at).await
    }

    async fn caught_up(&self, environment: StoreEnvironment) -> Result<Option<Timestamp>, StoreError> {
        self.0.caught_up(environment).await
    }

    async fn set_caught_up(&self, environment: StoreEnvironment, until: Timestamp) -> Result<(), StoreError> {
        self.0.set_caught_up(environment, until).await
    }
}

#[async_trait]
impl RefundStore for Without<dyn RefundStore> {
    async fn claim(&self, command: &ClaimRefundWork, rule: ClaimRefundWorkRule) -> Result<ClaimedRefund, StoreError> {
        let refund = self.0.find(command.user_id, &command.refund_no).await?;
        Ok(refund.map_or(ClaimedRefund::Denied, |refund| rule(command, &refund)))
    }

    async fn find_refundable(&self, subject: &ChargeSubject) -> Result<Option<UserId>, StoreError> {
        self.0.find_refundable(subject).await
    }

    async fn request(
        &self,
        command: &RequestRefund,
        rule: RequestRefundRule,
    ) -> Result<Refund, EffectError<RefundRefusal>> {
        self.0.request(command, rule).await
    }

    async fn decide(
        &self,
        command: &DecideRefund,
        rule: DecideRefundRule,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        self.0.decide(command, rule).await
    }

    async fn record(
        &self,
        command: &RecordGatewayRefund,
        rule: RecordGatewayRefundRule,
    ) -> Result<Option<Refund>, StoreError> {
        self.0.record(command, rule).await
    }

    async fn fail(&self, command: &FailRefund, rule: FailRefundRule) -> Result<Option<Refund>, StoreError> {
        self.0.fail(command, rule).await
    }

    async fn find(&self, user_id: UserId, refund_no: &RefundNo) -> Result<Option<Refund>, StoreError> {
        self.0.find(user_id, refund_no).await
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
        self.0.list(stage, below, limit).await
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.0.due(now, limit).await
    }
}

#[async_trait]
impl<H: StoreHarness> StoreHarness for Unleased<H> {
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
        self.0.app_store_purchases()
    }
    fn app_store_inbox(&self) -> Arc<dyn AppStoreInbox> {
        Arc::new(Without(self.0.app_store_inbox()))
    }
    fn products(&self) -> Arc<dyn ProductStore> {
        self.0.products()
    }
    fn courses(&self) -> Arc<dyn CourseStore> {
        self.0.courses()
    }
    fn orders(&self) -> Arc<dyn OrderStore> {
        self.0.orders()
    }
    fn charges(&self) -> Arc<dyn ChargeStore> {
        Arc::new(Without(self.0.charges()))
    }
    fn receipts(&self) -> Arc<dyn ReceiptStore> {
        Arc::new(Without(self.0.receipts()))
    }
    fn inbox(&self) -> Arc<dyn InboxStore> {
        Arc::new(Without(self.0.inbox()))
    }
    fn top_ups(&self) -> Arc<dyn TopUpStore> {
        self.0.top_ups()
    }
    fn refunds(&self) -> Arc<dyn RefundStore> {
        Arc::new(Without(self.0.refunds()))
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
