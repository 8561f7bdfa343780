//! Receipts: what became of each paid charge.

use crate::codes::{Corrupt, coded, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::schema::{charge_claims, receipts};
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, RefundId, UserId};
use edupay_domain::payments::{Receipt, ReceiptStatus, UnappliedReason};
use edupay_mischief::planted;

/// What the worker still looks after.
const REFUNDING: [ReceiptStatus; 3] =
    [ReceiptStatus::RefundDue, ReceiptStatus::RefundRequested, ReceiptStatus::RefundPending];

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = receipts)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct ReceiptRow {
    pub(crate) user_id: i64,
    pub(crate) charge_id: String,
    pub(crate) gateway_order_no: String,
    pub(crate) amount_fen: i64,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) refund_id: Option<String>,
    pub(crate) received_at: i64,
    pub(crate) next_try_at: i64,
    pub(crate) due_at: Option<i64>,
}

impl ReceiptRow {
    pub(crate) fn of(receipt: &Receipt) -> Self {
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

    pub(crate) fn receipt(self) -> Result<Receipt, Corrupt> {
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
pub(crate) fn insert_receipt(conn: &mut Conn<'_>, receipt: &Receipt) -> Result<(), Error> {
    let claim = (
        charge_claims::charge_id.eq(receipt.charge_id.as_str()),
        charge_claims::user_id.eq(receipt.user_id.get()),
        charge_claims::gateway_order_no.eq(receipt.gateway_order_no.as_str()),
    );
    if planted!("claim_skipped") {
        let insert = diesel::insert_into(charge_claims::table).values(claim).on_conflict_do_nothing();
        on!(conn, c => insert.execute(c))?;
        let row = ReceiptRow::of(receipt);
        let insert = diesel::insert_into(receipts::table).values(&row).on_conflict_do_nothing();
        on!(conn, c => insert.execute(c))?;
        return Ok(());
    }
    on!(conn, c => diesel::insert_into(charge_claims::table).values(claim).execute(c))?;
    let row = ReceiptRow::of(receipt);
    on!(conn, c => diesel::insert_into(receipts::table).values(&row).execute(c))?;
    Ok(())
}

/// Stores a receipt's next state.
pub(crate) fn update_receipt(conn: &mut Conn<'_>, receipt: &Receipt) -> Result<(), Error> {
    let row = ReceiptRow::of(receipt);
    let update = diesel::update(receipts::table.find((row.user_id, row.charge_id.clone()))).set(&row);
    on!(conn, c => update.execute(c))?;
    Ok(())
}
