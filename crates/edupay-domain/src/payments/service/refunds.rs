//! Refunds of what could not be applied.

use super::{PaymentService, later};
use crate::payments::error::GatewayError;
use crate::payments::model::{ClaimRefund, GatewayRefund, Receipt, RecordRefund, RefundRequest, RefundStatus};
use crate::payments::rules::{RefundClaim, claim_refund, record_refund};
use crate::store::StoreError;
use chrono::TimeDelta;

/// How long a claim on a refund lasts.
const CLAIM: TimeDelta = TimeDelta::seconds(30);
/// How often a pending refund is looked at.
const REFUND_POLL: TimeDelta = TimeDelta::seconds(15);

impl PaymentService {
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
