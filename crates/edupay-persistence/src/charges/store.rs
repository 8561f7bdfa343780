//! The port of an attempt's life at the gateway.

use super::rows::{AttemptRow, attempt, attempts_of, subject, update_attempt};
use crate::codes::{Corrupt, user_id};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::schema::{charge_attempts, charge_routes, orders, purchases, top_ups};
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, UserId};
use edupay_domain::payments::{
    Awaited, ChargeAttempt, ChargeRoute, ChargeStore, ChargeSubject, ClaimLook, ClaimLookRule, CloseAttempt,
    CloseAttemptRule, LookWay, RecordChargeReply, RecordChargeReplyRule, ScheduleLook, ScheduleLookRule,
};
use edupay_domain::store::StoreError;

#[async_trait]
impl ChargeStore for SqlStore {
    async fn find_route(&self, number: &GatewayOrderNo) -> Result<Option<ChargeRoute>, StoreError> {
        let number = number.clone();
        self.read(move |conn| {
            let query = charge_routes::table.find(number.as_str());
            let row: Option<(String, i64, String, String)> = on!(conn, c => query.first(c)).optional()?;
            row.map(|(_, id, kind, subject_no)| {
                Ok(ChargeRoute {
                    user_id: user_id(id)?,
                    gateway_order_no: number.clone(),
                    subject: subject(&kind, &subject_no)?,
                })
            })
            .transpose()
        })
        .await
    }

    async fn find_attempt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<ChargeAttempt>, StoreError> {
        let charge_id = charge_id.as_str().to_owned();
        self.read(move |conn| {
            let query = charge_attempts::table
                .filter(charge_attempts::user_id.eq(user_id.get()))
                .filter(charge_attempts::charge_id.eq(charge_id))
                .select(charge_attempts::all_columns);
            let row: Option<AttemptRow> = on!(conn, c => query.first(c)).optional()?;
            Ok(row.map(AttemptRow::attempt).transpose()?)
        })
        .await
    }

    async fn attempts_of(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<ChargeAttempt>, StoreError> {
        let subject = subject.clone();
        self.read(move |conn| attempts_of(conn, user_id, &subject)).await
    }

    async fn record_reply(
        &self,
        command: &RecordChargeReply,
        rule: RecordChargeReplyRule,
    ) -> Result<ChargeAttempt, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let next = rule(&command, &attempt(conn, command.user_id, &command.gateway_order_no)?);
            write_attempt(conn, &next)?;
            Ok(next)
        })
        .await
    }

    async fn close_attempt(&self, command: &CloseAttempt, rule: CloseAttemptRule) -> Result<ChargeAttempt, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let next = rule(&command, &attempt(conn, command.user_id, &command.gateway_order_no)?);
            write_attempt(conn, &next)?;
            Ok(next)
        })
        .await
    }

    async fn due_attempts(&self, way: LookWay, now: Timestamp, limit: u32) -> Result<Vec<ChargeAttempt>, StoreError> {
        self.read(move |conn| {
            let query = charge_attempts::table
                .filter(charge_attempts::due_at.le(now.timestamp_micros()))
                .filter(charge_attempts::charge_id.is_null().eq(way == LookWay::ByNumber))
                .order(charge_attempts::due_at.asc())
                .limit(i64::from(limit))
                .select(charge_attempts::all_columns);
            let rows: Vec<AttemptRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(AttemptRow::attempt).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn claim_look(
        &self,
        command: &ClaimLook,
        rule: ClaimLookRule,
    ) -> Result<Option<(ChargeAttempt, Awaited)>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let Some(next) = rule(&command, &attempt(conn, command.user_id, &command.gateway_order_no)?) else {
                return Ok(None);
            };
            write_attempt(conn, &next)?;
            let awaited = awaited(conn, &next)?;
            Ok(Some((next, awaited)))
        })
        .await
    }

    async fn schedule_look(&self, command: &ScheduleLook, rule: ScheduleLookRule) -> Result<ChargeAttempt, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let attempt = attempt(conn, command.user_id, &command.gateway_order_no)?;
            let next = rule(&command, &attempt);
            if next != attempt {
                write_attempt(conn, &next)?;
            }
            Ok(next)
        })
        .await
    }
}

/// Writes an attempt that was read in the same transaction.
fn write_attempt<R>(conn: &mut Conn<'_>, attempt: &ChargeAttempt) -> Result<(), TxError<R>> {
    if update_attempt(conn, attempt)? {
        return Ok(());
    }
    Err(Corrupt::new("charge_attempts", format!("no row for {}", attempt.gateway_order_no)).into())
}

/// Whether what the attempt pays for still waits for payment.
fn awaited<R>(conn: &mut Conn<'_>, attempt: &ChargeAttempt) -> Result<Awaited, TxError<R>> {
    let user_id = attempt.user_id.get();
    let (status, waiting): (Option<String>, _) = match &attempt.subject {
        ChargeSubject::Order(number) => {
            let query = orders::table.find((user_id, number.as_str())).select(orders::status);
            (on!(conn, c => query.first(c)).optional()?, "unpaid")
        }
        ChargeSubject::TopUp(number) => {
            let query = top_ups::table.find((user_id, number.as_str())).select(top_ups::status);
            (on!(conn, c => query.first(c)).optional()?, "pending")
        }
        ChargeSubject::Purchase(number) => {
            let query = purchases::table.find((user_id, number.as_str())).select(purchases::status);
            (on!(conn, c => query.first(c)).optional()?, "unpaid")
        }
    };
    Ok(if status.as_deref() == Some(waiting) { Awaited::Yes } else { Awaited::No })
}
