//! The port of purchases in the App Store: lock the claim, lock the wallet, load the view, call the rule,
//! write its plan. A lane never locks a claim, and a claim is never locked after a wallet, so nobody waits
//! in a circle.

use super::claims::{find_claimant, lock_claim, remove_claim, write_claim};
use super::rows::{find_purchase, purchases, records, write_purchase, write_record};
use crate::catalogue::price_at;
use crate::codes::Corrupt;
use crate::conn::Conn;
use crate::database::SqlStore;
use crate::rows::{self, Keys, Rows};
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::result::Error;
use edupay_domain::app_store::{
    AppStorePurchase, AppStorePurchaseStore, AppStoreRecord, AppStoreTransaction, CreditPurchase, CreditPurchaseRule,
    CreditVerdict, ObserveTransaction, ObserveTransactionRule, Observed, RedeemRefusal, TransactionKey,
    TransactionView, TransactionWrites,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::LedgerError;
use edupay_domain::store::{EffectError, StoreError};
use edupay_mischief::planted;

/// What was locked and loaded.
struct Locked {
    view: TransactionView,
    rows: Rows,
}

/// `wanted_by` is who has the transaction if nobody has it.
fn lock<R>(
    conn: &mut Conn<'_>,
    transaction: &AppStoreTransaction,
    wanted_by: Option<UserId>,
) -> Result<Locked, TxError<R>> {
    let claim = lock_claim(conn, transaction)?;
    let claimed_by = claim.as_ref().and_then(|claim| claim.user_id);
    let mut view = TransactionView { claim, ..TransactionView::default() };
    let mut rows = Rows::default();
    if let Some(user_id) = claimed_by.or(wanted_by) {
        rows = rows::load(conn, &[&Keys::wallet(user_id)])?;
        view.wallet = Some(rows.known_wallet(user_id)?);
    }
    if let Some(user_id) = claimed_by {
        view.purchase = find_purchase(conn, user_id, &transaction.key())?;
    }
    Ok(Locked { view, rows })
}

/// Writes what a plan says; a row that was made to be locked stays only if the plan claims it.
fn write<R>(
    conn: &mut Conn<'_>,
    key: &TransactionKey,
    Locked { view, mut rows }: Locked,
    writes: TransactionWrites,
    at: Timestamp,
) -> Result<(), TxError<R>> {
    match (&writes.claim, &view.claim) {
        (Some(claim), _) => write_claim(conn, claim)?,
        (None, None) => remove_claim(conn, key)?,
        (None, Some(_)) => {}
    }
    if let Some(purchase) = &writes.purchase {
        write_purchase(conn, purchase)?;
    }
    if let Some(record) = &writes.record {
        write_record(conn, record)?;
    }
    if let Some(posted) = writes.posted {
        rows.post(posted, at);
    }
    rows.record(writes.events);
    if rows.changes().is_empty() {
        return Ok(());
    }
    match rows::write(conn, &rows)? {
        true => Ok(()),
        false => Err(Error::RollbackTransaction.into()),
    }
}

#[async_trait]
impl AppStorePurchaseStore for SqlStore {
    async fn credit(
        &self,
        command: &CreditPurchase,
        rule: CreditPurchaseRule,
    ) -> Result<CreditVerdict, EffectError<RedeemRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            let transaction = &command.transaction;
            let mut locked = lock(conn, transaction, Some(command.user_id))?;
            locked.view.price = price_at(conn, &transaction.product_id, transaction.purchased_at)?;
            if planted!("transaction_credited_again") {
                (locked.view.claim, locked.view.purchase) = (None, None);
            }
            let plan = rule(&command, &locked.view).map_err(TxError::Refused)?;
            write(conn, &transaction.key(), locked, plan.writes, command.at)?;
            Ok(plan.verdict)
        })
        .await
    }

    async fn observe(
        &self,
        command: &ObserveTransaction,
        rule: ObserveTransactionRule,
    ) -> Result<Observed, EffectError<LedgerError>> {
        let command = command.clone();
        self.effect(move |conn| {
            let transaction = &command.transaction;
            let locked = lock(conn, transaction, None)?;
            if locked.view.claim.as_ref().is_some_and(|claim| claim.user_id.is_some()) && locked.view.purchase.is_none()
            {
                return Err(Corrupt::new("app_store_claims.user_id", "claimed without a purchase").into());
            }
            let plan = rule(&command, &locked.view).map_err(TxError::Refused)?;
            write(conn, &transaction.key(), locked, plan.writes, command.at)?;
            Ok(plan.observed)
        })
        .await
    }

    async fn find_claimant(&self, key: &TransactionKey) -> Result<Option<UserId>, StoreError> {
        let key = key.clone();
        self.read(move |conn| find_claimant(conn, &key)).await
    }

    async fn purchases(
        &self,
        user_id: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AppStorePurchase>, StoreError> {
        self.read_snapshot(move |conn| purchases(conn, user_id, before, limit)).await
    }

    async fn records(&self, before: Option<Timestamp>, limit: u32) -> Result<Vec<AppStoreRecord>, StoreError> {
        self.read_snapshot(move |conn| records(conn, before, limit)).await
    }
}
