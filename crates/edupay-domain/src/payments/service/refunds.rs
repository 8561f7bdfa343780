//! Refunds of what could not be applied.

use super::{PaymentService, Round, later};
use crate::ids::ChargeId;
use crate::payments::error::{ConfirmError, GatewayError, GatewayFault};
use crate::payments::model::{
    ClaimRefund, GatewayRefund, HoldRefund, Receipt, ReceiptStatus, RecordRefund, RefundRequest, RefundStatus,
};
use crate::payments::rules::{RefundClaim, claim_refund, hold_refund, record_refund};
use crate::store::{StoreError, StoreFault};
use chrono::TimeDelta;

/// How long a claim on a refund lasts at the least: longer than its calls to the gateway may take.
const CLAIM: TimeDelta = TimeDelta::seconds(60);
/// How long a refund waits at the most before it is tried again.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);
/// How often a pending refund is looked at.
const REFUND_POLL: TimeDelta = TimeDelta::seconds(15);

impl PaymentService {
    /// Sends unapplied receipts back to their payers. A refund whose answer was lost is looked for
    /// before it is asked for again, since the gateway would refund twice; one that the gateway
    /// refuses waits for a person. Several workers share the work.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one receipt is in the [`Round`].
    pub async fn refund_due(&self, limit: u32) -> Result<Round, StoreError> {
        let mut round = Round::default();
        for receipt in self.parts.receipts.due_refunds(self.parts.clock.now(), limit).await? {
            let refunded = self.refund(&receipt).await;
            round.count(receipt.charge_id.as_str(), refunded);
        }
        Ok(round)
    }

    async fn refund(&self, receipt: &Receipt) -> Result<bool, ConfirmError> {
        let (user_id, charge_id, at) = (receipt.user_id, receipt.charge_id.clone(), self.parts.clock.now());
        // As long again as it has waited: a gateway that is down for a day is not asked every minute.
        let wait = at.signed_duration_since(receipt.received_at).clamp(CLAIM, LONGEST_WAIT);
        let command = ClaimRefund { user_id, charge_id: charge_id.clone(), at, until: later(at, wait) };
        let answer = match self.parts.receipts.claim_refund(&command, claim_refund).await? {
            RefundClaim::Denied => return Ok(false),
            RefundClaim::Ask(receipt) => self.ask_refund(&receipt).await,
            RefundClaim::LookFirst(receipt) => match self.look_for_refund(&receipt).await? {
                Some(refund) => Ok(refund),
                None => self.ask_refund(&receipt).await,
            },
        };
        match answer {
            Ok(refund) => Ok(self.record_refund(&refund).await?.is_some()),
            Err(error) => {
                if matches!(error.fault(), GatewayFault::Refused { code: Some(_) }) {
                    self.parts.receipts.hold_refund(&HoldRefund { user_id, charge_id }, hold_refund).await?;
                }
                Err(error.into())
            }
        }
    }

    async fn ask_refund(&self, receipt: &Receipt) -> Result<GatewayRefund, GatewayError> {
        let reason = receipt.reason.map_or("unapplied", |reason| reason.code());
        let description = format!("{} {reason}", receipt.gateway_order_no);
        let (charge_id, amount) = (receipt.charge_id.clone(), receipt.amount);
        let request = RefundRequest { charge_id, amount, description, metadata: Vec::new() };
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

    /// Asks the gateway for the refunds of a charge and books what it says of each.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn record_refunds_of(&self, charge_id: &ChargeId) -> Result<(), ConfirmError> {
        for refund in self.parts.gateway.list_refunds(charge_id).await? {
            self.record_refund(&refund).await?;
        }
        Ok(())
    }

    /// Books what the gateway says of a refund; `None` when we have no receipt of its charge. What was
    /// applied is handed on to whoever refunds it: see [`ApplyRefund`](crate::payments::ApplyRefund). A
    /// repeat moves nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_refund(&self, refund: &GatewayRefund) -> Result<Option<Receipt>, StoreError> {
        let Some(user_id) = self.parts.receipts.find_owner(&refund.charge_id).await? else { return Ok(None) };
        let receipt = self.parts.receipts.find_receipt(user_id, &refund.charge_id).await?;
        if let Some(receipt) = receipt.filter(|receipt| receipt.status == ReceiptStatus::Applied) {
            let route = self.parts.charges.find_route(&receipt.gateway_order_no).await?;
            let route = route.ok_or_else(|| StoreError::new(StoreFault::Corrupt, "a receipt has no route"))?;
            self.parts.refunds.apply_refund(&route, refund).await?;
            return Ok(Some(receipt));
        }
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
