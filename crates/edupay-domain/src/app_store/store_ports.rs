//! Where purchases in the App Store are kept, and what it told us of them.

use super::commands::{CreditPurchase, ObserveTransaction};
use super::error::RedeemRefusal;
use super::kept::{AppStoreRecord, ClaimNotification, ConsumptionRequest, KeptNotification, NotificationStatus};
use super::model::{SignedText, StoreEnvironment};
use super::purchase::{AppStorePurchase, TransactionKey};
use super::rules::{CreditPlan, CreditVerdict};
use super::rules_observe::{ObservePlan, Observed, TransactionView};
use crate::clock::Timestamp;
use crate::ids::{NotificationId, UserId};
use crate::ledger::LedgerError;
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of crediting.
pub type CreditPurchaseRule = fn(&CreditPurchase, &TransactionView) -> Result<CreditPlan, RedeemRefusal>;

/// The pure rule of observing.
pub type ObserveTransactionRule = fn(&ObserveTransaction, &TransactionView) -> Result<ObservePlan, LedgerError>;

/// Purchases and the claims on their transactions. Each effect is one transaction of the store, and MUST
/// lock the row of the App Store's transaction, making it where there is none, before it locks a wallet:
/// so that whatever is done with one transaction at once is done one after the other, whoever does it.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AppStorePurchaseStore: Send + Sync {
    /// Locks the transaction, then the wallet of whoever has it or wants it, loads the view with the price
    /// of the time of the purchase, applies the rule, writes the plan. A transaction MUST be claimed once
    /// over all users.
    async fn credit(
        &self,
        command: &CreditPurchase,
        rule: CreditPurchaseRule,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>>;

    /// Locks the transaction, then the wallet of whoever has it, applies the rule, writes the plan.
    async fn observe(
        &self,
        command: &ObserveTransaction,
        rule: ObserveTransactionRule,
    ) -> Result<Observed, EffectError<LedgerError>>;

    /// Who has claimed a transaction.
    async fn find_claimant(&self, key: &TransactionKey) -> Result<Option<UserId>, StoreError>;

    /// A user's purchases that were credited before a moment, the last first. A page MAY be longer than
    /// `limit` by what was credited in the same microsecond as its last one, so that the moment of the
    /// last one is where the next page begins.
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    async fn purchases(
        &self,
        user_id: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AppStorePurchase>, StoreError>;

    /// What is on record since before a moment, the last first; pages as those of
    /// [`AppStorePurchaseStore::purchases`].
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    async fn records(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AppStoreRecord>, StoreError>;
}

/// Verified notifications, and what they ask for.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AppStoreInbox: Send + Sync {
    /// Stores a notification as kept and due, unless one of its id is there; then answers how far that one
    /// has come.
    async fn keep(&self, notification: &KeptNotification) -> Result<Option<NotificationStatus>, StoreError>;

    /// How far a notification has come; one that is still kept is due at this moment. What is done MUST
    /// stay done.
    async fn mark(&self, id: &NotificationId, status: NotificationStatus, due_at: Timestamp) -> Result<(), StoreError>;

    /// Takes a kept notification until the end of the lease; `false` when it is done, or not due at that
    /// moment. MUST be granted to one of many who ask at once.
    async fn claim(&self, command: &ClaimNotification) -> Result<bool, StoreError>;

    /// Kept notifications whose time has come, the longest due first, each with the time at which it came.
    async fn due(&self, now: Timestamp, limit: u32)
    -> Result<Vec<(NotificationId, Timestamp, SignedText)>, StoreError>;

    /// Stores a request, unless it is there.
    async fn add_request(&self, request: &ConsumptionRequest) -> Result<(), StoreError>;

    /// The requests that came before a moment, the last first; pages as those of
    /// [`AppStorePurchaseStore::purchases`].
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    async fn requests(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<ConsumptionRequest>, StoreError>;

    /// Marks a request as answered; the first time counts. `None` when there is none.
    async fn answer(&self, id: &NotificationId, at: Timestamp) -> Result<Option<ConsumptionRequest>, StoreError>;

    /// Up to when the history of an environment's notifications was gone through.
    async fn caught_up(&self, environment: StoreEnvironment) -> Result<Option<Timestamp>, StoreError>;

    /// Notes up to when the history was gone through. An earlier moment than is known changes nothing.
    async fn set_caught_up(&self, environment: StoreEnvironment, until: Timestamp) -> Result<(), StoreError>;
}
