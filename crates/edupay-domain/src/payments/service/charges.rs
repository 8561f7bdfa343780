//! Charges: asked for, confirmed by one path, looked after, closed.

use super::PaymentService;
use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, UserId};
use crate::payments::error::{ConfirmError, GatewayError, GatewayFault, Postponement};
use crate::payments::looking::next_look;
use crate::payments::model::{
    AttemptStatus, Charge, ChargeAttempt, ChargeReply, ChargeRequest, ChargeSubject, Confirmation, Receipt,
    RecordChargeReply,
};
use crate::payments::ports::PaymentGateway;
use crate::payments::rules::record_charge_reply;
use crate::schedule::later;
use crate::store::{EffectError, StoreError};
use chrono::TimeDelta;
use std::sync::PoisonError;

/// Within this time the gateway answers the same request with the same charge.
const SAME_CHARGE: TimeDelta = TimeDelta::seconds(45);
/// For how long something past its time waits for a gateway that can't be asked whether it was paid.
const CLOSING_GRACE: TimeDelta = TimeDelta::hours(24);

/// Whether the gateway was asked for this attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Never: a refusal is the end of the attempt, and so is a call that could not be made.
    Never,
    /// It was, and the answer was lost: a refusal now does not undo what that request may have made.
    Again,
}

/// Why a charge could not be asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The gateway refused, could not be asked, or its answer is unknown; see [`GatewayError::fault`].
    #[error("the gateway gave no charge")]
    Gateway(#[from] GatewayError),
    /// The store failed after the gateway was asked: the attempt stays requested.
    #[error("the gateway's answer could not be stored")]
    Store(#[from] StoreError),
}

impl RequestError {
    /// The same failure as an answer of a use case: its refusal when the gateway refused, another when the
    /// gateway could not be asked now, another when its answer is unknown. The attempt was committed before,
    /// so a store that failed now leaves the whole unknown.
    pub fn into_effect<R>(self, refused: R, postponed: impl FnOnce(Postponement) -> R, unknown: R) -> EffectError<R> {
        match self {
            Self::Store(error) => EffectError::Store(error.after_a_committed_step()),
            Self::Gateway(error) => EffectError::Refused(match error.fault() {
                GatewayFault::Refused { .. } => refused,
                GatewayFault::Postponed(postponement) => postponed(*postponement),
                GatewayFault::Unknown => unknown,
            }),
        }
    }
}

/// What asking the gateway about something past its time came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// A charge was paid and is booked now: there is nothing to close.
    Paid,
    /// An attempt has no answer yet, and its charge is still looked for by its number.
    Searched,
    /// It may be closed.
    Due,
}

impl PaymentService {
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
            ChargeSubject::Purchase(_) => self.parts.packages.apply_charge(&route, charge).await,
        }
    }

    /// Asks the gateway for the charge of a stored attempt and records its answer. Repeatable: the
    /// same attempt gives the same charge. Past the time in which the gateway promises that, its
    /// list is looked through first.
    ///
    /// # Errors
    /// [`RequestError`]: refused or postponed (recorded as refused, so that the next try is another attempt),
    /// unknown (kept as requested), or the store failed.
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

    pub(super) async fn record_reply(
        &self,
        attempt: &ChargeAttempt,
        reply: ChargeReply,
    ) -> Result<ChargeAttempt, StoreError> {
        let command = RecordChargeReply {
            user_id: attempt.user_id,
            gateway_order_no: attempt.gateway_order_no.clone(),
            reply,
            look_at: next_look(attempt, self.parts.clock.now()),
        };
        self.parts.charges.record_reply(&command, record_charge_reply).await
    }

    async fn find_unanswered(&self, attempt: &ChargeAttempt) -> Result<Option<Charge>, GatewayError> {
        let found = self.parts.gateway.find_charges(&attempt.gateway_order_no, attempt.requested_at).await;
        // Whatever kept us from looking, the earlier request's outcome is what stays unknown.
        Ok(found.map_err(unknown)?.into_iter().max_by_key(|charge| charge.paid))
    }

    /// Repairs what somebody reads: asks the gateway about the unfinished attempts for a subject, and confirms
    /// what was paid without our knowing. The reader waits a few seconds at the most, and an attempt is asked
    /// about once in a few seconds, however many read; a gateway that can't be asked changes nothing, and is not
    /// asked about the next one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn repair(&self, user_id: UserId, subject: &ChargeSubject) -> Result<(), StoreError> {
        let attempts = self.attempts_of(user_id, subject).await?;
        for attempt in attempts.iter().filter(|attempt| is_unfinished(attempt) && self.may_be_read_anew(attempt)) {
            match self.refresh_one(attempt, self.parts.hasty_gateway.as_ref()).await {
                Err(ConfirmError::Store(error)) => return Err(error),
                Err(error) if error.is_outage() => break,
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn may_be_read_anew(&self, attempt: &ChargeAttempt) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.grants(&attempt.gateway_order_no, self.parts.clock.now())
    }

    /// Asks the gateway about attempts that may have been paid without our
    /// knowing, and confirms what was. Answers whether anything was confirmed now; one attempt that
    /// can't be asked about does not keep the others from it.
    ///
    /// # Errors
    /// [`ConfirmError`], the first, when nothing was confirmed.
    async fn refresh(&self, attempts: &[ChargeAttempt]) -> Result<bool, ConfirmError> {
        let (mut confirmed, mut first_error) = (false, None);
        for attempt in attempts {
            match self.refresh_one(attempt, self.parts.gateway.as_ref()).await {
                Ok(now) => confirmed |= now,
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        match first_error {
            Some(error) if !confirmed => Err(error),
            _ => Ok(confirmed),
        }
    }

    /// Asks the gateway whether something past its time was paid, before it is closed. One whose
    /// gateway can't be asked waits a day for it; whatever turns out to have been paid later goes
    /// back. So does one with an attempt whose answer was lost: looking for that takes a walk through the
    /// gateway's list, which [`Self::look_after`] takes for all of them together, and here nobody waits for it.
    /// A repeat asks again.
    ///
    /// # Errors
    /// [`ConfirmError`]: it is too early to close without an answer.
    pub async fn before_closing(
        &self,
        user_id: UserId,
        subject: &ChargeSubject,
        expires_at: Timestamp,
    ) -> Result<Closing, ConfirmError> {
        let attempts = self.attempts_of(user_id, subject).await?;
        let (asked, searched): (Vec<_>, Vec<_>) =
            attempts.into_iter().filter(is_unfinished).partition(|attempt| attempt.charge_id.is_some());
        let waits = self.parts.clock.now() < later(expires_at, CLOSING_GRACE);
        match self.refresh(&asked).await {
            Ok(true) => Ok(Closing::Paid),
            Ok(false) if waits && !searched.is_empty() => Ok(Closing::Searched),
            Ok(false) => Ok(Closing::Due),
            Err(error) if waits => Err(error),
            Err(_) => Ok(Closing::Due),
        }
    }

    async fn refresh_one(&self, attempt: &ChargeAttempt, gateway: &dyn PaymentGateway) -> Result<bool, ConfirmError> {
        let mut confirmed = false;
        for charge in charges_at(gateway, attempt).await?.iter().filter(|charge| charge.paid) {
            confirmed |= !matches!(self.confirm(charge).await?, Confirmation::AlreadyConfirmed(_));
        }
        Ok(confirmed)
    }

    pub(super) async fn charges_at_gateway(&self, attempt: &ChargeAttempt) -> Result<Vec<Charge>, GatewayError> {
        charges_at(self.parts.gateway.as_ref(), attempt).await
    }

    /// The attempts for a subject, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn attempts_of(
        &self,
        user_id: UserId,
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
        user_id: UserId,
        charge_id: &ChargeId,
    ) -> Result<Option<ChargeAttempt>, StoreError> {
        self.parts.charges.find_attempt(user_id, charge_id).await
    }

    /// The user's receipt of a charge.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<Receipt>, StoreError> {
        self.parts.receipts.find_receipt(user_id, charge_id).await
    }

    /// Asks the gateway for one charge, whatever we know of it, and confirms it when it is paid.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_if_paid(&self, id: &ChargeId) -> Result<(), ConfirmError> {
        if let Some(charge) = self.parts.gateway.find_charge(id).await?.filter(|charge| charge.paid) {
            self.confirm(&charge).await?;
        }
        Ok(())
    }

    /// Asks the gateway for every charge under a number of ours, whatever we know of them, and confirms those
    /// that are paid.
    ///
    /// # Errors
    /// [`ConfirmError`]; nothing is done for a number that is not ours.
    pub async fn confirm_number(&self, number: &GatewayOrderNo) -> Result<(), ConfirmError> {
        let route = self.parts.charges.find_route(number).await?.ok_or(ConfirmError::Unmatched)?;
        let attempts = self.parts.charges.attempts_of(route.user_id, &route.subject).await?;
        let attempt = attempts.into_iter().find(|attempt| attempt.gateway_order_no == *number);
        let attempt = attempt.ok_or(ConfirmError::Unmatched)?;
        for charge in self.parts.gateway.find_charges(number, attempt.requested_at).await? {
            if charge.paid {
                self.confirm(&charge).await?;
            }
        }
        Ok(())
    }
}

fn is_unfinished(attempt: &ChargeAttempt) -> bool {
    matches!(attempt.status, AttemptStatus::Open | AttemptStatus::Requested)
}

async fn charges_at(gateway: &dyn PaymentGateway, attempt: &ChargeAttempt) -> Result<Vec<Charge>, GatewayError> {
    match &attempt.charge_id {
        Some(id) => Ok(gateway.find_charge(id).await?.into_iter().collect()),
        None => gateway.find_charges(&attempt.gateway_order_no, attempt.requested_at).await,
    }
}

fn unknown(error: GatewayError) -> GatewayError {
    GatewayError::new(GatewayFault::Unknown, error)
}
