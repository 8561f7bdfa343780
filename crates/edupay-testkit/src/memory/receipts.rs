//! Receipts in memory.

use super::{MemoryStore, State, at_most, corrupt};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, UserId};
use edupay_domain::payments::{
    ClaimRefund, ClaimRefundRule, HoldRefund, HoldRefundRule, Receipt, ReceiptStatus, ReceiptStore, ReceiptView,
    RecordRefund, RecordRefundRule, RefundClaim,
};
use edupay_domain::store::StoreError;

impl State {
    pub(super) fn receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Option<&Receipt> {
        self.receipts.get(&user_id)?.iter().find(|receipt| receipt.charge_id == *charge_id)
    }

    pub(super) fn put_receipt(&mut self, receipt: Receipt) {
        let mut receipts = self.receipts.get_mut(&receipt.user_id).into_iter().flatten();
        if let Some(stored) = receipts.find(|stored| stored.charge_id == receipt.charge_id) {
            *stored = receipt;
        }
    }
}

#[async_trait]
impl ReceiptStore for MemoryStore {
    async fn find_receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<Receipt>, StoreError> {
        self.transaction(|state| Ok(state.receipt(user_id, charge_id).cloned()))
    }

    async fn find_owner(&self, charge_id: &ChargeId) -> Result<Option<UserId>, StoreError> {
        self.transaction(|state| Ok(state.charge_owners.get(charge_id).copied()))
    }

    async fn due_refunds(&self, now: Timestamp, limit: u32) -> Result<Vec<Receipt>, StoreError> {
        self.transaction(|state| {
            let due = |receipt: &&Receipt| match receipt.status {
                ReceiptStatus::RefundDue | ReceiptStatus::RefundRequested | ReceiptStatus::RefundPending => {
                    receipt.next_try_at <= now
                }
                ReceiptStatus::Applied | ReceiptStatus::Refunded | ReceiptStatus::Review => false,
            };
            let mut receipts: Vec<_> = state.receipts.values().flatten().filter(due).collect();
            receipts.sort_by_key(|receipt| receipt.next_try_at);
            Ok(at_most(receipts.into_iter().cloned(), limit))
        })
    }

    async fn claim_refund(&self, command: &ClaimRefund, rule: ClaimRefundRule) -> Result<RefundClaim, StoreError> {
        self.transaction(|state| {
            let Some(receipt) = state.receipt(command.user_id, &command.charge_id) else {
                return Ok(RefundClaim::Denied);
            };
            let claim = rule(command, receipt);
            match &claim {
                RefundClaim::Ask(receipt) | RefundClaim::LookFirst(receipt) => state.put_receipt(receipt.clone()),
                RefundClaim::Denied => {}
            }
            Ok(claim)
        })
    }

    async fn hold_refund(&self, command: &HoldRefund, rule: HoldRefundRule) -> Result<Option<Receipt>, StoreError> {
        self.transaction(|state| {
            let Some(next) = state.receipt(command.user_id, &command.charge_id).map(|receipt| rule(command, receipt))
            else {
                return Ok(None);
            };
            state.put_receipt(next.clone());
            Ok(Some(next))
        })
    }

    async fn record_refund(
        &self,
        command: &RecordRefund,
        rule: RecordRefundRule,
    ) -> Result<Option<Receipt>, StoreError> {
        self.transaction(|state| {
            let Some(receipt) = state.receipt(command.user_id, &command.refund.charge_id).cloned() else {
                return Ok(None);
            };
            let wallet = state.wallet(command.user_id).ok_or_else(|| corrupt("the receipt has no user"))?;
            let plan = rule(command, &ReceiptView { receipt, wallet }).map_err(corrupt)?;
            if let Some(posted) = &plan.posted {
                state.check_booking(posted)?;
                state.book(posted, command.at);
            }
            state.put_receipt(plan.receipt.clone());
            state.outbox.extend(plan.events);
            Ok(Some(plan.receipt))
        })
    }
}
