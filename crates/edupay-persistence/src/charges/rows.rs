//! Attempts: how they lie in rows.

use crate::codes::{Corrupt, coded, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::schema::{charge_attempts, charge_routes};
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, OrderNo, PurchaseNo, TopUpNo, UserId};
use edupay_domain::payments::{AttemptStatus, Channel, ChargeAttempt, ChargeDocument, ChargeSubject};

/// What the worker still looks after.
const UNFINISHED: [AttemptStatus; 2] = [AttemptStatus::Requested, AttemptStatus::Open];

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = charge_attempts)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct AttemptRow {
    pub(crate) user_id: i64,
    pub(crate) gateway_order_no: String,
    pub(crate) subject: String,
    pub(crate) subject_no: String,
    pub(crate) channel: String,
    pub(crate) amount_fen: i64,
    pub(crate) status: String,
    pub(crate) charge_id: Option<String>,
    pub(crate) document: Option<String>,
    pub(crate) requested_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) look_at: i64,
    pub(crate) due_at: Option<i64>,
}

pub(crate) fn subject_columns(subject: &ChargeSubject) -> (&'static str, &str) {
    (subject.code(), subject.number())
}

pub(crate) fn subject(kind: &str, number: &str) -> Result<ChargeSubject, Corrupt> {
    match kind {
        "order" => Ok(ChargeSubject::Order(name("subject_no", number, OrderNo::parse)?)),
        "top_up" => Ok(ChargeSubject::TopUp(name("subject_no", number, TopUpNo::parse)?)),
        "purchase" => Ok(ChargeSubject::Purchase(name("subject_no", number, PurchaseNo::parse)?)),
        other => Err(Corrupt::new("subject", other)),
    }
}

impl AttemptRow {
    pub(crate) fn of(attempt: &ChargeAttempt) -> Self {
        let (subject, subject_no) = subject_columns(&attempt.subject);
        Self {
            user_id: attempt.user_id.get(),
            gateway_order_no: attempt.gateway_order_no.as_str().to_owned(),
            subject: subject.to_owned(),
            subject_no: subject_no.to_owned(),
            channel: attempt.channel.code().to_owned(),
            amount_fen: attempt.amount.fen(),
            status: attempt.status.code().to_owned(),
            charge_id: attempt.charge_id.as_ref().map(|id| id.as_str().to_owned()),
            document: attempt.document.as_ref().map(|document| document.0.clone()),
            requested_at: attempt.requested_at.timestamp_micros(),
            expires_at: attempt.expires_at.timestamp_micros(),
            look_at: attempt.look_at.timestamp_micros(),
            due_at: UNFINISHED.contains(&attempt.status).then(|| attempt.look_at.timestamp_micros()),
        }
    }

    /// The order of the attempts for a subject of this number.
    fn age(&self, subject_no: &str) -> (i64, bool, &str) {
        (self.requested_at, self.gateway_order_no != subject_no, &self.gateway_order_no)
    }

    pub(crate) fn attempt(self) -> Result<ChargeAttempt, Corrupt> {
        Ok(ChargeAttempt {
            user_id: user_id(self.user_id)?,
            gateway_order_no: name("gateway_order_no", &self.gateway_order_no, GatewayOrderNo::parse)?,
            subject: subject(&self.subject, &self.subject_no)?,
            channel: Channel::parse(&self.channel).ok_or_else(|| Corrupt::new("channel", &self.channel))?,
            amount: money("charge_attempts.amount_fen", self.amount_fen)?,
            status: coded("charge_attempts.status", &self.status, &AttemptStatus::ALL, AttemptStatus::code)?,
            charge_id: self.charge_id.map(|id| name("charge_id", &id, ChargeId::parse)).transpose()?,
            document: self.document.map(ChargeDocument),
            requested_at: moment("requested_at", self.requested_at)?,
            expires_at: moment("expires_at", self.expires_at)?,
            look_at: moment("look_at", self.look_at)?,
        })
    }
}

/// Stores a new attempt with its route; `false` when its gateway order number is taken.
pub(crate) fn insert_attempt<R>(conn: &mut Conn<'_>, attempt: &ChargeAttempt) -> Result<bool, TxError<R>> {
    let (subject, subject_no) = subject_columns(&attempt.subject);
    let route = (
        charge_routes::gateway_order_no.eq(attempt.gateway_order_no.as_str()),
        charge_routes::user_id.eq(attempt.user_id.get()),
        charge_routes::subject.eq(subject),
        charge_routes::subject_no.eq(subject_no),
    );
    let insert = diesel::insert_into(charge_routes::table).values(route).on_conflict_do_nothing();
    if on!(conn, c => insert.execute(c))? == 0 {
        return Ok(false);
    }
    let row = AttemptRow::of(attempt);
    on!(conn, c => diesel::insert_into(charge_attempts::table).values(&row).execute(c))?;
    Ok(true)
}

/// The attempt of a number, which must be there.
pub(crate) fn attempt<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    number: &GatewayOrderNo,
) -> Result<ChargeAttempt, TxError<R>> {
    let query = charge_attempts::table.find((user_id.get(), number.as_str())).select(charge_attempts::all_columns);
    let row: Option<AttemptRow> = on!(conn, c => query.first(c)).optional()?;
    let row = row.ok_or_else(|| Corrupt::new("charge_attempts", format!("no row for {number}")))?;
    Ok(row.attempt()?)
}

/// The attempts for a subject, oldest first.
pub(crate) fn attempts_of<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    subject: &ChargeSubject,
) -> Result<Vec<ChargeAttempt>, TxError<R>> {
    let (kind, number) = subject_columns(subject);
    let query = charge_attempts::table
        .filter(charge_attempts::user_id.eq(user_id.get()))
        .filter(charge_attempts::subject.eq(kind))
        .filter(charge_attempts::subject_no.eq(number))
        .select(charge_attempts::all_columns);
    let mut rows: Vec<AttemptRow> = on!(conn, c => query.load(c))?;
    // Of two of one moment the first has the subject's own number.
    rows.sort_by(|one, other| one.age(number).cmp(&other.age(number)));
    Ok(rows.into_iter().map(AttemptRow::attempt).collect::<Result<_, _>>()?)
}

/// Stores an attempt's next state; `false` when there is none.
pub(crate) fn update_attempt(conn: &mut Conn<'_>, attempt: &ChargeAttempt) -> Result<bool, Error> {
    let row = AttemptRow::of(attempt);
    let key = (row.user_id, row.gateway_order_no.clone());
    let update = diesel::update(charge_attempts::table.find(key)).set(&row);
    Ok(on!(conn, c => update.execute(c))? == 1)
}

/// Makes the unfinished attempts for a subject due at once: it no longer waits for payment.
pub(crate) fn make_due(
    conn: &mut Conn<'_>,
    user_id: UserId,
    subject: &ChargeSubject,
    at: Timestamp,
) -> Result<(), Error> {
    let (kind, number) = subject_columns(subject);
    let at = at.timestamp_micros();
    let update = diesel::update(charge_attempts::table)
        .filter(charge_attempts::user_id.eq(user_id.get()))
        .filter(charge_attempts::subject.eq(kind))
        .filter(charge_attempts::subject_no.eq(number))
        .filter(charge_attempts::due_at.is_not_null())
        .set((charge_attempts::look_at.eq(at), charge_attempts::due_at.eq(at)));
    on!(conn, c => update.execute(c))?;
    Ok(())
}
