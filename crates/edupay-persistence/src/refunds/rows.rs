//! How refunds, their claims and what they come to lie in rows.

use crate::charges::rows::{subject, subject_columns};
use crate::codes::{Corrupt, coded, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::schema::{refund_claims, refund_totals, refunds};
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::ids::{ChargeId, RefundId, RefundNo, UserId};
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{Refund, RefundOrigin, RefundReason, RefundStage, RefundTarget, RefundTotals};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = refunds)]
#[diesel(treat_none_as_null = true)]
pub(super) struct RefundRow {
    user_id: i64,
    refund_no: String,
    subject: String,
    subject_no: String,
    amount_fen: i64,
    recovered_fen: i64,
    target: String,
    reason: String,
    requested_by: Option<i64>,
    charge_id: Option<String>,
    refund_id: Option<String>,
    status: String,
    failure: Option<String>,
    decided_by: Option<i64>,
    requested_at: i64,
    asked_at: Option<i64>,
    next_try_at: i64,
    settled_at: Option<i64>,
    due_at: Option<i64>,
}

impl RefundRow {
    fn of(refund: &Refund) -> Self {
        let (subject, subject_no) = subject_columns(&refund.subject);
        Self {
            user_id: refund.user_id.get(),
            refund_no: refund.refund_no.as_str().to_owned(),
            subject: subject.to_owned(),
            subject_no: subject_no.to_owned(),
            amount_fen: refund.amount.fen(),
            recovered_fen: refund.recovered.fen(),
            target: refund.to.code().to_owned(),
            reason: refund.reason.as_str().to_owned(),
            requested_by: refund.origin.staff().map(UserId::get),
            charge_id: refund.charge_id.as_ref().map(|id| id.as_str().to_owned()),
            refund_id: refund.refund_id.as_ref().map(|id| id.as_str().to_owned()),
            status: refund.stage.code().to_owned(),
            failure: refund.failure.clone(),
            decided_by: refund.decided_by.map(UserId::get),
            requested_at: refund.requested_at.timestamp_micros(),
            asked_at: refund.asked_at.map(|at| at.timestamp_micros()),
            next_try_at: refund.next_try_at.timestamp_micros(),
            settled_at: refund.settled_at.map(|at| at.timestamp_micros()),
            due_at: refund.stage.is_at_gateway().then(|| refund.next_try_at.timestamp_micros()),
        }
    }

    pub(super) fn refund(self) -> Result<Refund, Corrupt> {
        let asked_at = self.asked_at.map(|at| moment("refunds.asked_at", at)).transpose()?;
        let settled_at = self.settled_at.map(|at| moment("refunds.settled_at", at)).transpose()?;
        Ok(Refund {
            user_id: user_id(self.user_id)?,
            refund_no: name("refunds.refund_no", &self.refund_no, RefundNo::parse)?,
            subject: subject(&self.subject, &self.subject_no)?,
            amount: money("refunds.amount_fen", self.amount_fen)?,
            recovered: money("refunds.recovered_fen", self.recovered_fen)?,
            to: coded("refunds.target", &self.target, &RefundTarget::ALL, RefundTarget::code)?,
            reason: RefundReason::parse(&self.reason).ok_or_else(|| Corrupt::new("refunds.reason", "no reason"))?,
            origin: match self.requested_by {
                Some(by) => RefundOrigin::Staff { by: user_id(by)? },
                None => RefundOrigin::Gateway,
            },
            charge_id: self.charge_id.map(|id| name("refunds.charge_id", &id, ChargeId::parse)).transpose()?,
            refund_id: self.refund_id.map(|id| name("refunds.refund_id", &id, RefundId::parse)).transpose()?,
            stage: coded("refunds.status", &self.status, &RefundStage::ALL, RefundStage::code)?,
            failure: self.failure,
            decided_by: self.decided_by.map(user_id).transpose()?,
            requested_at: moment("refunds.requested_at", self.requested_at)?,
            asked_at,
            next_try_at: moment("refunds.next_try_at", self.next_try_at)?,
            settled_at,
        })
    }
}

/// One refund of the user.
pub(super) fn find<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    refund_no: &RefundNo,
) -> Result<Option<Refund>, TxError<R>> {
    let query = refunds::table.find((user_id.get(), refund_no.as_str()));
    let row: Option<RefundRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(RefundRow::refund).transpose()?)
}

/// The refunds of one thing, oldest first.
pub(super) fn of_subject<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    subject: &ChargeSubject,
) -> Result<Vec<Refund>, TxError<R>> {
    let (subject, subject_no) = subject_columns(subject);
    let query = refunds::table
        .filter(refunds::user_id.eq(user_id.get()))
        .filter(refunds::subject.eq(subject))
        .filter(refunds::subject_no.eq(subject_no))
        .order((refunds::requested_at.asc(), refunds::refund_no.asc()));
    let rows: Vec<RefundRow> = on!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(RefundRow::refund).collect::<Result<_, _>>()?)
}

/// Stores a refund, new or in its next state. The user's wallet is locked.
pub(super) fn put(conn: &mut Conn<'_>, refund: &Refund) -> Result<(), Error> {
    let row = RefundRow::of(refund);
    let update = diesel::update(refunds::table.find((row.user_id, row.refund_no.clone()))).set(&row);
    if on!(conn, c => update.execute(c))? == 0 {
        on!(conn, c => diesel::insert_into(refunds::table).values(&row).execute(c))?;
    }
    Ok(())
}

/// For which refund a refund of the gateway is booked.
pub(super) fn claimed_for<R>(conn: &mut Conn<'_>, refund_id: &RefundId) -> Result<Option<RefundNo>, TxError<R>> {
    let query = refund_claims::table.find(refund_id.as_str()).select(refund_claims::refund_no);
    let number: Option<String> = on!(conn, c => query.first(c)).optional()?;
    Ok(number.map(|number| name("refund_claims.refund_no", &number, RefundNo::parse)).transpose()?)
}

/// Claims a refund of the gateway over all users: one that another refund claimed fails the whole effect.
pub(super) fn claim(conn: &mut Conn<'_>, refund_id: &RefundId, refund: &Refund) -> Result<(), Error> {
    let row = (
        refund_claims::refund_id.eq(refund_id.as_str()),
        refund_claims::user_id.eq(refund.user_id.get()),
        refund_claims::refund_no.eq(refund.refund_no.as_str()),
    );
    on!(conn, c => diesel::insert_into(refund_claims::table).values(row).execute(c))?;
    Ok(())
}

/// Stores what the refunds of one thing come to: more than was paid fails the whole effect.
pub(super) fn put_totals(conn: &mut Conn<'_>, refund: &Refund, totals: RefundTotals) -> Result<(), Error> {
    let (subject, subject_no) = subject_columns(&refund.subject);
    let key = (refund.user_id.get(), subject, subject_no);
    let sums = (
        refund_totals::amount_fen.eq(totals.amount.fen()),
        refund_totals::reserved_fen.eq(totals.reserved.fen()),
        refund_totals::refunded_fen.eq(totals.refunded.fen()),
    );
    let update = diesel::update(refund_totals::table.find(key)).set(sums);
    if on!(conn, c => update.execute(c))? == 0 {
        let row = (
            refund_totals::user_id.eq(refund.user_id.get()),
            refund_totals::subject.eq(subject),
            refund_totals::subject_no.eq(subject_no),
            sums,
        );
        on!(conn, c => diesel::insert_into(refund_totals::table).values(row).execute(c))?;
    }
    Ok(())
}
