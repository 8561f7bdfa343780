//! Looking after unfinished attempts: what was paid without our hearing of it is confirmed, what
//! nobody will pay is reversed, and an attempt ends only when its charge can't be paid any more.

use super::{PaymentService, Round, later};
use crate::clock::Timestamp;
use crate::payments::error::{ConfirmError, GatewayFault};
use crate::payments::model::{Awaited, Charge, ChargeAttempt, ClaimLook, CloseAttempt};
use crate::payments::rules::{claim_look, close_attempt};
use crate::store::StoreError;
use chrono::TimeDelta;

/// The first look, and the shortest time between two.
const SOONEST: TimeDelta = TimeDelta::seconds(10);
/// The longest time between two looks.
const LATEST: TimeDelta = TimeDelta::hours(6);
/// For how long past its time a charge that can't be reversed is still looked at: a channel may take
/// a while to tell of a payment made at the last moment.
const GRACE: TimeDelta = TimeDelta::hours(1);

/// When to look next: each time after as long again as the attempt is old, and when its time ends.
pub(super) fn next_look(attempt: &ChargeAttempt, now: Timestamp) -> Timestamp {
    let age = now.signed_duration_since(attempt.requested_at).clamp(SOONEST, LATEST);
    let next = later(now, age);
    if now < attempt.expires_at { next.min(attempt.expires_at).max(later(now, SOONEST)) } else { next }
}

impl PaymentService {
    /// Looks after the unfinished attempts that are due: on a schedule that doubles from 10 seconds
    /// to 6 hours, when their time ends, and at once when their order was paid otherwise, cancelled
    /// or closed. An attempt whose gateway can't be asked waits for its next look. Several workers
    /// share the work.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one attempt is in the [`Round`].
    pub async fn look_after(&self, limit: u32) -> Result<Round, StoreError> {
        let mut round = Round::default();
        for attempt in self.parts.charges.due_attempts(self.parts.clock.now(), limit).await? {
            let looked = self.look(&attempt).await;
            round.count(attempt.gateway_order_no.as_str(), looked);
        }
        Ok(round)
    }

    async fn look(&self, attempt: &ChargeAttempt) -> Result<bool, ConfirmError> {
        let at = self.parts.clock.now();
        let command = ClaimLook {
            user_id: attempt.user_id,
            gateway_order_no: attempt.gateway_order_no.clone(),
            at,
            look_at: next_look(attempt, at),
        };
        let Some((attempt, awaited)) = self.parts.charges.claim_look(&command, claim_look).await? else {
            return Ok(false);
        };
        let unwanted = awaited == Awaited::No || attempt.expires_at <= at;
        let mut payable = false;
        for charge in self.charges_at_gateway(&attempt).await? {
            payable |= self.is_left_payable(&charge, unwanted).await?;
        }
        if unwanted && (!payable || later(attempt.expires_at, GRACE) <= at) {
            let command = CloseAttempt { user_id: attempt.user_id, gateway_order_no: attempt.gateway_order_no };
            self.parts.charges.close_attempt(&command, close_attempt).await?;
        }
        Ok(true)
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
