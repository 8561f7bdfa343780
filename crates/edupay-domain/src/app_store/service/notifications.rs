//! The App Store's notifications: verified, kept, worked on, tried again.

use super::AppStoreService;
use crate::app_store::commands::{ObserveTransaction, Unclaimed};
use crate::app_store::kept::{ClaimNotification, ConsumptionRequest, KeptNotification, NotificationStatus, TextSource};
use crate::app_store::model::{AppStoreNotification, AppStoreTransaction, NotificationKind};
use crate::app_store::ports::SignatureRefusal;
use crate::app_store::rules_observe::{Observed, observe_transaction};
use crate::clock::Timestamp;
use crate::ids::NotificationId;
use crate::payments::Round;
use crate::schedule::{self, later, leased};
use crate::store::{EffectError, StoreError, StoreFault};
use chrono::TimeDelta;

/// How long the App Store waits for an answer about consumption.
const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(12);

/// What was done with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationOutcome {
    /// It was worked on, now or before.
    Processed,
    /// It is of no use to us.
    Ignored,
}

/// A verified notification and what was done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedNotification {
    /// What it told.
    pub kind: NotificationKind,
    /// What was done with it.
    pub outcome: NotificationOutcome,
}

impl AppStoreService {
    /// Verifies a notification, stores it, then works on it. A repeat of one that is done changes nothing;
    /// a repeat of one that is not done is worked on again.
    ///
    /// # Errors
    /// [`SignatureRefusal`]: nothing is stored. [`StoreError`]: the App Store should send it again; one
    /// that was stored is tried again anyway.
    pub async fn receive(&self, signed: &str) -> Result<ReceivedNotification, EffectError<SignatureRefusal>> {
        let now = self.parts.clock.now();
        let notification = self.parts.signatures.notification(signed, now).map_err(EffectError::Refused)?;
        let outcome = self.take(&notification, now, TextSource::Notification).await?;
        Ok(ReceivedNotification { kind: notification.kind, outcome })
    }

    pub(super) async fn take(
        &self,
        notification: &AppStoreNotification,
        at: Timestamp,
        source: TextSource,
    ) -> Result<NotificationOutcome, StoreError> {
        match self.parts.inbox.keep(&KeptNotification::of(notification, at)).await? {
            Some(NotificationStatus::Processed) => Ok(NotificationOutcome::Processed),
            Some(NotificationStatus::Ignored) => Ok(NotificationOutcome::Ignored),
            None | Some(NotificationStatus::Kept) => self.work_on(notification, at, source).await,
        }
    }

    async fn work_on(
        &self,
        notification: &AppStoreNotification,
        received_at: Timestamp,
        source: TextSource,
    ) -> Result<NotificationOutcome, StoreError> {
        let Some(transaction) = notification.told() else {
            return self.finish(&notification.id, NotificationOutcome::Ignored).await;
        };
        self.observe(transaction.clone(), Unclaimed::Remembered).await?;
        let outcome = match notification.kind {
            NotificationKind::OneTimeCharge | NotificationKind::RefundReversed => {
                self.credit_by_token(transaction, source).await?;
                NotificationOutcome::Processed
            }
            NotificationKind::ConsumptionRequest => {
                self.keep_request(notification, &transaction, received_at).await?;
                NotificationOutcome::Processed
            }
            NotificationKind::Refund | NotificationKind::RefundDeclined => NotificationOutcome::Processed,
            NotificationKind::Test | NotificationKind::Other(_) => NotificationOutcome::Ignored,
        };
        self.finish(&notification.id, outcome).await
    }

    async fn finish(
        &self,
        id: &NotificationId,
        outcome: NotificationOutcome,
    ) -> Result<NotificationOutcome, StoreError> {
        let status = match outcome {
            NotificationOutcome::Processed => NotificationStatus::Processed,
            NotificationOutcome::Ignored => NotificationStatus::Ignored,
        };
        self.parts.inbox.mark(id, status, self.parts.clock.now()).await?;
        Ok(outcome)
    }

    /// Takes note of how a transaction is, as of a verified text.
    pub(super) async fn observe(
        &self,
        transaction: AppStoreTransaction,
        unclaimed: Unclaimed,
    ) -> Result<Observed, StoreError> {
        let (at, event_id) = (self.parts.clock.now(), self.parts.ids.event_id());
        let command = ObserveTransaction { transaction, unclaimed, at, event_id };
        self.parts.purchases.observe(&command, observe_transaction).await.map_err(|error| match error {
            EffectError::Refused(error) => StoreError::new(StoreFault::Corrupt, error),
            EffectError::Store(error) => error,
        })
    }

    async fn keep_request(
        &self,
        notification: &AppStoreNotification,
        transaction: &AppStoreTransaction,
        received_at: Timestamp,
    ) -> Result<(), StoreError> {
        let key = transaction.key();
        let user_id = match (self.parts.purchases.find_claimant(&key).await?, transaction.app_account_token) {
            (Some(owner), _) => Some(owner),
            (None, Some(token)) => self.parts.users.find_by_app_account_token(token).await?.map(|user| user.id),
            (None, None) => None,
        };
        let request = ConsumptionRequest {
            id: notification.id.clone(),
            key,
            user_id,
            reason: notification.consumption_reason.clone(),
            requested_at: received_at,
            deadline: later(notification.signed_at, ANSWER_WITHIN),
            answered_at: None,
        };
        self.parts.inbox.add_request(&request).await
    }

    /// Works on kept notifications again, by the [schedule](crate::schedule); none is ever given up. Each is
    /// taken under a lease, so that several workers share the work.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one notification is in the [`Round`].
    pub async fn retry_notifications(&self, limit: u32) -> Result<Round, StoreError> {
        let now = self.parts.clock.now();
        let mut round = Round::default();
        for (id, received_at, signed) in self.parts.inbox.due(now, limit).await? {
            let done = self.retry(&id, &signed.0, received_at).await;
            round.count(id.as_str(), done);
        }
        Ok(round)
    }

    async fn retry(
        &self,
        id: &NotificationId,
        signed: &str,
        received_at: Timestamp,
    ) -> Result<bool, EffectError<SignatureRefusal>> {
        let at = self.parts.clock.now();
        if !self.parts.inbox.claim(&ClaimNotification { id: id.clone(), at, until: leased(at) }).await? {
            return Ok(false);
        }
        let done = self.work_on_again(signed, received_at).await;
        if done.is_err() {
            let next = schedule::next(received_at, self.parts.clock.now());
            self.parts.inbox.mark(id, NotificationStatus::Kept, next).await?;
        }
        done
    }

    /// It is verified as of when it came, since its text lies in a database.
    async fn work_on_again(&self, signed: &str, received_at: Timestamp) -> Result<bool, EffectError<SignatureRefusal>> {
        let verified = self.parts.signatures.notification(signed, received_at);
        let notification = verified.map_err(EffectError::Refused)?;
        self.work_on(&notification, received_at, TextSource::Notification).await?;
        Ok(true)
    }
}
