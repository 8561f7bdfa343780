//! The life of a charge between our stores and the gateway.

use super::error::{CallbackRefusal, ConfirmError, GatewayError, GatewayFault};
use super::model::{
    AttemptStatus, Charge, ChargeAttempt, ChargeRequest, ChargeSubject, Confirmation, GatewayRefund, InboundEvent,
    InboundObject, InboundStatus, Receipt, RefundRequest, RefundStatus,
};
use super::ports::{
    ApplyCharge, ChargeStore, ClaimRefund, CloseAttempt, GatewayCallbacks, InboxStore, PaymentGateway, ReceiptStore,
    RecordChargeReply, RecordRefund,
};
use super::rules::{ChargeReply, RefundClaim, claim_refund, close_attempt, record_charge_reply, record_refund};
use crate::clock::{Clock, Timestamp};
use crate::ids::{ChargeId, IdSource};
use crate::store::StoreError;
use chrono::TimeDelta;
use std::sync::Arc;

/// How long a claim on a refund lasts, and how long a missing answer is waited for.
const CLAIM: TimeDelta = TimeDelta::seconds(30);
/// How often a pending refund is looked at.
const REFUND_POLL: TimeDelta = TimeDelta::seconds(15);
/// When an unmatched callback is tried again.
const UNMATCHED_RETRY: TimeDelta = TimeDelta::seconds(5);
/// Within this time the gateway answers the same request with the same charge.
const SAME_CHARGE: TimeDelta = TimeDelta::seconds(45);

/// The parts of [`PaymentService`].
pub struct Payments {
    /// The gateway.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Its callbacks.
    pub callbacks: Arc<dyn GatewayCallbacks>,
    /// Where attempts are kept.
    pub charges: Arc<dyn ChargeStore>,
    /// Where receipts are kept.
    pub receipts: Arc<dyn ReceiptStore>,
    /// Where callbacks are kept.
    pub inbox: Arc<dyn InboxStore>,
    /// What applies a charge to an order.
    pub orders: Arc<dyn ApplyCharge>,
    /// What applies a charge to a top-up.
    pub top_ups: Arc<dyn ApplyCharge>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Whether the gateway was asked for this attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Never: a refusal is the end of the attempt.
    Never,
    /// It was, and the answer was lost: a refusal now does not undo what that request may have made.
    Again,
}

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

/// Confirms charges, by callback or by asking, through one path; closes what nobody will pay; sends
/// back what could not be applied.
///
/// ```
/// # use edupay_domain::payments::*; use edupay_domain::ids::*; use edupay_domain::clock::*; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut callbacks = MockGatewayCallbacks::new();
/// callbacks.expect_verify().returning(|_, _, _| Err(CallbackRefusal::BadSignature));
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// let payments = PaymentService::new(Payments {
///     gateway: Arc::new(MockPaymentGateway::new()),
///     callbacks: Arc::new(callbacks),
///     charges: Arc::new(MockChargeStore::new()),
///     receipts: Arc::new(MockReceiptStore::new()),
///     inbox: Arc::new(MockInboxStore::new()), // nothing is expected: nothing may be written
///     orders: Arc::new(MockApplyCharge::new()),
///     top_ups: Arc::new(MockApplyCharge::new()),
///     clock: Arc::new(clock),
///     ids: Arc::new(MockIdSource::new()),
/// });
/// assert_eq!(payments.verify(None, b"{}").unwrap_err(), CallbackRefusal::BadSignature);
/// # }
/// ```
#[derive(Clone)]
pub struct PaymentService {
    parts: Arc<Payments>,
}

impl PaymentService {
    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Payments) -> Self {
        Self { parts: Arc::new(parts) }
    }

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
            InboundObject::Refund(refund) => match self.record_refund(refund).await? {
                Some(_) => (EventOutcome::Processed, InboundStatus::Processed),
                None => (EventOutcome::Unmatched, InboundStatus::Unmatched),
            },
            InboundObject::Charge(_) | InboundObject::Other => (EventOutcome::Ignored, InboundStatus::Ignored),
        };
        let age = self.parts.clock.now().signed_duration_since(event.received_at).max(UNMATCHED_RETRY);
        self.parts.inbox.mark(&event.id, status, later(self.parts.clock.now(), age)).await?;
        Ok(outcome)
    }

    /// Tries kept and unmatched callbacks again; answers how many were done. Each waits as long
    /// again as it has waited, so that a hopeless one costs little.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn retry_inbox(&self, limit: u32) -> Result<u32, StoreError> {
        let now = self.parts.clock.now();
        let mut done = 0_u32;
        for (id, received_at, body) in self.parts.inbox.pending(now, limit).await? {
            match self.parts.callbacks.read(&body, received_at) {
                Ok(event) => {
                    if self.work_on(&event).await? != EventOutcome::Unmatched {
                        done = done.saturating_add(1);
                    }
                }
                Err(_) => self.parts.inbox.mark(&id, InboundStatus::Ignored, now).await?,
            }
        }
        Ok(done)
    }

    /// Books a paid charge: the one path of callbacks, queries and proofs. The same charge again
    /// moves nothing. What it does not trust in the charge it compares with the stored attempt.
    ///
    /// # Errors
    /// [`ConfirmError`]; the charge can be confirmed again.
    pub async fn confirm(&self, charge: &Charge) -> Result<Confirmation, ConfirmError> {
        let route = self.parts.charges.find_route(&charge.gateway_order_no).await?.ok_or(ConfirmError::Unmatched)?;
        match &route.subject {
            ChargeSubject::Order(_) => self.parts.orders.apply_charge(&route, charge).await,
            ChargeSubject::TopUp(_) => self.parts.top_ups.apply_charge(&route, charge).await,
        }
    }

    /// Asks the gateway for the charge of a stored attempt and records its answer. Repeatable: the
    /// same attempt gives the same charge. Past the time in which the gateway promises that, its
    /// list is looked through first.
    ///
    /// # Errors
    /// [`RequestError`]: refused (recorded), unknown (kept as requested), or the store failed.
    pub async fn request_charge(
        &self,
        attempt: &ChargeAttempt,
        request: &ChargeRequest,
        asked: Asked,
    ) -> Result<ChargeAttempt, RequestError> {
        let promise_over = later(attempt.requested_at, SAME_CHARGE) < self.parts.clock.now();
        let found = if promise_over { self.find_unanswered(attempt).await? } else { None };
        let answer = match found {
            Some(charge) => Ok(charge),
            None => self.parts.gateway.create_charge(request).await,
        };
        let reply = match answer {
            Ok(charge) => ChargeReply::Created { charge_id: charge.id, document: charge.document },
            Err(error) if matches!(error.fault(), GatewayFault::Unknown) => return Err(RequestError::Gateway(error)),
            // An earlier request without an answer may still have made a charge.
            Err(error) if asked == Asked::Again && !promise_over => return Err(unknown(error).into()),
            Err(error) => {
                self.record_reply(attempt, ChargeReply::Refused).await?;
                return Err(RequestError::Gateway(error));
            }
        };
        Ok(self.record_reply(attempt, reply).await?)
    }

    async fn record_reply(&self, attempt: &ChargeAttempt, reply: ChargeReply) -> Result<ChargeAttempt, StoreError> {
        let command =
            RecordChargeReply { user_id: attempt.user_id, gateway_order_no: attempt.gateway_order_no.clone(), reply };
        self.parts.charges.record_reply(&command, record_charge_reply).await
    }

    async fn find_unanswered(&self, attempt: &ChargeAttempt) -> Result<Option<Charge>, GatewayError> {
        let found = self.parts.gateway.find_charges(&attempt.gateway_order_no, attempt.requested_at).await;
        // Whatever kept us from looking, the earlier request's outcome is what stays unknown.
        Ok(found.map_err(unknown)?.into_iter().max_by_key(|charge| charge.paid))
    }

    /// Asks the gateway about every attempt for a subject that may have been paid without our
    /// knowing, and confirms what was. Answers whether anything was confirmed now.
    ///
    /// # Errors
    /// [`ConfirmError`]; what was confirmed before stays confirmed.
    pub async fn refresh(&self, attempts: &[ChargeAttempt]) -> Result<bool, ConfirmError> {
        let mut confirmed = false;
        for attempt in
            attempts.iter().filter(|attempt| matches!(attempt.status, AttemptStatus::Open | AttemptStatus::Requested))
        {
            for charge in self.charges_at_gateway(attempt).await?.iter().filter(|charge| charge.paid) {
                confirmed |= !matches!(self.confirm(charge).await?, Confirmation::AlreadyConfirmed(_));
            }
        }
        Ok(confirmed)
    }

    async fn charges_at_gateway(&self, attempt: &ChargeAttempt) -> Result<Vec<Charge>, GatewayError> {
        match &attempt.charge_id {
            Some(id) => Ok(self.parts.gateway.find_charge(id).await?.into_iter().collect()),
            None => self.parts.gateway.find_charges(&attempt.gateway_order_no, attempt.requested_at).await,
        }
    }

    /// The attempts for a subject, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn attempts_of(
        &self,
        user_id: crate::ids::UserId,
        subject: &ChargeSubject,
    ) -> Result<Vec<ChargeAttempt>, StoreError> {
        self.parts.charges.attempts_of(user_id, subject).await
    }

    /// The user's attempt that this charge answered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_attempt(
        &self,
        user_id: crate::ids::UserId,
        charge_id: &ChargeId,
    ) -> Result<Option<ChargeAttempt>, StoreError> {
        self.parts.charges.find_attempt(user_id, charge_id).await
    }

    /// The user's receipt of a charge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_receipt(
        &self,
        user_id: crate::ids::UserId,
        charge_id: &ChargeId,
    ) -> Result<Option<Receipt>, StoreError> {
        self.parts.receipts.find_receipt(user_id, charge_id).await
    }

    /// Closes attempts that nobody will pay (order paid otherwise, cancelled, closed, or past its
    /// time): what was paid after all is confirmed, the rest reversed at the gateway. An attempt
    /// whose gateway can't be asked waits for the next time. Answers how many were closed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn close_stale(&self, limit: u32) -> Result<u32, StoreError> {
        let now = self.parts.clock.now();
        let asked_before = now.checked_sub_signed(CLAIM).unwrap_or(now);
        let mut closed = 0_u32;
        for attempt in self.parts.charges.stale_attempts(now, asked_before, limit).await? {
            match self.close(&attempt).await {
                Ok(()) => closed = closed.saturating_add(1),
                Err(ConfirmError::Store(error)) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(closed)
    }

    async fn close(&self, attempt: &ChargeAttempt) -> Result<(), ConfirmError> {
        for charge in self.charges_at_gateway(attempt).await? {
            if charge.paid {
                self.confirm(&charge).await?;
            } else if !charge.reversed {
                match self.parts.gateway.reverse_charge(&charge.id).await {
                    Err(error) if matches!(error.fault(), GatewayFault::Refused { .. }) => {
                        self.confirm_if_paid(&charge.id).await?;
                    }
                    answer => {
                        answer?;
                    }
                }
            }
        }
        let command = CloseAttempt { user_id: attempt.user_id, gateway_order_no: attempt.gateway_order_no.clone() };
        self.parts.charges.close_attempt(&command, close_attempt).await?;
        Ok(())
    }

    async fn confirm_if_paid(&self, id: &ChargeId) -> Result<(), ConfirmError> {
        if let Some(charge) = self.parts.gateway.find_charge(id).await?.filter(|charge| charge.paid) {
            self.confirm(&charge).await?;
        }
        Ok(())
    }

    /// Sends unapplied receipts back to their payers. A refund whose answer was lost is looked for
    /// before it is asked for again, since the gateway would refund twice. Answers how many moved on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refund_due(&self, limit: u32) -> Result<u32, StoreError> {
        let now = self.parts.clock.now();
        let mut moved = 0_u32;
        for receipt in self.parts.receipts.due_refunds(now, limit).await? {
            let command = ClaimRefund {
                user_id: receipt.user_id,
                charge_id: receipt.charge_id,
                at: now,
                until: later(now, CLAIM),
            };
            let refund = match self.parts.receipts.claim_refund(&command, claim_refund).await? {
                RefundClaim::Denied => continue,
                RefundClaim::Ask(receipt) => self.ask_refund(&receipt).await,
                RefundClaim::LookFirst(receipt) => match self.look_for_refund(&receipt).await {
                    Ok(Some(refund)) => Ok(refund),
                    Ok(None) => self.ask_refund(&receipt).await,
                    Err(error) => Err(error),
                },
            };
            if let Ok(refund) = refund {
                self.record_refund(&refund).await?;
                moved = moved.saturating_add(1);
            }
        }
        Ok(moved)
    }

    async fn ask_refund(&self, receipt: &Receipt) -> Result<GatewayRefund, GatewayError> {
        let reason = receipt.reason.map_or("unapplied", |reason| reason.code());
        let description = format!("{} {reason}", receipt.gateway_order_no);
        let request = RefundRequest { charge_id: receipt.charge_id.clone(), amount: receipt.amount, description };
        self.parts.gateway.create_refund(&request).await
    }

    async fn look_for_refund(&self, receipt: &Receipt) -> Result<Option<GatewayRefund>, GatewayError> {
        let refunds = self.parts.gateway.list_refunds(&receipt.charge_id).await?;
        Ok(refunds.into_iter().min_by_key(|refund| match refund.status {
            RefundStatus::Succeeded => 0,
            RefundStatus::Pending => 1,
            RefundStatus::Failed => 2,
        }))
    }

    /// Books what the gateway says of a refund of an unapplied receipt; `None` when we have no
    /// receipt of its charge. A repeat moves nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_refund(&self, refund: &GatewayRefund) -> Result<Option<Receipt>, StoreError> {
        let Some(user_id) = self.parts.receipts.find_owner(&refund.charge_id).await? else { return Ok(None) };
        let now = self.parts.clock.now();
        let command = RecordRefund {
            user_id,
            refund: refund.clone(),
            at: now,
            next_try_at: later(now, REFUND_POLL),
            event_id: self.parts.ids.event_id(),
        };
        self.parts.receipts.record_refund(&command, record_refund).await
    }
}

/// Why a charge could not be asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The gateway refused, or its answer is unknown; see [`GatewayError::fault`].
    #[error("the gateway gave no charge")]
    Gateway(#[from] GatewayError),
    /// The store failed after the gateway was asked: the attempt stays requested.
    #[error("the gateway's answer could not be stored")]
    Store(#[from] StoreError),
}

fn unknown(error: GatewayError) -> GatewayError {
    GatewayError::new(GatewayFault::Unknown, error)
}

fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}
