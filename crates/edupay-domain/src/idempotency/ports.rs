//! Where keys are kept.

use super::model::{ClaimKey, KeyRecord, KeyedOutcome, SettleKey};
use super::rules::{ClaimPlan, SettlePlan};
use crate::clock::Timestamp;
use crate::store::StoreError;
use async_trait::async_trait;

/// The pure rule of claiming a key.
pub type ClaimKeyRule = fn(&ClaimKey, Option<&KeyRecord>) -> ClaimPlan;
/// The pure rule of ending a turn.
pub type SettleKeyRule = fn(&SettleKey, Option<&KeyRecord>) -> SettlePlan;

/// Keys by user.
///
/// What every implementation MUST hold, whoever else writes at the same time: of those who claim a key at
/// once, one gets it; a reply that was kept is never changed; a key is kept at least until it expires. An
/// effect that carries a key ([`Once`](super::Once), [`KeyClaim`](super::KeyClaim)) writes it in its own
/// transaction.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Inserts what the rule makes of no record, or else locks the record that is there, applies the rule
    /// and writes the plan.
    async fn claim(&self, command: &ClaimKey, rule: ClaimKeyRule) -> Result<ClaimPlan, StoreError>;

    /// Locks the record, applies the rule, writes the plan; answers what is to be said.
    async fn settle(&self, command: &SettleKey, rule: SettleKeyRule) -> Result<KeyedOutcome, StoreError>;

    /// Forgets at most `limit` keys that expired before a moment, those first that expired first; answers
    /// how many.
    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;
}
