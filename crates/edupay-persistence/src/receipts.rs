//! Receipts: what became of each paid charge.

use crate::codes::{Corrupt, coded, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::journal;
use crate::schema::{charge_claims, receipts};
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, RefundId, UserId};
use edupay_domain::payments::{
    ClaimRefund, ClaimRefundRule, HoldRefund, HoldRefundRule, Receipt, ReceiptStatus, ReceiptStore, ReceiptView,
    RecordRefund, RecordRefundRule, RefundClaim, UnappliedReason,
};
use edupay_domain::store::{StoreError, StoreFault};

/// What the worker still looks after.
const REFUNDING: [ReceiptStatus; 3] =
    [ReceiptStatus::RefundDue, ReceiptStatus::RefundRequested, ReceiptStatus::RefundPending];

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = receipts)]
#[diesel(treat_none_as_null = true)]
struct ReceiptRow {
    user_id: i64,
    charge_id: String,
    gateway_order_no: String,
    amount_fen: i64,
    status: String,
    reason: Option<String>,
    refund_id: Option<String>,
    received_at: i64,
    next_try_at: i64,
    due_at: Option<i64>,
}

impl ReceiptRow {
    fn of(receipt: &Receipt) -> Self {
        Self {
            user_id: receipt.user_id.get(),
            charge_id: receipt.charge_id.as_str().to_owned(),
            gateway_order_no: receipt.gateway_order_no.as_str().to_owned(),
            amount_fen: receipt.amount.fen(),
            status: receipt.status.code().to_owned(),
            reason: receipt.reason.map(|reason| reason.code().to_owned()),
            refund_id: receipt.refund_id.as_ref().map(|id| id.as_str().to_owned()),
            received_at: receipt.received_at.timestamp_micros(),
            next_try_at: receipt.next_try_at.timestamp_micros(),
            due_at: REFUNDING.contains(&receipt.status).then(|| receipt.next_try_at.timestamp_micros()),
        }
    }

    fn receipt(self) -> Result<Receipt, Corrupt> {
        let reason = |code: String| coded("receipts.reason", &code, &UnappliedReason::ALL, UnappliedReason::code);
        Ok(Receipt {
            user_id: user_id(self.user_id)?,
            charge_id: name("receipts.charge_id", &self.charge_id, ChargeId::parse)?,
            gateway_order_no: name("receipts.gateway_order_no", &self.gateway_order_no, GatewayOrderNo::parse)?,
            amount: money("receipts.amount_fen", self.amount_fen)?,
            status: coded("receipts.status", &self.status, &ReceiptStatus::ALL, ReceiptStatus::code)?,
            reason: self.reason.map(reason).transpose()?,
            refund_id: self.refund_id.map(|id| name("receipts.refund_id", &id, RefundId::parse)).transpose()?,
            received_at: moment("receipts.received_at", self.received_at)?,
            next_try_at: moment("receipts.next_try_at", self.next_try_at)?,
        })
    }
}

/// The receipt of a charge, if it was booked before.
pub(crate) fn receipt_of<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    charge_id: &ChargeId,
) -> Result<Option<Receipt>, TxError<R>> {
    let query = receipts::table.find((user_id.get(), charge_id.as_str())).select(receipts::all_columns);
    let row: Option<ReceiptRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(ReceiptRow::receipt).transpose()?)
}

/// Books a receipt and claims its charge over all users: a charge that another user's receipt
/// claimed is refused by the claim.
pub(crate) fn insert_receipt<R>(conn: &mut Conn<'_>, receipt: &Receipt) -> Result<(), TxError<R>> {
    let claim = (
        charge_claims::charge_id.eq(receipt.charge_id.as_str()),
        charge_claims::user_id.eq(receipt.user_id.get()),
        charge_claims::gateway_order_no.eq(receipt.gateway_order_no.as_str()),
    );
    on!(conn, c => diesel::insert_into(charge_claims::table).values(claim).execute(c))?;
    let row = ReceiptRow::of(receipt);
    on!(conn, c => diesel::insert_into(receipts::table).values(&row).execute(c))?;
    Ok(())
}

fn update_receipt<R>(conn: &mut Conn<'_>, receipt: &Receipt) -> Result<(), TxError<R>> {
    let row = ReceiptRow::of(receipt);
    let update = diesel::update(receipts::table.find((row.user_id, row.charge_id.clone()))).set(&row);
    on!(conn, c => update.execute(c))?;
    Ok(())
}

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
        self.write(move |conn| {
            let wallet = lock_known_wallet(conn, command.user_id)?;
            let Some(receipt) = receipt_of(conn, command.user_id, &command.refund.charge_id)? else {
                return Ok(None);
            };
            let plan = rule(&command, &ReceiptView { receipt, wallet })
                .map_err(|error| StoreError::new(StoreFault::Corrupt, error))?;
            update_receipt(conn, &plan.receipt)?;
            if let Some(posted) = &plan.posted {
                journal::write_posted(conn, posted, command.at)?;
            }
            journal::write_events(conn, &plan.events)?;
            Ok(Some(plan.receipt))
        })
        .await
    }
}
