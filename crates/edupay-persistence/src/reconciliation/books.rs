//! What we booked of charges and refunds, by number, by charge and by time.

use crate::codes::{Corrupt, coded, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::schema::{charge_attempts, charge_claims, charge_routes, receipts, refunds};
use crate::tx::{Never, TxError};
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, RefundId};
use edupay_domain::payments::{Channel, ReceiptStatus};
use edupay_domain::reconciliation::{BookedRefund, BooksCursor, OurBooks, OurNumber, OurPayment, OurRefund};
use edupay_domain::refunds::{RefundStage, RefundTarget};
use edupay_domain::store::StoreError;
use std::collections::HashMap;

/// What is needed of a receipt.
type ReceiptPart = (i64, String, String, i64, String, i64);
/// What is needed of a refund: user, number, charge, the gateway's id, amount, status, asked for, settled.
type RefundPart = (i64, String, Option<String>, Option<String>, i64, String, i64, Option<i64>);
/// What is needed of what could not be applied: user, charge, the gateway's refund, amount, status, when.
type UnappliedPart = (i64, String, Option<String>, i64, String, i64);
/// Of an attempt, by user and number: its channel and amount.
type Attempts = HashMap<(i64, String), (String, i64)>;

macro_rules! receipt_part {
    () => {
        (
            receipts::user_id,
            receipts::charge_id,
            receipts::gateway_order_no,
            receipts::amount_fen,
            receipts::status,
            receipts::received_at,
        )
    };
}
macro_rules! unapplied_part {
    () => {
        (
            receipts::user_id,
            receipts::charge_id,
            receipts::refund_id,
            receipts::amount_fen,
            receipts::status,
            receipts::next_try_at,
        )
    };
}
macro_rules! refund_part {
    () => {
        (
            refunds::user_id,
            refunds::refund_no,
            refunds::charge_id,
            refunds::refund_id,
            refunds::amount_fen,
            refunds::status,
            refunds::requested_at,
            refunds::settled_at,
        )
    };
}

/// What the worker or a person still has to do with, or what went back.
const REFUNDED: [ReceiptStatus; 4] =
    [ReceiptStatus::RefundRequested, ReceiptStatus::RefundPending, ReceiptStatus::Refunded, ReceiptStatus::Review];

#[async_trait]
impl OurBooks for SqlStore {
    async fn numbers(&self, numbers: &[GatewayOrderNo]) -> Result<Vec<OurNumber>, StoreError> {
        let numbers: Vec<String> = numbers.iter().map(|number| number.as_str().to_owned()).collect();
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |conn| {
            let query = charge_routes::table
                .filter(charge_routes::gateway_order_no.eq_any(&numbers))
                .select((charge_routes::gateway_order_no, charge_routes::user_id));
            let routes: Vec<(String, i64)> = on!(conn, c => query.load(c))?;
            let users: Vec<i64> = routes.iter().map(|(_, user)| *user).collect();
            let query = receipts::table
                .filter(receipts::user_id.eq_any(&users))
                .filter(receipts::gateway_order_no.eq_any(&numbers))
                .select(receipt_part!());
            let found: Vec<ReceiptPart> = on!(conn, c => query.load(c))?;
            let mut of_number: HashMap<String, Vec<OurPayment>> = HashMap::new();
            for payment in payments(conn, found)? {
                of_number.entry(payment.gateway_order_no.as_str().to_owned()).or_default().push(payment);
            }
            let number = |(number, _): (String, i64)| {
                Ok(OurNumber {
                    gateway_order_no: name("charge_routes.gateway_order_no", &number, GatewayOrderNo::parse)?,
                    payments: of_number.remove(&number).unwrap_or_default(),
                })
            };
            Ok(routes.into_iter().map(number).collect::<Result<_, Corrupt>>()?)
        })
        .await
    }

    async fn refunds_of(&self, charges: &[ChargeId]) -> Result<Vec<OurRefund>, StoreError> {
        let charges: Vec<String> = charges.iter().map(|id| id.as_str().to_owned()).collect();
        if charges.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |conn| {
            let query = charge_claims::table
                .filter(charge_claims::charge_id.eq_any(&charges))
                .select(charge_claims::user_id)
                .distinct();
            let users: Vec<i64> = on!(conn, c => query.load(c))?;
            let query = refunds::table
                .filter(refunds::user_id.eq_any(&users))
                .filter(refunds::charge_id.eq_any(&charges))
                .filter(refunds::target.eq(RefundTarget::Source.code()))
                .select(refund_part!());
            let of_things: Vec<RefundPart> = on!(conn, c => query.load(c))?;
            let query = receipts::table
                .filter(receipts::user_id.eq_any(&users))
                .filter(receipts::charge_id.eq_any(&charges))
                .filter(receipts::status.eq_any(REFUNDED.map(ReceiptStatus::code)))
                .select(unapplied_part!());
            let of_receipts: Vec<UnappliedPart> = on!(conn, c => query.load(c))?;
            our_refunds(conn, of_things, of_receipts)
        })
        .await
    }

    async fn payments_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        above: Option<BooksCursor>,
        limit: u32,
    ) -> Result<Vec<OurPayment>, StoreError> {
        let (from, to) = (from.timestamp_micros(), to.timestamp_micros());
        self.read(move |conn| {
            let (at, user, charge) = place(from, above);
            let is_above = receipts::received_at.ge(at).and(
                receipts::received_at
                    .gt(at)
                    .or(receipts::user_id.gt(user))
                    .or(receipts::user_id.eq(user).and(receipts::charge_id.gt(charge))),
            );
            let query = receipts::table
                .filter(receipts::received_at.lt(to))
                .filter(is_above)
                .order((receipts::received_at.asc(), receipts::user_id.asc(), receipts::charge_id.asc()))
                .limit(i64::from(limit))
                .select(receipt_part!());
            let found: Vec<ReceiptPart> = on!(conn, c => query.load(c))?;
            payments(conn, found)
        })
        .await
    }

    async fn refunds_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        above: Option<BooksCursor>,
        limit: u32,
    ) -> Result<Vec<OurRefund>, StoreError> {
        let (from, to) = (from.timestamp_micros(), to.timestamp_micros());
        self.read(move |conn| {
            let (at, user, text) = place(from, above);
            let is_above = refunds::settled_at.ge(at).and(
                refunds::settled_at
                    .gt(at)
                    .or(refunds::user_id.nullable().gt(user))
                    .or(refunds::user_id.nullable().eq(user).and(refunds::refund_no.nullable().gt(text.clone()))),
            );
            let query = refunds::table
                .filter(refunds::status.eq(RefundStage::Succeeded.code()))
                .filter(refunds::charge_id.is_not_null())
                .filter(refunds::target.eq(RefundTarget::Source.code()))
                .filter(refunds::settled_at.lt(to))
                .filter(is_above)
                .order((refunds::settled_at.asc(), refunds::user_id.asc(), refunds::refund_no.asc()))
                .limit(i64::from(limit))
                .select(refund_part!());
            let of_things: Vec<RefundPart> = on!(conn, c => query.load(c))?;
            // When it went back is when it was last tried.
            let is_above = receipts::next_try_at.ge(at).and(
                receipts::next_try_at
                    .gt(at)
                    .or(receipts::user_id.gt(user))
                    .or(receipts::user_id.eq(user).and(receipts::charge_id.gt(text))),
            );
            let query = receipts::table
                .filter(receipts::status.eq(ReceiptStatus::Refunded.code()))
                .filter(receipts::next_try_at.lt(to))
                .filter(is_above)
                .order((receipts::next_try_at.asc(), receipts::user_id.asc(), receipts::charge_id.asc()))
                .limit(i64::from(limit))
                .select(unapplied_part!());
            let of_receipts: Vec<UnappliedPart> = on!(conn, c => query.load(c))?;
            let mut found = our_refunds(conn, of_things, of_receipts)?;
            found.sort_by(|one, other| (one.at, one.user_id, &one.name).cmp(&(other.at, other.user_id, &other.name)));
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(found)
        })
        .await
    }
}

/// Where a chunk begins: behind the cursor, or at the first row of the time.
fn place(from: i64, above: Option<BooksCursor>) -> (i64, i64, String) {
    match above {
        Some(cursor) => (cursor.at.timestamp_micros(), cursor.user_id.get(), cursor.name),
        None => (from, 0, String::new()),
    }
}

/// Receipts with what was asked for.
fn payments(conn: &mut Conn<'_>, found: Vec<ReceiptPart>) -> Result<Vec<OurPayment>, TxError<Never>> {
    let keys: Vec<_> = found.iter().map(|(user, _, number, ..)| (*user, number.clone())).collect();
    let attempts = attempts(conn, &keys)?;
    let payment = |(user, charge, number, amount, status, at): ReceiptPart| {
        let (channel, asked) = attempt(&attempts, user, &number)?;
        Ok(OurPayment {
            user_id: user_id(user)?,
            charge_id: name("receipts.charge_id", &charge, ChargeId::parse)?,
            gateway_order_no: name("receipts.gateway_order_no", &number, GatewayOrderNo::parse)?,
            channel,
            asked: money("charge_attempts.amount_fen", asked)?,
            booked: money("receipts.amount_fen", amount)?,
            status: coded("receipts.status", &status, &ReceiptStatus::ALL, ReceiptStatus::code)?,
            received_at: moment("receipts.received_at", at)?,
        })
    };
    Ok(found.into_iter().map(payment).collect::<Result<_, Corrupt>>()?)
}

/// Refunds of things and of receipts, with how their charges were paid.
fn our_refunds(
    conn: &mut Conn<'_>,
    of_things: Vec<RefundPart>,
    of_receipts: Vec<UnappliedPart>,
) -> Result<Vec<OurRefund>, TxError<Never>> {
    let charges = of_things.iter().filter_map(|(_, _, charge, ..)| charge.clone());
    let charges: Vec<String> = charges.chain(of_receipts.iter().map(|(_, charge, ..)| charge.clone())).collect();
    let query = charge_claims::table.filter(charge_claims::charge_id.eq_any(&charges)).select((
        charge_claims::charge_id,
        charge_claims::user_id,
        charge_claims::gateway_order_no,
    ));
    let claims: Vec<(String, i64, String)> = on!(conn, c => query.load(c))?;
    let keys: Vec<_> = claims.iter().map(|(_, user, number)| (*user, number.clone())).collect();
    let attempts = attempts(conn, &keys)?;
    let claims: HashMap<String, (i64, String)> =
        claims.into_iter().map(|(charge, user, number)| (charge, (user, number))).collect();
    let refund = |user: i64, refund_name: String, charge: &str, refund_id: Option<String>, amount, stage, at| {
        let (owner, number) = claims.get(charge).ok_or_else(|| Corrupt::new("charge_claims", "no row"))?;
        let (channel, _) = attempt(&attempts, *owner, number)?;
        Ok::<_, Corrupt>(OurRefund {
            user_id: user_id(user)?,
            name: refund_name,
            refund_id: refund_id.map(|id| name("refund_id", &id, RefundId::parse)).transpose()?,
            charge_id: name("charge_id", charge, ChargeId::parse)?,
            gateway_order_no: name("gateway_order_no", number, GatewayOrderNo::parse)?,
            channel,
            amount: money("amount_fen", amount)?,
            stage,
            at: moment("at", at)?,
        })
    };
    let mut found = Vec::new();
    for (user, number, charge, id, amount, status, requested_at, settled_at) in of_things {
        let Some(charge) = charge else { continue };
        let stage = match coded("refunds.status", &status, &RefundStage::ALL, RefundStage::code)? {
            RefundStage::Requested | RefundStage::Pending => BookedRefund::AtGateway,
            RefundStage::Succeeded => BookedRefund::Succeeded,
            RefundStage::Failed => BookedRefund::Failed,
            // Nobody has asked the gateway.
            RefundStage::AwaitingApproval | RefundStage::Rejected => continue,
        };
        found.push(refund(user, number, &charge, id, amount, stage, settled_at.unwrap_or(requested_at))?);
    }
    for (user, charge, id, amount, status, at) in of_receipts {
        let stage = match coded("receipts.status", &status, &ReceiptStatus::ALL, ReceiptStatus::code)? {
            ReceiptStatus::RefundRequested | ReceiptStatus::RefundPending => BookedRefund::AtGateway,
            ReceiptStatus::Refunded => BookedRefund::Succeeded,
            ReceiptStatus::Review if id.is_some() => BookedRefund::Review,
            ReceiptStatus::Review | ReceiptStatus::Applied | ReceiptStatus::RefundDue => continue,
        };
        let charge_name = charge.clone();
        found.push(refund(user, charge_name, &charge, id, amount, stage, at)?);
    }
    Ok(found)
}

fn attempts(conn: &mut Conn<'_>, keys: &[(i64, String)]) -> Result<Attempts, TxError<Never>> {
    let users: Vec<i64> = keys.iter().map(|(user, _)| *user).collect();
    let numbers: Vec<&str> = keys.iter().map(|(_, number)| number.as_str()).collect();
    // Without their documents, which are long.
    let query = charge_attempts::table
        .filter(charge_attempts::user_id.eq_any(&users))
        .filter(charge_attempts::gateway_order_no.eq_any(&numbers))
        .select((
            charge_attempts::user_id,
            charge_attempts::gateway_order_no,
            charge_attempts::channel,
            charge_attempts::amount_fen,
        ));
    let found: Vec<(i64, String, String, i64)> = on!(conn, c => query.load(c))?;
    Ok(found.into_iter().map(|(user, number, channel, amount)| ((user, number), (channel, amount))).collect())
}

fn attempt(attempts: &Attempts, user: i64, number: &str) -> Result<(Channel, i64), Corrupt> {
    let found = attempts.get(&(user, number.to_owned()));
    let (channel, asked) = found.ok_or_else(|| Corrupt::new("charge_attempts", format!("no row for {number}")))?;
    let channel = Channel::parse(channel).ok_or_else(|| Corrupt::new("charge_attempts.channel", channel))?;
    Ok((channel, *asked))
}
