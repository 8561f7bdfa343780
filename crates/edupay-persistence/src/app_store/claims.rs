//! The row that a transaction has once over all users.

use crate::codes::{Corrupt, moment, user_id};
use crate::conn::{Conn, lock, on};
use crate::schema::app_store_claims;
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::app_store::{AppStoreClaim, AppStoreTransaction, Observation, RefundedShare, TransactionKey};
use edupay_domain::ids::UserId;

type ClaimRow = (String, String, Option<i64>, i64, i64);

/// Locks the row of a transaction; `None` when there was none. It is there from now on, so that whoever
/// comes at the same time waits, and must be written or taken away before the commit.
pub(super) fn lock_claim<R>(
    conn: &mut Conn<'_>,
    transaction: &AppStoreTransaction,
) -> Result<Option<AppStoreClaim>, TxError<R>> {
    let key = transaction.key();
    let row = (
        app_store_claims::environment.eq(key.environment.code()),
        app_store_claims::transaction_id.eq(key.id.as_str()),
        app_store_claims::user_id.eq(None::<i64>),
        app_store_claims::signed_at.eq(transaction.signed_at.timestamp_micros()),
        app_store_claims::refunded_milli_percent.eq(i64::from(transaction.refunded.milli_percent())),
    );
    let insert = diesel::insert_into(app_store_claims::table).values(row).on_conflict_do_nothing();
    if on!(conn, c => insert.execute(c))? == 1 {
        return Ok(None);
    }
    // What was in the way is committed, and never taken away again.
    let query = app_store_claims::table.find((key.environment.code(), key.id.as_str()));
    let row: ClaimRow = lock!(conn, query, first)?;
    Ok(Some(claim(row, key)?))
}

fn claim((_, _, user, signed_at, share): ClaimRow, key: TransactionKey) -> Result<AppStoreClaim, Corrupt> {
    let refunded = u32::try_from(share).map_err(|_| Corrupt::new("app_store_claims.refunded_milli_percent", share))?;
    Ok(AppStoreClaim {
        key,
        user_id: user.map(user_id).transpose()?,
        newest: Observation {
            signed_at: moment("app_store_claims.signed_at", signed_at)?,
            refunded: RefundedShare::from_milli_percent(refunded),
        },
    })
}

/// Writes the claim of a locked row.
pub(super) fn write_claim(conn: &mut Conn<'_>, claim: &AppStoreClaim) -> Result<(), Error> {
    let row = app_store_claims::table.find((claim.key.environment.code(), claim.key.id.as_str()));
    let update = diesel::update(row).set((
        app_store_claims::user_id.eq(claim.user_id.map(|id| id.get())),
        app_store_claims::signed_at.eq(claim.newest.signed_at.timestamp_micros()),
        app_store_claims::refunded_milli_percent.eq(i64::from(claim.newest.refunded.milli_percent())),
    ));
    on!(conn, c => update.execute(c))?;
    Ok(())
}

/// Takes a row away that was only made to be locked.
pub(super) fn remove_claim(conn: &mut Conn<'_>, key: &TransactionKey) -> Result<(), Error> {
    let delete = diesel::delete(app_store_claims::table.find((key.environment.code(), key.id.as_str())));
    on!(conn, c => delete.execute(c))?;
    Ok(())
}

/// Who has claimed a transaction.
pub(super) fn find_claimant<R>(conn: &mut Conn<'_>, key: &TransactionKey) -> Result<Option<UserId>, TxError<R>> {
    let row = app_store_claims::table.find((key.environment.code(), key.id.as_str()));
    let query = row.select(app_store_claims::user_id);
    let owner: Option<Option<i64>> = on!(conn, c => query.first(c)).optional()?;
    Ok(owner.flatten().map(user_id).transpose()?)
}
