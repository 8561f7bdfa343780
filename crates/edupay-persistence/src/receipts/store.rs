//! The port of receipts.

use super::rows::{ReceiptRow, receipt_of, update_receipt};
use crate::codes::user_id;
use crate::conn::on;
use crate::database::SqlStore;
use crate::effects::never_refused;
use crate::rows::Keys;
use crate::schema::{charge_claims, receipts};
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, UserId};
use edupay_domain::payments::{
    ClaimRefund, ClaimRefundRule, HoldRefund, HoldRefundRule, Receipt, ReceiptStore, ReceiptView, RecordRefund,
    RecordRefundRule, RefundClaim,
};
use edupay_domain::store::{StoreError, StoreFault};

#[async_trait]
impl ReceiptStore for SqlStore {
    async fn find_receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<Receipt>, StoreError> {
        let charge_id = charge_id.clone();
        self.read(move |conn| receipt_of(conn, user_id, &charge_id)).await
    }

    async fn find_owner(&self, charge_id: &ChargeId) -> Result<Option<UserId>, StoreError> {
        let charge_id = charge_id.as_str().to_owned();
        self.read(move |conn| {
            let query = charge_claims::table.find(charge_id).select(charge_claims::user_id);
            let id: Option<i64> = on!(conn, c => query.first(c)).optional()?;
            Ok(id.map(user_id).transpose()?)
        })
        .await
    }

    async fn due_refunds(&self, now: Timestamp, limit: u32) -> Result<Vec<Receipt>, StoreError> {
        self.read(move |conn| {
            let query = receipts::table
                .filter(receipts::due_at.le(now.timestamp_micros()))
                .order(receipts::due_at.asc())
                .limit(i64::from(limit))
                .select(receipts::all_columns);
            let rows: Vec<ReceiptRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(ReceiptRow::receipt).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn claim_refund(&self, command: &ClaimRefund, rule: ClaimRefundRule) -> Result<RefundClaim, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let Some(receipt) = receipt_of(conn, command.user_id, &command.charge_id)? else {
                return Ok(RefundClaim::Denied);
            };
            let claim = rule(&command, &receipt);
            if let RefundClaim::Ask(receipt) | RefundClaim::LookFirst(receipt) = &claim {
                update_receipt(conn, receipt)?;
            }
            Ok(claim)
        })
        .await
    }

    async fn hold_refund(&self, command: &HoldRefund, rule: HoldRefundRule) -> Result<Option<Receipt>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let Some(receipt) = receipt_of(conn, command.user_id, &command.charge_id)? else { return Ok(None) };
            let next = rule(&command, &receipt);
            update_receipt(conn, &next)?;
            Ok(Some(next))
        })
        .await
    }

    async fn record_refund(
        &self,
        command: &RecordRefund,
        rule: RecordRefundRule,
    ) -> Result<Option<Receipt>, StoreError> {
        let command = command.clone();
        let keys = Keys { charge_id: Some(command.refund.charge_id.clone()), ..Keys::wallet(command.user_id) };
        let recorded = self.decide(keys, move |rows| {
            let wallet = rows.known_wallet(command.user_id)?;
            let Some(receipt) = rows.receipt(command.user_id, &command.refund.charge_id)? else {
                return Ok(None);
            };
            let plan = rule(&command, &ReceiptView { receipt, wallet })
                .map_err(|error| StoreError::new(StoreFault::Corrupt, error))?;
            rows.change_receipt(&plan.receipt);
            if let Some(posted) = plan.posted {
                rows.post(posted, command.at);
            }
            rows.record(plan.events);
            Ok(Some(plan.receipt))
        });
        recorded.await.map_err(never_refused)
    }
}
