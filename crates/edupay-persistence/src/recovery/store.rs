//! The port of what is unfinished and of the list.

use super::decide::decide;
use super::rows::{ItemRow, decisions, find, review_kind};
use crate::codes::{Corrupt, coded, moment};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::schema::{review_decisions, review_items, unfinished_items};
use crate::tx::{Never, TxError};
use async_trait::async_trait;
use diesel::dsl::{count_star, exists, min, not};
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::recovery::{
    DecideReview, DecideReviewRule, Overview, ReviewAction, ReviewCount, ReviewCursor, ReviewDecision, ReviewId,
    ReviewItem, ReviewKind, ReviewRefusal, ReviewStore, UnfinishedCount, UnfinishedRow, WorkKind,
};
use edupay_domain::store::{EffectError, StoreError};

#[async_trait]
impl ReviewStore for SqlStore {
    async fn list(
        &self,
        now: Timestamp,
        kind: Option<ReviewKind>,
        after: Option<ReviewCursor>,
        limit: u32,
    ) -> Result<Vec<ReviewItem>, StoreError> {
        self.read(move |conn| {
            // Before the first is a moment at which nothing was.
            let (at, of, key) = match &after {
                Some(cursor) => {
                    (cursor.listed_at.timestamp_micros(), cursor.id.kind.code(), cursor.id.key().to_owned())
                }
                None => (i64::MIN, "", String::new()),
            };
            let is_after = review_items::listed_at.gt(at).or(review_items::listed_at
                .eq(at)
                .and(review_items::kind.gt(of).or(review_items::kind.eq(of).and(review_items::item_key.gt(key)))));
            let page = review_items::table
                .filter(review_items::listed_at.le(now.timestamp_micros()))
                .filter(is_after)
                .order((review_items::listed_at.asc(), review_items::kind.asc(), review_items::item_key.asc()))
                .limit(i64::from(limit));
            let rows: Vec<ItemRow> = match kind {
                Some(kind) => on!(conn, c => page.filter(review_items::kind.eq(kind.code())).load(c))?,
                None => on!(conn, c => page.load(c))?,
            };
            Ok(rows.into_iter().map(ItemRow::item).collect::<Result<_, Corrupt>>()?)
        })
        .await
    }

    async fn find_item(&self, now: Timestamp, id: &ReviewId) -> Result<Option<ReviewItem>, StoreError> {
        let id = id.clone();
        self.read(move |conn| find(conn, &id, now)).await
    }

    async fn decisions(&self, id: &ReviewId) -> Result<Vec<ReviewDecision>, StoreError> {
        let id = id.clone();
        self.read(move |conn| decisions(conn, &id)).await
    }

    async fn decide(
        &self,
        command: &DecideReview,
        rule: DecideReviewRule,
    ) -> Result<ReviewDecision, EffectError<ReviewRefusal>> {
        let command = command.clone();
        self.effect(move |conn| decide(conn, &command, rule)).await
    }

    async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError> {
        let now = now.timestamp_micros();
        self.read_snapshot(move |conn| Ok(Overview { unfinished: unfinished(conn, now)?, review: waiting(conn, now)? }))
            .await
    }

    async fn unfinished_since(&self, before: Timestamp, limit: u32) -> Result<Vec<UnfinishedRow>, StoreError> {
        self.read(move |conn| {
            use unfinished_items::{final_from, item_key, kind, review_kind, table};
            let closed = review_decisions::table
                .filter(review_decisions::kind.eq(review_kind))
                .filter(review_decisions::item_key.eq(item_key))
                .filter(review_decisions::action.eq(ReviewAction::Close.code()))
                .filter(review_decisions::decided_at.ge(final_from));
            let query = table
                .filter(final_from.lt(before.timestamp_micros()))
                .filter(not(exists(closed)))
                .order((final_from.asc(), kind.asc(), item_key.asc()))
                .limit(i64::from(limit))
                .select((kind, item_key, final_from));
            let rows: Vec<(String, String, i64)> = on!(conn, c => query.load(c))?;
            rows.into_iter()
                .map(|(code, key, since)| {
                    let since = moment("unfinished_items.final_from", since)?;
                    Ok(UnfinishedRow { kind: work_kind(&code)?, key, since })
                })
                .collect()
        })
        .await
    }
}

fn work_kind(code: &str) -> Result<WorkKind, Corrupt> {
    coded("unfinished_items.kind", code, &WorkKind::ALL, WorkKind::code)
}

fn counted(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

fn unfinished(conn: &mut Conn<'_>, now: i64) -> Result<Vec<UnfinishedCount>, TxError<Never>> {
    use unfinished_items::{began_at, due_at, kind, table};
    let all = table.filter(began_at.le(now)).group_by(kind).select((kind, count_star(), min(began_at)));
    let all: Vec<(String, i64, Option<i64>)> = on!(conn, c => all.load(c))?;
    let due = table.filter(due_at.le(now)).group_by(kind).select((kind, count_star()));
    let due: Vec<(String, i64)> = on!(conn, c => due.load(c))?;
    let due_of = |code: &str| due.iter().find(|(other, _)| other == code).map_or(0, |(_, count)| counted(*count));
    all.iter()
        .map(|(code, count, oldest)| {
            let oldest = oldest.map(|at| moment("unfinished_items.began_at", at)).transpose()?;
            Ok(UnfinishedCount { kind: work_kind(code)?, count: counted(*count), due: due_of(code), oldest })
        })
        .collect()
}

fn waiting(conn: &mut Conn<'_>, now: i64) -> Result<Vec<ReviewCount>, TxError<Never>> {
    use review_items::{kind, listed_at, table};
    let all = table.filter(listed_at.le(now)).group_by(kind).select((kind, count_star(), min(listed_at)));
    let all: Vec<(String, i64, Option<i64>)> = on!(conn, c => all.load(c))?;
    all.iter()
        .map(|(code, count, oldest)| {
            let oldest = oldest.map(|at| moment("review_items.listed_at", at)).transpose()?;
            Ok(ReviewCount { kind: review_kind("review_items.kind", code)?, count: counted(*count), oldest })
        })
        .collect()
}
