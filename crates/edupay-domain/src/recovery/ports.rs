//! Where one finds what is unfinished and what waits for a person, and where decisions are kept.

use super::error::ReviewRefusal;
use super::model::{DecideReview, Overview, ReviewDecision, ReviewId, ReviewItem, ReviewKind, UnfinishedRow};
use super::rules::{ReviewPlan, ReviewView};
use crate::clock::Timestamp;
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of deciding.
pub type DecideReviewRule = fn(&DecideReview, &ReviewView) -> Result<ReviewPlan, ReviewRefusal>;

/// Where a page of the list begins: after the one of this name that came into the list at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCursor {
    /// Since when the last one of the page before is in the list.
    pub listed_at: Timestamp,
    /// Its name.
    pub id: ReviewId,
}

/// What is unfinished, and the list for people.
///
/// What every implementation MUST hold: the list is made of the things themselves. In it are, without what a
/// person closed since they are as they are:
/// - receipts in review; those that go back, a day after they were booked;
/// - refunds that failed; those at the gateway, a day after it was asked;
/// - callbacks and notifications that are not done a day after they came;
/// - unfinished attempts, a day after the end of their charge's time;
/// - periods of purchases that were refunded in full while an upgrade, which was not, had their place.
///
/// What is in the list because a day has passed is not in it for another day after a decision.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReviewStore: Send + Sync {
    /// The list at `now`, of this kind or of every kind: what came into it first is first, of one moment by
    /// kind and key.
    async fn list(
        &self,
        now: Timestamp,
        kind: Option<ReviewKind>,
        after: Option<ReviewCursor>,
        limit: u32,
    ) -> Result<Vec<ReviewItem>, StoreError>;

    /// One thing of the list at `now`.
    async fn find_item(&self, now: Timestamp, id: &ReviewId) -> Result<Option<ReviewItem>, StoreError>;

    /// What was decided on a thing, oldest first.
    async fn decisions(&self, id: &ReviewId) -> Result<Vec<ReviewDecision>, StoreError>;

    /// Locks the thing, loads the view, applies the rule, writes the plan whole; answers the decision.
    async fn decide(
        &self,
        command: &DecideReview,
        rule: DecideReviewRule,
    ) -> Result<ReviewDecision, EffectError<ReviewRefusal>>;

    /// How much is unfinished at `now`, and how much waits for a person. Orders and purchases are unfinished
    /// when their time has run out.
    async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError>;

    /// What should have been finished before a moment and is not, the oldest first: attempts by the end of
    /// their charge's time, everything else by when it began. What a person closed is not among it.
    async fn unfinished_since(&self, before: Timestamp, limit: u32) -> Result<Vec<UnfinishedRow>, StoreError>;
}
