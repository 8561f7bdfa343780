//! Refunds of what could not be applied.

use super::{PaymentService, Round};
use crate::ids::ChargeId;
use crate::payments::error::{ConfirmError, GatewayError, GatewayFault, Postponement};
use crate::payments::model::{
    ClaimRefund, GatewayRefund, HoldRefund, Receipt, ReceiptStatus, RecordRefund, RefundHeard, RefundRequest,
    RefundStatus,
};
use crate::payments::rules::{RefundClaim, claim_refund, hold_refund, is_old_news, record_refund};
use crate::schedule::{self, leased};
use crate::store::{StoreError, StoreFault};

impl PaymentService {
    /// Sends unapplied receipts back to their payers. A refund whose answer was lost is looked for
    /// before it is asked for again, since the gateway would refund twice; one that the gateway
    /// refuses waits for a person. Each is taken under a lease, so that several workers share the work; what
    /// the gateway does not answer is tried again when the lease ends, and what it works on by the
    /// [schedule](crate::schedule). A round that finds the gateway out of reach leaves the rest due.
    ///
    /// # Errors
    /// [`StoreError`] when no list could be read; what fails for one receipt is in the [`Round`].
    pub async fn refund_due(&self, limit: u32) -> Result<Round, StoreError> {
        let due = self.parts.receipts.due_refunds(self.parts.clock.now(), limit).await?;
        Ok(Round::of(
            &due,
            Round::REFUNDS,
            |receipt| receipt.charge_id.as_str(),
            ConfirmError::is_outage,
            |receipt| self.refund(receipt),
        )
        .await)
    }

    async fn refund(&self, receipt: &Receipt) -> Result<bool, ConfirmError> {
        let (user_id, charge_id, at) = (receipt.user_id, receipt.charge_id.clone(), self.parts.clock.now());
        let command = ClaimRefund { user_id, charge_id: charge_id.clone(), at, until: leased(at) };
        let answer = match self.parts.receipts.claim_refund(&command, claim_refund).await? {
            RefundClaim::Denied => return Ok(false),
            RefundClaim::Ask(receipt) => self.ask_refund(&receipt).await,
            RefundClaim::LookFirst(receipt) => match self.look_for_refund(&receipt).await? {
                Some(refund) => Ok(refund),
                None => self.ask_refund(&receipt).await,
            },
        };
        match answer {
            Ok(refund) => Ok(self.record_refund(&refund, RefundHeard::Listing).await?.is_some()),
            Err(error) => {
                if matches!(error.fault(), GatewayFault::Refused { code: Some(_) }) {
                    let command = HoldRefund { user_id, charge_id, at: self.parts.clock.now() };
                    self.parts.receipts.hold_refund(&command, hold_refund).await?;
                }
                Err(error.into())
            }
        }
    }

    async fn ask_refund(&self, receipt: &Receipt) -> Result<GatewayRefund, GatewayError> {
        // The claim left the end of the lease in the receipt.
        if !schedule::may_begin(receipt.next_try_at, self.parts.clock.now()) {
            return Err(GatewayError::new(
                GatewayFault::Postponed(Postponement::Unreached),
                "the lease is nearly over",
            ));
        }
        let reason = receipt.reason.map_or("unapplied", |reason| reason.code());
        let description = format!("{} {reason}", receipt.gateway_order_no);
        let (charge_id, amount) = (receipt.charge_id.clone(), receipt.amount);
        let request = RefundRequest { charge_id, amount, description, metadata: Vec::new() };
        self.parts.gateway.create_refund(&request).await
    }

    async fn look_for_refund(&self, receipt: &Receipt) -> Result<Option<GatewayRefund>, GatewayError> {
        let refunds = self.parts.gateway.list_refunds(&receipt.charge_id).await?;
        // One that failed before is the answer to an earlier request. It never stands for the one that is pending;
        // but that there is one keeps us from asking again while the pending one is not in the list.
        let is_old = |refund: &GatewayRefund| refund.status == RefundStatus::Failed && is_old_news(receipt, &refund.id);
        let is_pending = receipt.status == ReceiptStatus::RefundPending;
        Ok(refunds.into_iter().filter(|refund| is_pending || !is_old(refund)).min_by_key(|refund| {
            let rank = match refund.status {
                RefundStatus::Succeeded => 0,
                RefundStatus::Pending => 1,
                RefundStatus::Failed => 2,
            };
            (is_old(refund), rank)
        }))
    }

    /// Asks the gateway for the refunds of a charge and books what it says of each.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn record_refunds_of(&self, charge_id: &ChargeId) -> Result<(), ConfirmError> {
        for refund in self.parts.gateway.list_refunds(charge_id).await? {
            self.record_refund(&refund, RefundHeard::Listing).await?;
        }
        Ok(())
    }

    /// Books what the gateway says of a refund; `None` when we have no receipt of its charge, or when a
    /// callback contradicts a refund that waits: both may be of use later. What was
    /// applied is handed on to whoever refunds it: see [`ApplyRefund`](crate::payments::ApplyRefund). A
    /// repeat moves nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_refund(
        &self,
        refund: &GatewayRefund,
        heard: RefundHeard,
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(user_id) = self.parts.receipts.find_owner(&refund.charge_id).await? else { return Ok(None) };
        let receipt = self.parts.receipts.find_receipt(user_id, &refund.charge_id).await?;
        if let Some(receipt) = receipt.as_ref().filter(|receipt| receipt.status == ReceiptStatus::Applied) {
            let route = self.parts.charges.find_route(&receipt.gateway_order_no).await?;
            let route = route.ok_or_else(|| StoreError::new(StoreFault::Corrupt, "a receipt has no route"))?;
            let is_of_use = self.parts.refunds.apply_refund(&route, refund, heard).await?;
            return Ok(is_of_use.then(|| receipt.clone()));
        }
        let now = self.parts.clock.now();
        // The first answer of a refund begins its schedule; what came after is as old as the receipt.
        let is_pending = |receipt: &Receipt| receipt.status == ReceiptStatus::RefundPending;
        let asked = receipt.filter(is_pending).map_or(now, |receipt| receipt.received_at);
        let command = RecordRefund {
            user_id,
            refund: refund.clone(),
            at: now,
            next_try_at: schedule::next(asked, now),
            event_id: self.parts.ids.event_id(),
        };
        self.parts.receipts.record_refund(&command, record_refund).await
    }
}
