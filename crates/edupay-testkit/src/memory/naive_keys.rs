//! A store of keys that loses races on purpose.

use super::MemoryStore;
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::{
    ClaimKey, ClaimKeyRule, ClaimPlan, IdempotencyStore, KeyRecord, KeyedOutcome, KeyedRequest, SettleKey,
    SettleKeyRule,
};
use edupay_domain::store::StoreError;

/// What is known of a request's key, in a transaction of its own.
pub(super) fn known(store: &MemoryStore, request: &KeyedRequest) -> Option<KeyRecord> {
    store.transaction(|state| state.key_record(request.user_id, &request.key).cloned())
}

/// Looks first, inserts later.
pub(super) struct NaiveKeys(pub(super) MemoryStore);

#[async_trait]
impl IdempotencyStore for NaiveKeys {
    async fn claim(&self, command: &ClaimKey, rule: ClaimKeyRule) -> Result<ClaimPlan, StoreError> {
        let plan = rule(command, known(&self.0, &command.request).as_ref());
        tokio::task::yield_now().await;
        if let ClaimPlan::Grant(record) = &plan {
            self.0.transaction(|state| state.put_key(record.clone()));
        }
        Ok(plan)
    }

    async fn settle(&self, command: &SettleKey, rule: SettleKeyRule) -> Result<KeyedOutcome, StoreError> {
        self.0.settle(command, rule).await
    }

    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        IdempotencyStore::remove_expired(&self.0, before, limit).await
    }
}
