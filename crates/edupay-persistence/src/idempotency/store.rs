//! The port of keys.

use super::rows::{insert, lock_key, update};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::{
    ClaimKey, ClaimKeyRule, ClaimPlan, IdempotencyStore, KeyedOutcome, SettleKey, SettleKeyRule, SettlePlan,
};
use edupay_domain::store::{StoreError, StoreFault};

/// By hand, since the query builder does not know where a row lies. By the columns of its key PostgreSQL
/// would rather read the whole of a small table.
const REMOVE_ON_POSTGRES: &str = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY( \
    SELECT ctid FROM idempotency_keys WHERE expires_at < $1 ORDER BY expires_at LIMIT $2))";
const REMOVE_ON_SQLITE: &str = "DELETE FROM idempotency_keys WHERE rowid IN ( \
    SELECT rowid FROM idempotency_keys WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

#[async_trait]
impl IdempotencyStore for SqlStore {
    async fn claim(&self, command: &ClaimKey, rule: ClaimKeyRule) -> Result<ClaimPlan, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            // Insert first: of those who come at once the database lets one in.
            let fresh = rule(&command, None);
            if let ClaimPlan::Grant(record) = &fresh
                && insert(conn, record)?
            {
                return Ok(fresh);
            }
            let Some(record) = lock_key(conn, command.request.user_id, &command.request.key)? else {
                return Err(expired_meanwhile());
            };
            let plan = rule(&command, Some(&record));
            if let ClaimPlan::Grant(record) = &plan {
                update(conn, record)?;
            }
            Ok(plan)
        })
        .await
    }

    async fn settle(&self, command: &SettleKey, rule: SettleKeyRule) -> Result<KeyedOutcome, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            let record = lock_key(conn, command.claim.user_id, &command.claim.key)?;
            Ok(match rule(&command, record.as_ref()) {
                SettlePlan::Write(record, outcome) => {
                    update(conn, &record)?;
                    outcome
                }
                SettlePlan::Keep(outcome) => outcome,
            })
        })
        .await
    }

    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.write(move |conn| {
            let removed = remove(conn, before, limit)?;
            Ok(u32::try_from(removed).unwrap_or(u32::MAX))
        })
        .await
    }
}

fn remove(conn: &mut Conn<'_>, before: Timestamp, limit: u32) -> Result<usize, diesel::result::Error> {
    let statement = diesel::sql_query(match conn {
        Conn::Sqlite(_) => REMOVE_ON_SQLITE,
        Conn::Postgres(_) => REMOVE_ON_POSTGRES,
    });
    let statement = statement.bind::<BigInt, _>(before.timestamp_micros()).bind::<BigInt, _>(i64::from(limit));
    on!(conn, c => statement.execute(c))
}

/// The key went while we looked: the next try finds it gone.
fn expired_meanwhile<R>() -> TxError<R> {
    TxError::Store(StoreError::new(StoreFault::Unavailable, "the key has just expired"))
}
