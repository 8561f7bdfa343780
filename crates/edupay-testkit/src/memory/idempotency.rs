//! Keys of requests that are done once, in memory.

use super::{MemoryStore, State, at_most, corrupt, wall};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::{
    ClaimKey, ClaimKeyRule, ClaimPlan, IdempotencyKey, IdempotencyStore, KeyClaim, KeyRecord, KeyedOutcome, Once,
    SettleKey, SettleKeyRule, SettlePlan, known_outcome,
};
use edupay_domain::ids::UserId;
use edupay_domain::orders::{PaidOrder, PayFromBalance, PayFromBalanceRule, PayPlan, PayRefusal};
use edupay_domain::store::{StoreError, StoreFault};
use std::collections::BTreeMap;

/// By user and key.
pub(super) type KeyRows = BTreeMap<(UserId, IdempotencyKey), KeyRecord>;

impl State {
    pub(super) fn key_record(&self, user_id: UserId, key: &IdempotencyKey) -> Option<&KeyRecord> {
        self.keys.get(&(user_id, key.clone()))
    }

    pub(super) fn put_key(&mut self, record: KeyRecord) {
        self.keys.insert((record.request.user_id, record.request.key.clone()), record);
    }

    /// The record of a claim with what is to be made noted in it, to be put once it is made.
    pub(super) fn noted(&self, claim: Option<&KeyClaim>, made: &str) -> Result<Option<KeyRecord>, StoreError> {
        let Some(claim) = claim else { return Ok(None) };
        let record = self.key_record(claim.user_id, &claim.key);
        let noted = record.and_then(|record| claim.noted(record, made));
        noted.map(Some).ok_or_else(|| StoreError::new(StoreFault::Unavailable, "the claim of the key is over"))
    }

    pub(super) fn pay_once(
        &mut self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError> {
        let record = self.key_record(once.request.user_id, &once.request.key);
        if let Some(known) = known_outcome(&once.request, record) {
            return Ok(known);
        }
        let plan = rule(command, &self.pay_view(command));
        let outcome = plan.as_ref().map(PayPlan::outcome).map_err(Clone::clone);
        let reply = (once.render)(&outcome).ok_or_else(|| corrupt("the reply could not be made"))?;
        if let Ok(plan) = plan {
            self.check_payment(&plan)?;
            self.write_payment(plan, command.at);
        }
        self.put_key(KeyRecord::answered(once.request.clone(), reply.clone()));
        Ok(KeyedOutcome::First(reply))
    }
}

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn claim(&self, command: &ClaimKey, rule: ClaimKeyRule) -> Result<ClaimPlan, StoreError> {
        self.transaction(|state| {
            let request = &command.request;
            wall(state.users.contains_key(&request.user_id), "the key has no user")?;
            let plan = rule(command, state.key_record(request.user_id, &request.key));
            if let ClaimPlan::Grant(record) = &plan {
                state.put_key(record.clone());
            }
            Ok(plan)
        })
    }

    async fn settle(&self, command: &SettleKey, rule: SettleKeyRule) -> Result<KeyedOutcome, StoreError> {
        self.transaction(|state| {
            Ok(match rule(command, state.key_record(command.claim.user_id, &command.claim.key)) {
                SettlePlan::Write(record, outcome) => {
                    state.put_key(record);
                    outcome
                }
                SettlePlan::Keep(outcome) => outcome,
            })
        })
    }

    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.transaction(|state| {
            let expired = state.keys.iter().filter(|(_, record)| record.request.expires_at < before);
            let mut expired: Vec<_> = expired.map(|(key, record)| (record.request.expires_at, key.clone())).collect();
            expired.sort();
            let expired = at_most(expired.into_iter(), limit);
            for (_, key) in &expired {
                state.keys.remove(key);
            }
            Ok(u32::try_from(expired.len()).unwrap_or(u32::MAX))
        })
    }
}
