//! What staff looks at.

use super::AppStoreService;
use crate::app_store::kept::{AppStoreRecord, ConsumptionRequest};
use crate::app_store::purchase::AppStorePurchase;
use crate::clock::Timestamp;
use crate::ids::{NotificationId, UserId};
use crate::store::StoreError;

impl AppStoreService {
    /// A user's purchases that were credited before a moment, the last first; `limit` is cut to
    /// 1..=[`Self::MAX_PAGE`], and passed by what came in the same microsecond as the last one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purchases_of(
        &self,
        user_id: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AppStorePurchase>, StoreError> {
        self.parts.purchases.purchases(user_id, before, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Verified transactions that somebody should look at, the last first; pages as those of
    /// [`Self::purchases_of`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn records(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AppStoreRecord>, StoreError> {
        self.parts.purchases.records(before, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// What the App Store wants to know about purchases, the last first; pages as those of
    /// [`Self::purchases_of`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn consumption_requests(
        &self,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<ConsumptionRequest>, StoreError> {
        self.parts.inbox.requests(before, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Marks a request as answered; `None` when there is none. A repeat changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn answer_consumption(&self, id: &NotificationId) -> Result<Option<ConsumptionRequest>, StoreError> {
        self.parts.inbox.answer(id, self.parts.clock.now()).await
    }
}
