//! How the list and the decisions lie in rows. The list is a view of the things themselves.

use crate::codes::{Corrupt, coded, moment, money, user_id};
use crate::conn::{Conn, on};
use crate::schema::{review_decisions, review_items};
use crate::tx::TxError;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::recovery::{DecisionReason, ReviewAction, ReviewDecision, ReviewId, ReviewItem, ReviewKind};

#[derive(Queryable)]
pub(super) struct ItemRow {
    kind: String,
    item_key: String,
    subject: String,
    user_id: Option<i64>,
    amount_fen: Option<i64>,
    reason: String,
    since: i64,
    listed_at: i64,
}

impl ItemRow {
    pub(super) fn item(self) -> Result<ReviewItem, Corrupt> {
        Ok(ReviewItem {
            id: id(review_kind("review_items.kind", &self.kind)?, &self.item_key)?,
            subject: self.subject,
            user_id: self.user_id.map(user_id).transpose()?,
            amount: self.amount_fen.map(|fen| money("review_items.amount_fen", fen)).transpose()?,
            reason: self.reason,
            since: moment("review_items.since", self.since)?,
            listed_at: moment("review_items.listed_at", self.listed_at)?,
        })
    }
}

pub(super) fn review_kind(column: &'static str, code: &str) -> Result<ReviewKind, Corrupt> {
    coded(column, code, &ReviewKind::ALL, ReviewKind::code)
}

fn id(kind: ReviewKind, key: &str) -> Result<ReviewId, Corrupt> {
    ReviewId::try_new(kind, key).ok_or_else(|| Corrupt::new("review_items.item_key", key))
}

/// The thing of this name, if it is in the list.
pub(super) fn find<R>(conn: &mut Conn<'_>, id: &ReviewId, now: Timestamp) -> Result<Option<ReviewItem>, TxError<R>> {
    let query = review_items::table
        .filter(review_items::kind.eq(id.kind.code()))
        .filter(review_items::item_key.eq(id.key()))
        .filter(review_items::listed_at.le(now.timestamp_micros()));
    let row: Option<ItemRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(ItemRow::item).transpose()?)
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = review_decisions)]
struct DecisionRow {
    kind: String,
    item_key: String,
    number: i32,
    action: String,
    decided_by: i64,
    reason: String,
    decided_at: i64,
}

impl DecisionRow {
    fn decision(self) -> Result<ReviewDecision, Corrupt> {
        let reason = DecisionReason::parse(&self.reason);
        Ok(ReviewDecision {
            id: id(review_kind("review_decisions.kind", &self.kind)?, &self.item_key)?,
            action: coded("review_decisions.action", &self.action, &ReviewAction::ALL, ReviewAction::code)?,
            by: user_id(self.decided_by)?,
            reason: reason.ok_or_else(|| Corrupt::new("review_decisions.reason", "no reason"))?,
            at: moment("review_decisions.decided_at", self.decided_at)?,
        })
    }
}

/// What was decided on a thing, oldest first.
pub(super) fn decisions<R>(conn: &mut Conn<'_>, id: &ReviewId) -> Result<Vec<ReviewDecision>, TxError<R>> {
    let query = review_decisions::table
        .filter(review_decisions::kind.eq(id.kind.code()))
        .filter(review_decisions::item_key.eq(id.key()))
        .order(review_decisions::number.asc());
    let rows: Vec<DecisionRow> = on!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(DecisionRow::decision).collect::<Result<_, _>>()?)
}

/// Adds a decision after so many others. The thing is locked.
pub(super) fn add<R>(conn: &mut Conn<'_>, decision: &ReviewDecision, after: usize) -> Result<(), TxError<R>> {
    let number = i32::try_from(after).ok().and_then(|after| after.checked_add(1));
    let row = DecisionRow {
        kind: decision.id.kind.code().to_owned(),
        item_key: decision.id.key().to_owned(),
        number: number.ok_or_else(|| Corrupt::new("review_decisions.number", after))?,
        action: decision.action.code().to_owned(),
        decided_by: decision.by.get(),
        reason: decision.reason.as_str().to_owned(),
        decided_at: decision.at.timestamp_micros(),
    };
    on!(conn, c => diesel::insert_into(review_decisions::table).values(&row).execute(c))?;
    Ok(())
}
