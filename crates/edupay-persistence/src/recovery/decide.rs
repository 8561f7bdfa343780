//! What a decision writes. The thing is locked: by its user's wallet, or by its own row where it has no user.

use super::rows::{add, decisions, find};
use crate::codes::{Corrupt, name};
use crate::conn::{Conn, on};
use crate::journal::write_events;
use crate::receipts::rows::{receipt_of, update_receipt};
use crate::schema::{app_store_notifications, charge_attempts, inbound_events, receipts, refunds};
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use diesel::prelude::*;
use edupay_domain::ids::{ChargeId, UserId};
use edupay_domain::payments::{InboundStatus, Receipt};
use edupay_domain::recovery::{
    DecideReview, DecideReviewRule, ReviewChange, ReviewDecision, ReviewId, ReviewItem, ReviewKind, ReviewPlan,
    ReviewRefusal, ReviewView,
};

pub(super) fn decide(
    conn: &mut Conn<'_>,
    command: &DecideReview,
    rule: DecideReviewRule,
) -> Result<ReviewDecision, TxError<ReviewRefusal>> {
    let item = match find(conn, &command.id, command.at)? {
        Some(item) => {
            lock(conn, &item)?;
            // As it is now that nobody else changes it.
            find(conn, &command.id, command.at)?
        }
        // What comes into the list only now is not locked, so it is not decided on.
        None => None,
    };
    let receipt = item.as_ref().map(|item| locked_receipt(conn, item)).transpose()?.flatten();
    let before = decisions(conn, &command.id)?;
    let view = ReviewView { item, receipt, last: before.last().cloned() };
    match rule(command, &view).map_err(TxError::Refused)? {
        ReviewPlan::Already(decision) => Ok(decision),
        ReviewPlan::Decide { decision, change, events } => {
            add(conn, &decision, before.len())?;
            let user_id = view.item.as_ref().and_then(|item| item.user_id);
            write_change(conn, &decision.id, user_id, change)?;
            write_events(conn, &events)?;
            Ok(decision)
        }
    }
}

fn lock(conn: &mut Conn<'_>, item: &ReviewItem) -> Result<(), TxError<ReviewRefusal>> {
    if let Some(user_id) = item.user_id {
        lock_known_wallet(conn, user_id)?;
        return Ok(());
    }
    let key = item.id.key();
    if item.id.kind == ReviewKind::Callback {
        let update = diesel::update(inbound_events::table.find(key)).set(inbound_events::kind.eq(inbound_events::kind));
        on!(conn, c => update.execute(c))?;
    } else {
        use app_store_notifications::{kind, table};
        let update = diesel::update(table.find(key)).set(kind.eq(kind));
        on!(conn, c => update.execute(c))?;
    }
    Ok(())
}

fn locked_receipt(conn: &mut Conn<'_>, item: &ReviewItem) -> Result<Option<Receipt>, TxError<ReviewRefusal>> {
    match (item.id.kind, item.user_id) {
        (ReviewKind::Receipt, Some(user_id)) => {
            receipt_of(conn, user_id, &name("review_items.item_key", item.id.key(), ChargeId::parse)?)
        }
        _ => Ok(None),
    }
}

fn write_change(
    conn: &mut Conn<'_>,
    id: &ReviewId,
    user_id: Option<UserId>,
    change: ReviewChange,
) -> Result<(), TxError<ReviewRefusal>> {
    let key = id.key();
    match change {
        ReviewChange::Nothing => {}
        ReviewChange::Receipt(receipt) => update_receipt(conn, &receipt)?,
        ReviewChange::Ignore => {
            let (ignored, done) = (InboundStatus::Ignored.code(), None::<i64>);
            if id.kind == ReviewKind::Callback {
                use inbound_events::{due_at, status, table};
                let update = diesel::update(table.find(key)).set((status.eq(ignored), due_at.eq(done)));
                on!(conn, c => update.execute(c))?;
            } else {
                use app_store_notifications::{due_at, status, table};
                let update = diesel::update(table.find(key)).set((status.eq(ignored), due_at.eq(done)));
                on!(conn, c => update.execute(c))?;
            }
        }
        ReviewChange::Due { at, leased_until } => {
            make_due(conn, id, user_id, (at.timestamp_micros(), leased_until.timestamp_micros()))?;
        }
    }
    Ok(())
}

/// Makes a thing due that nobody may have.
fn make_due(
    conn: &mut Conn<'_>,
    id: &ReviewId,
    user_id: Option<UserId>,
    (at, leased_until): (i64, i64),
) -> Result<(), TxError<ReviewRefusal>> {
    let key = id.key();
    let user = user_id.map(UserId::get).unwrap_or_default();
    match id.kind {
        ReviewKind::Charge => {
            use charge_attempts::{due_at, look_at, table};
            let update = diesel::update(table.find((user, key))).filter(due_at.gt(leased_until));
            let update = update.set((look_at.eq(at), due_at.eq(at)));
            on!(conn, c => update.execute(c))?;
        }
        ReviewKind::Receipt => {
            use receipts::{due_at, next_try_at, table};
            let update = diesel::update(table.find((user, key))).filter(due_at.gt(leased_until));
            let update = update.set((next_try_at.eq(at), due_at.eq(at)));
            on!(conn, c => update.execute(c))?;
        }
        ReviewKind::Refund => {
            use refunds::{due_at, next_try_at, table};
            let (_, number) = key.split_once('-').ok_or_else(|| Corrupt::new("review_items.item_key", key))?;
            let update = diesel::update(table.find((user, number))).filter(due_at.gt(leased_until));
            let update = update.set((next_try_at.eq(at), due_at.eq(at)));
            on!(conn, c => update.execute(c))?;
        }
        ReviewKind::Callback => {
            use inbound_events::{due_at, table};
            let update = diesel::update(table.find(key)).filter(due_at.gt(leased_until)).set(due_at.eq(at));
            on!(conn, c => update.execute(c))?;
        }
        ReviewKind::Notification => {
            use app_store_notifications::{due_at, table};
            let update = diesel::update(table.find(key)).filter(due_at.gt(leased_until)).set(due_at.eq(at));
            on!(conn, c => update.execute(c))?;
        }
        ReviewKind::Period => {}
    }
    Ok(())
}
