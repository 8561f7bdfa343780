//! Running what finishes things, and the list for people.

use super::error::DecideError;
use super::model::{
    DecideReview, DecisionReason, Overview, ReviewAction, ReviewCount, ReviewDecision, ReviewId, ReviewItem,
    ReviewKind, WorkKind,
};
use super::ports::{ReviewCursor, ReviewStore};
use super::rules::decide_review;
use crate::app_store::AppStoreService;
use crate::clock::{Clock, Timestamp};
use crate::ids::{IdSource, RefundNo, UserId};
use crate::orders::OrderService;
use crate::packages::PackageService;
use crate::payments::{PaymentService, Round};
use crate::refunds::RefundService;
use crate::schedule::later;
use crate::store::{EffectError, StoreError};
use chrono::TimeDelta;
use std::sync::Arc;

/// How many things of a kind one round of a run takes: few, so that its time is kept.
const ROUND: u32 = 20;

/// The parts of [`RecoveryService`].
pub struct Recovery {
    /// Closes orders.
    pub orders: OrderService,
    /// Closes purchases.
    pub packages: PackageService,
    /// Looks after charges, callbacks and receipts.
    pub payments: PaymentService,
    /// Sees refunds through.
    pub refunds: RefundService,
    /// Works on notifications.
    pub app_store: AppStoreService,
    /// What is unfinished, and the list.
    pub store: Arc<dyn ReviewStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// How much one run may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// The most things of each kind.
    pub most: u32,
    /// When it ends, between two rounds.
    pub time: TimeDelta,
}

/// What a run did about one kind.
#[derive(Debug)]
pub struct KindReport {
    /// What.
    pub kind: WorkKind,
    /// What was done, what failed, and whether the gateway was out of reach.
    pub round: Round,
    /// How many are unfinished after it.
    pub left: u64,
}

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// By kind.
    pub kinds: Vec<KindReport>,
    /// What waits for a person after it.
    pub review: Vec<ReviewCount>,
}

/// Runs what finishes things, and keeps the list for people.
///
/// ```
/// # use edupay_domain::recovery::*; use edupay_domain::payments::UnappliedReason;
/// # use edupay_domain::clock::Timestamp;
/// let id = ReviewId::parse("receipt-ch_0001").unwrap();
/// let item = ReviewItem {
///     id,
///     subject: "12134676899915430002".to_owned(),
///     user_id: None,
///     amount: None,
///     reason: UnappliedReason::AmountDiffers.code().to_owned(),
///     since: Timestamp::default(),
///     listed_at: Timestamp::default(),
/// };
/// assert_eq!(actions(&item), [ReviewAction::Refund, ReviewAction::Close]);
/// ```
#[derive(Clone)]
pub struct RecoveryService {
    parts: Arc<Recovery>,
}

impl RecoveryService {
    /// The longest page of the list.
    pub const MAX_PAGE: u32 = 100;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Recovery) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// The time by which ages are told.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// One round of one kind: what is due is taken, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one thing is in the [`Round`].
    pub async fn work_on(&self, kind: WorkKind, limit: u32) -> Result<Round, StoreError> {
        let parts = &self.parts;
        match kind {
            WorkKind::Orders => parts.orders.close_expired(limit).await,
            WorkKind::Purchases => parts.packages.close_expired(limit).await,
            WorkKind::Charges => parts.payments.look_after(limit).await,
            WorkKind::Callbacks => parts.payments.retry_inbox(limit).await,
            WorkKind::Receipts => parts.payments.refund_due(limit).await,
            WorkKind::Refunds => parts.refunds.work_on_due(limit).await,
            WorkKind::Notifications => parts.app_store.retry_notifications(limit).await,
        }
    }

    /// Works on every kind until nothing is due, the gateway is out of reach, or the limits are reached.
    ///
    /// # Errors
    /// [`StoreError`]: what was done before stays done.
    pub async fn run(&self, limits: RunLimits) -> Result<RunReport, StoreError> {
        let end = later(self.parts.clock.now(), limits.time);
        let mut rounds = Vec::new();
        for kind in WorkKind::ALL {
            rounds.push((kind, self.run_kind(kind, limits.most, end).await?));
        }
        let Overview { unfinished, review } = self.overview().await?;
        let left = |kind| unfinished.iter().find(|count| count.kind == kind).map_or(0, |count| count.count);
        let kinds = rounds.into_iter().map(|(kind, round)| KindReport { kind, round, left: left(kind) }).collect();
        Ok(RunReport { kinds, review })
    }

    async fn run_kind(&self, kind: WorkKind, most: u32, end: Timestamp) -> Result<Round, StoreError> {
        let mut all = Round::default();
        while all.taken < most && self.parts.clock.now() < end {
            let wanted = most.saturating_sub(all.taken).min(ROUND);
            let round = self.work_on(kind, wanted).await?;
            let is_last = round.taken < wanted || round.done == 0 || round.outage.is_certain();
            all.add(round);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// What is unfinished, and what waits for a person.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        self.parts.store.overview(self.parts.clock.now()).await
    }

    /// The list for people, of this kind or of every kind, oldest first; `limit` is cut to
    /// 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(
        &self,
        kind: Option<ReviewKind>,
        after: Option<ReviewCursor>,
        limit: u32,
    ) -> Result<Vec<ReviewItem>, StoreError> {
        self.parts.store.list(self.parts.clock.now(), kind, after, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// A thing, if it is in the list, and what was decided on it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, id: &ReviewId) -> Result<(Option<ReviewItem>, Vec<ReviewDecision>), StoreError> {
        let item = self.parts.store.find_item(self.parts.clock.now(), id).await?;
        Ok((item, self.parts.store.decisions(id).await?))
    }

    /// Decides on something in the list. What is sent back or tried again goes the way that it goes by itself,
    /// and with the next round; a refund that failed is asked for at once. The same decision again, by the same
    /// person and in the same words, is the same success.
    ///
    /// # Errors
    /// [`DecideError`].
    pub async fn decide(
        &self,
        by: UserId,
        id: ReviewId,
        action: ReviewAction,
        reason: DecisionReason,
    ) -> Result<ReviewDecision, DecideError> {
        let (at, event_id) = (self.parts.clock.now(), self.parts.ids.event_id());
        let command = DecideReview { id, action, by, reason, at, event_id };
        let decision = self.parts.store.decide(&command, decide_review).await?;
        if let (ReviewKind::Refund, ReviewAction::Retry) = (decision.id.kind, action) {
            self.retry_refund(by, &decision.id).await?;
        }
        Ok(decision)
    }

    async fn retry_refund(&self, by: UserId, id: &ReviewId) -> Result<(), DecideError> {
        let named = id.key().split_once('-').and_then(|(user_id, refund_no)| {
            Some((UserId::try_new(user_id.parse().ok()?).ok()?, RefundNo::parse(refund_no).ok()?))
        });
        let Some((user_id, refund_no)) = named else { return Ok(()) };
        match self.parts.refunds.retry(by, user_id, &refund_no).await {
            Ok(_) => Ok(()),
            Err(EffectError::Refused(refusal)) => Err(DecideError::Refund(refusal)),
            Err(EffectError::Store(error)) => Err(DecideError::Store(error.after_a_committed_step())),
        }
    }
}
