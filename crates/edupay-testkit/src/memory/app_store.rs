//! Purchases in the App Store in memory.

use super::{MemoryStore, State, at_most, wall};
use async_trait::async_trait;
use edupay_domain::app_store::{
    AppStoreClaim, AppStoreInbox, AppStorePurchase, AppStorePurchaseStore, AppStoreRecord, ClaimNotification,
    ConsumptionRequest, CreditPurchase, CreditPurchaseRule, CreditVerdict, KeptNotification, NotificationStatus,
    ObserveTransaction, ObserveTransactionRule, Observed, RecordVerdict, RedeemRefusal, SignedText, StoreEnvironment,
    TransactionKey, TransactionView, TransactionWrites,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{NotificationId, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::store::{EffectError, StoreError};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What is kept of the App Store.
#[derive(Default)]
pub(super) struct AppStoreRows {
    pub(super) claims: BTreeMap<TransactionKey, AppStoreClaim>,
    pub(super) purchases: BTreeMap<(UserId, TransactionKey), AppStorePurchase>,
    records: BTreeMap<(TransactionKey, UserId, RecordVerdict), AppStoreRecord>,
    notifications: BTreeMap<NotificationId, NotificationRow>,
    requests: BTreeMap<NotificationId, ConsumptionRequest>,
    caught_up: BTreeMap<StoreEnvironment, Timestamp>,
}

struct NotificationRow {
    kept: KeptNotification,
    status: NotificationStatus,
    due_at: Timestamp,
}

impl State {
    /// Those that are not done: id, type, when each came, when it is due.
    pub(super) fn unfinished_notifications(&self) -> Vec<(&NotificationId, &str, Timestamp, Timestamp)> {
        let kept = |row: &&NotificationRow| row.status == NotificationStatus::Kept;
        let rows = self.app_store.notifications.values().filter(kept);
        rows.map(|row| (&row.kept.id, row.kept.kind.as_str(), row.kept.received_at, row.due_at)).collect()
    }

    pub(super) fn notification_time(&mut self, id: &str) -> Option<&mut Timestamp> {
        let mut rows = self.app_store.notifications.values_mut();
        rows.find(|row| row.kept.id.as_str() == id).map(|row| &mut row.due_at)
    }

    pub(super) fn ignore_notification(&mut self, id: &str) {
        let mut rows = self.app_store.notifications.values_mut();
        if let Some(row) = rows.find(|row| row.kept.id.as_str() == id) {
            row.status = NotificationStatus::Ignored;
        }
    }

    pub(super) fn transaction_view(&self, key: &TransactionKey, wanted_by: Option<UserId>) -> TransactionView {
        let claim = self.app_store.claims.get(key).cloned();
        let claimed_by = claim.as_ref().and_then(|claim| claim.user_id);
        let purchase = claimed_by.and_then(|user_id| self.app_store.purchases.get(&(user_id, key.clone())));
        TransactionView {
            purchase: purchase.cloned(),
            wallet: claimed_by.or(wanted_by).and_then(|user_id| self.wallet(user_id)),
            claim,
            price: None,
        }
    }

    pub(super) fn credit_view(&self, command: &CreditPurchase) -> TransactionView {
        let transaction = &command.transaction;
        TransactionView {
            price: self.price_at(&transaction.product_id, transaction.purchased_at),
            ..self.transaction_view(&transaction.key(), Some(command.user_id))
        }
    }

    fn check_transaction(&self, writes: &TransactionWrites) -> Result<(), StoreError> {
        if let Some(purchase) = &writes.purchase {
            let others = self.app_store.purchases.values().filter(|other| other.key == purchase.key);
            let mut others = others.filter(|other| other.user_id != purchase.user_id);
            wall(others.next().is_none(), "the transaction is another user's")?;
            wall(purchase.clawed_back <= purchase.credited, "more is clawed back than was credited")?;
        }
        writes.posted.as_ref().map_or(Ok(()), |posted| self.check_booking(posted))
    }

    pub(super) fn write_transaction(&mut self, writes: TransactionWrites, at: Timestamp) {
        let rows = &mut self.app_store;
        rows.claims.extend(writes.claim.map(|claim| (claim.key.clone(), claim)));
        rows.purchases.extend(writes.purchase.map(|purchase| ((purchase.user_id, purchase.key.clone()), purchase)));
        if let Some(record) = writes.record {
            let key = (record.key.clone(), record.user_id, record.verdict);
            rows.records.entry(key).or_insert(record);
        }
        if let Some(posted) = writes.posted {
            self.book(&posted, at);
        }
        self.outbox.extend(writes.events);
    }
}

/// The last first; what came in the same microsecond as the last of the page is on it, too.
fn page<T>(mut rows: Vec<T>, time: impl Fn(&T) -> Timestamp, before: Option<Timestamp>, limit: u32) -> Vec<T> {
    rows.retain(|row| before.is_none_or(|before| time(row) < before));
    rows.sort_by_key(|row| Reverse(time(row)));
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    let end = length.checked_sub(1).and_then(|last| rows.get(last)).map(&time);
    rows.into_iter().take_while(|row| end.is_none_or(|end| time(row) >= end)).collect()
}

#[async_trait]
impl AppStorePurchaseStore for MemoryStore {
    async fn credit(
        &self,
        command: &CreditPurchase,
        rule: CreditPurchaseRule,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
        self.transaction(|state| {
            let view = state.credit_view(command);
            wall(view.wallet.is_some(), "the purchase has no user")?;
            let plan = rule(command, &view).map_err(EffectError::Refused)?;
            state.check_transaction(&plan.writes)?;
            state.write_transaction(plan.writes, command.at);
            Ok(plan.verdict)
        })
    }

    async fn observe(
        &self,
        command: &ObserveTransaction,
        rule: ObserveTransactionRule,
    ) -> Result<Observed, EffectError<LedgerError>> {
        self.transaction(|state| {
            let view = state.transaction_view(&command.transaction.key(), None);
            let plan = rule(command, &view).map_err(EffectError::Refused)?;
            state.check_transaction(&plan.writes)?;
            state.write_transaction(plan.writes, command.at);
            Ok(plan.observed)
        })
    }

    async fn find_claimant(&self, key: &TransactionKey) -> Result<Option<UserId>, StoreError> {
        self.transaction(|state| Ok(state.app_store.claims.get(key).and_then(|claim| claim.user_id)))
    }

    async fn purchases(
        &self,
        user_id: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AppStorePurchase>, StoreError> {
        self.transaction(|state| {
            let own = state.app_store.purchases.values().filter(|purchase| purchase.user_id == user_id);
            Ok(page(own.cloned().collect(), |purchase| purchase.credited_at, before, limit))
        })
    }

    async fn records(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AppStoreRecord>, StoreError> {
        self.transaction(|state| {
            let records = state.app_store.records.values().cloned().collect();
            Ok(page(records, |record| record.received_at, before, limit))
        })
    }
}

#[async_trait]
impl AppStoreInbox for MemoryStore {
    async fn keep(&self, notification: &KeptNotification) -> Result<Option<NotificationStatus>, StoreError> {
        self.transaction(|state| {
            let rows = &mut state.app_store.notifications;
            if let Some(row) = rows.get(&notification.id) {
                return Ok(Some(row.status));
            }
            let (status, due_at) = (NotificationStatus::Kept, notification.received_at);
            rows.insert(notification.id.clone(), NotificationRow { kept: notification.clone(), status, due_at });
            Ok(None)
        })
    }

    async fn mark(&self, id: &NotificationId, status: NotificationStatus, due_at: Timestamp) -> Result<(), StoreError> {
        self.transaction(|state| {
            let row = state.app_store.notifications.get_mut(id);
            if let Some(row) = row.filter(|row| row.status == NotificationStatus::Kept) {
                (row.status, row.due_at) = (status, due_at);
            }
            Ok(())
        })
    }

    async fn claim(&self, command: &ClaimNotification) -> Result<bool, StoreError> {
        self.transaction(|state| {
            let row = state.app_store.notifications.get_mut(&command.id);
            let due = row.filter(|row| row.status == NotificationStatus::Kept && row.due_at <= command.at);
            Ok(due.map(|row| row.due_at = command.until).is_some())
        })
    }

    async fn due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(NotificationId, Timestamp, SignedText)>, StoreError> {
        self.transaction(|state| {
            let waits = |row: &&NotificationRow| row.status == NotificationStatus::Kept && row.due_at <= now;
            let mut rows: Vec<_> = state.app_store.notifications.values().filter(waits).collect();
            rows.sort_by_key(|row| row.due_at);
            let rows = rows.into_iter().map(|row| &row.kept);
            Ok(at_most(rows.map(|kept| (kept.id.clone(), kept.received_at, kept.signed.clone())), limit))
        })
    }

    async fn add_request(&self, request: &ConsumptionRequest) -> Result<(), StoreError> {
        self.transaction(|state| {
            let is_kept = state.app_store.notifications.contains_key(&request.id);
            wall(is_kept, "the request has no notification")?;
            state.app_store.requests.entry(request.id.clone()).or_insert_with(|| request.clone());
            Ok(())
        })
    }

    async fn requests(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<ConsumptionRequest>, StoreError> {
        self.transaction(|state| {
            let requests = state.app_store.requests.values().cloned().collect();
            Ok(page(requests, |request| request.requested_at, before, limit))
        })
    }

    async fn answer(&self, id: &NotificationId, at: Timestamp) -> Result<Option<ConsumptionRequest>, StoreError> {
        self.transaction(|state| {
            let Some(request) = state.app_store.requests.get_mut(id) else { return Ok(None) };
            request.answered_at.get_or_insert(at);
            Ok(Some(request.clone()))
        })
    }

    async fn caught_up(&self, environment: StoreEnvironment) -> Result<Option<Timestamp>, StoreError> {
        self.transaction(|state| Ok(state.app_store.caught_up.get(&environment).copied()))
    }

    async fn set_caught_up(&self, environment: StoreEnvironment, until: Timestamp) -> Result<(), StoreError> {
        self.transaction(|state| {
            let known = state.app_store.caught_up.entry(environment).or_insert(until);
            *known = (*known).max(until);
            Ok(())
        })
    }
}
