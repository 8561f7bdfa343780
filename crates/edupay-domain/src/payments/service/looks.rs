//! Looking after unfinished attempts: what was paid without our hearing of it is confirmed, what
//! nobody will pay is reversed, and an attempt ends only when its charge can't be paid any more.

use super::{PaymentService, Round};
use crate::payments::error::{ConfirmError, GatewayFault};
use crate::payments::looking::{claim_look, schedule_look};
use crate::payments::model::{
    AttemptStatus, Awaited, Charge, ChargeAttempt, ChargeReply, ClaimLook, CloseAttempt, LookWay, ScheduleLook,
};
use crate::payments::rules::close_attempt;
use crate::schedule::{later, leased};
use crate::store::StoreError;
use chrono::TimeDelta;

/// For how long past its time a charge that can't be reversed is still looked at: a channel may take
/// a while to tell of a payment made at the last moment.
const GRACE: TimeDelta = TimeDelta::hours(1);

impl PaymentService {
    /// Looks after the unfinished attempts that are due: by the [schedule](crate::schedule), around the end
    /// of their time, and at once when their order was paid otherwise, cancelled or closed. Each is taken
    /// under a lease, so that several workers share the work; one whose gateway does not answer is due again
    /// when the lease ends. A round that finds the gateway out of reach leaves the rest due. At most
    /// `limit` are taken, those whose charge is known first.
    ///
    /// # Errors
    /// [`StoreError`] when a list could not be read; what was looked at before stands. What fails for one attempt
    /// is in the [`Round`].
    pub async fn look_after(&self, limit: u32) -> Result<Round, StoreError> {
        let mut round = self.look_after_answered(limit).await?;
        let (outage, left) = (round.outage, limit.saturating_sub(round.taken));
        round.add(self.look_after_unanswered(left).await?);
        // One of the two calls may fail while the other one works.
        round.outage = round.outage.max(outage);
        Ok(round)
    }

    /// Those of them whose charge is known: each takes a call.
    ///
    /// # Errors
    /// As [`Self::look_after`].
    pub async fn look_after_answered(&self, limit: u32) -> Result<Round, StoreError> {
        self.look_at_all(LookWay::ByCharge, limit, Round::LOOKS).await
    }

    /// Those of them whose charge is looked for by its number: all share a walk through the gateway's list, which
    /// takes as long as the list is.
    ///
    /// # Errors
    /// As [`Self::look_after`].
    pub async fn look_after_unanswered(&self, limit: u32) -> Result<Round, StoreError> {
        self.look_at_all(LookWay::ByNumber, limit, Round::SEARCHES).await
    }

    async fn look_at_all(&self, way: LookWay, limit: u32, at_once: usize) -> Result<Round, StoreError> {
        let due = self.parts.charges.due_attempts(way, self.parts.clock.now(), limit).await?;
        Ok(Round::of(
            &due,
            at_once,
            |attempt| attempt.gateway_order_no.as_str(),
            ConfirmError::is_outage,
            |attempt| self.look(attempt),
        )
        .await)
    }

    async fn look(&self, attempt: &ChargeAttempt) -> Result<bool, ConfirmError> {
        let at = self.parts.clock.now();
        let (user_id, gateway_order_no) = (attempt.user_id, attempt.gateway_order_no.clone());
        let command = ClaimLook { user_id, gateway_order_no: gateway_order_no.clone(), at, until: leased(at) };
        let Some((attempt, awaited)) = self.parts.charges.claim_look(&command, claim_look).await? else {
            return Ok(false);
        };
        let looked = self.look_at(&attempt, awaited).await;
        // What fails by itself, though the gateway is there, must not be tried again every minute for ever.
        if !looked.as_ref().is_err_and(ConfirmError::is_outage) {
            let (claimed_until, at) = (attempt.look_at, self.parts.clock.now());
            let command = ScheduleLook { user_id, gateway_order_no, claimed_until, at };
            self.parts.charges.schedule_look(&command, schedule_look).await?;
        }
        looked.map(|()| true)
    }

    async fn look_at(&self, attempt: &ChargeAttempt, awaited: Awaited) -> Result<(), ConfirmError> {
        let at = self.parts.clock.now();
        let unwanted = awaited == Awaited::No || attempt.expires_at <= at;
        let charges = self.charges_at_gateway(attempt).await?;
        let mut payable = false;
        for charge in &charges {
            payable |= self.is_left_payable(charge, unwanted).await?;
        }
        if unwanted && (!payable || later(attempt.expires_at, GRACE) <= at) {
            let (user_id, gateway_order_no) = (attempt.user_id, attempt.gateway_order_no.clone());
            self.parts.charges.close_attempt(&CloseAttempt { user_id, gateway_order_no }, close_attempt).await?;
        } else if payable {
            self.learn_answer(attempt, &charges).await?;
        }
        Ok(())
    }

    /// An answer that was lost is in the gateway's list. Where the list has several charges of the number,
    /// the attempt stays without one, so that all of them are looked at.
    async fn learn_answer(&self, attempt: &ChargeAttempt, charges: &[Charge]) -> Result<(), StoreError> {
        if let ([charge], AttemptStatus::Requested) = (charges, attempt.status) {
            let reply = ChargeReply::Created { charge_id: charge.id.clone(), document: charge.document.clone() };
            self.record_reply(attempt, reply).await?;
        }
        Ok(())
    }

    /// Confirms a paid charge, reverses an unwanted one; whether it can still be paid after that.
    async fn is_left_payable(&self, charge: &Charge, unwanted: bool) -> Result<bool, ConfirmError> {
        if charge.paid {
            self.confirm(charge).await?;
            return Ok(false);
        }
        if charge.reversed || !unwanted {
            return Ok(!charge.reversed);
        }
        match self.parts.gateway.reverse_charge(&charge.id).await {
            Ok(_) => Ok(false),
            // Paid a moment ago, or of a channel that can't reverse: then it stays payable.
            Err(error) if matches!(error.fault(), GatewayFault::Refused { .. }) => {
                let now = self.parts.gateway.find_charge(&charge.id).await?;
                match now.filter(|now| now.paid) {
                    Some(paid) => self.confirm(&paid).await.map(|_| false),
                    None => Ok(true),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}
