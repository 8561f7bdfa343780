//! The gateway's callbacks: verified, kept, worked on, tried again.

use super::{PaymentService, Round};
use crate::clock::Timestamp;
use crate::ids::GatewayEventId;
use crate::payments::error::{CallbackRefusal, ConfirmError};
use crate::payments::model::{ClaimInbound, InboundEvent, InboundObject, InboundStatus, RefundHeard};
use crate::schedule::{self, leased};
use crate::store::StoreError;

/// What was done with a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// It was worked on, now or before.
    Processed,
    /// It is kept until its charge is known.
    Unmatched,
    /// It is of no use to us.
    Ignored,
}

impl PaymentService {
    /// Verifies and reads a callback.
    ///
    /// # Errors
    /// [`CallbackRefusal`]; nothing is stored.
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<InboundEvent, CallbackRefusal> {
        self.parts.callbacks.verify(signature, body, self.parts.clock.now())
    }

    /// Stores a verified callback, then works on it. A repeat of one that is done changes nothing; a
    /// repeat of one that is not done is worked on again.
    ///
    /// # Errors
    /// [`StoreError`]: the gateway should send it again.
    pub async fn receive(&self, event: &InboundEvent) -> Result<EventOutcome, StoreError> {
        match self.parts.inbox.keep(event).await? {
            Some(InboundStatus::Processed) => Ok(EventOutcome::Processed),
            Some(InboundStatus::Ignored) => Ok(EventOutcome::Ignored),
            None | Some(InboundStatus::Kept | InboundStatus::Unmatched) => self.work_on(event).await,
        }
    }

    async fn work_on(&self, event: &InboundEvent) -> Result<EventOutcome, StoreError> {
        let (outcome, status) = match &event.object {
            InboundObject::Charge(charge) if charge.paid => match self.confirm(charge).await {
                Ok(_) => (EventOutcome::Processed, InboundStatus::Processed),
                Err(ConfirmError::Store(error)) => return Err(error),
                Err(_) => (EventOutcome::Unmatched, InboundStatus::Unmatched),
            },
            InboundObject::Refund(refund) => match self.record_refund(refund, RefundHeard::Callback).await? {
                Some(_) => (EventOutcome::Processed, InboundStatus::Processed),
                None => (EventOutcome::Unmatched, InboundStatus::Unmatched),
            },
            InboundObject::Unreadable => (EventOutcome::Unmatched, InboundStatus::Unmatched),
            InboundObject::Charge(_) | InboundObject::Other => (EventOutcome::Ignored, InboundStatus::Ignored),
        };
        self.mark(&event.id, status, event.received_at).await?;
        Ok(outcome)
    }

    /// Tries kept and unmatched callbacks again, by the [schedule](crate::schedule); none is ever given up.
    /// Each is taken under a lease, so that several workers share the work.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one callback is in the [`Round`].
    pub async fn retry_inbox(&self, limit: u32) -> Result<Round, StoreError> {
        let mut round = Round::default();
        for (id, received_at, body) in self.parts.inbox.pending(self.parts.clock.now(), limit).await? {
            let done = self.retry(&id, received_at, &body).await;
            round.count(id.as_str(), done);
        }
        Ok(round)
    }

    async fn retry(&self, id: &GatewayEventId, received_at: Timestamp, body: &str) -> Result<bool, StoreError> {
        // First, so that one that fails in whatever way does not stand before the others.
        let at = self.parts.clock.now();
        if !self.parts.inbox.claim(&ClaimInbound { id: id.clone(), at, until: leased(at) }).await? {
            return Ok(false);
        }
        match self.parts.callbacks.read(body, received_at) {
            // One that could not be read is kept under an id of ours; an upgrade may have taught us to read its own.
            Ok(event) => {
                let event = InboundEvent { id: id.clone(), ..event };
                Ok(self.work_on(&event).await? != EventOutcome::Unmatched)
            }
            Err(_) => {
                self.mark(id, InboundStatus::Unmatched, received_at).await?;
                Ok(false)
            }
        }
    }

    async fn mark(&self, id: &GatewayEventId, status: InboundStatus, received_at: Timestamp) -> Result<(), StoreError> {
        let next = schedule::next(received_at, self.parts.clock.now());
        self.parts.inbox.mark(id, status, next).await
    }
}
