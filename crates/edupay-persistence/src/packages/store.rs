//! The port of purchases: lock the student's wallet, load the view, call the rule, write its plan.

use super::people::{find_for, known, may_act_for};
use super::{offers, purchases as rows};
use crate::charges::rows::{insert_attempt, make_due};
use crate::codes::{Corrupt, moment, name, user_id};
use crate::confirmations::write_confirmation;
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::idempotency::rows::note_made;
use crate::journal;
use crate::rows::Keys;
use crate::schema::{guardians, purchases};
use crate::tx::TxError;
use crate::wallets::lock_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{PurchaseNo, PurchaseRecordId, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::packages::{
    ClosePurchase, ClosePurchasePlan, ClosePurchaseRule, ConfirmPurchaseCharge, ConfirmPurchaseRule,
    ConfirmPurchaseView, OfferView, PackageStore, PlacePlan, PlacePurchase, PlacePurchaseRule, PlaceRefusal, PlaceView,
    PlacedPurchase, ProjectKind, Purchase, PurchaseQuery, Student,
};
use edupay_domain::payments::{ChargeSubject, Confirmation, OpenChargePlan};
use edupay_domain::store::{EffectError, StoreError};
use std::collections::BTreeSet;

// The word stands in the statement, not among its values: the index of unpaid purchases is only used
// where the plan can see that it holds what is asked for.
diesel::postfix_operator!(IsUnpaid, " = 'unpaid'");

/// The purchases of a query that the student has.
fn find<R>(conn: &mut Conn<'_>, user_id: UserId, query: &PurchaseQuery) -> Result<Vec<Purchase>, TxError<R>> {
    match query {
        PurchaseQuery::Number(number) => rows::known_to_the_gateway(conn, user_id, number),
        PurchaseQuery::Records(ids) => {
            let numbers = ids.iter().filter_map(PurchaseRecordId::purchase_no);
            let mut found = rows::numbered(conn, user_id, numbers)?;
            // A purchase may be there without such a record.
            found.retain(|purchase| purchase.records.iter().any(|record| ids.contains(&record.id)));
            Ok(found)
        }
    }
}

fn place_view<R>(conn: &mut Conn<'_>, command: &PlacePurchase) -> Result<PlaceView, TxError<R>> {
    // Bindings change in line with the wallet, so whoever may act now may until the end.
    lock_wallet(conn, command.user_id)?;
    let Some(student) = find_for(conn, command.buyer, command.user_id)? else {
        return Ok(PlaceView { offer: None, unpaid: Vec::new() });
    };
    // Too many are refused, whatever they are.
    let named = command.package_ids.iter().copied().take(Purchase::MAX_RECORDS);
    let offer = offers::of_packages(conn, student, named)?;
    let projects: Vec<i64> = offer.projects.iter().map(|project| project.id.get()).collect();
    let unpaid = rows::unpaid(conn, command.user_id, &projects)?;
    Ok(PlaceView { offer: Some(offer), unpaid })
}

#[async_trait]
impl PackageStore for SqlStore {
    async fn may_act_for(&self, caller: UserId, user_id: UserId) -> Result<bool, StoreError> {
        self.read(move |conn| may_act_for(conn, caller, user_id)).await
    }

    async fn wards(&self, caller: UserId) -> Result<Vec<Student>, StoreError> {
        self.read_snapshot(move |conn| {
            let query = guardians::table.filter(guardians::guardian_id.eq(caller.get())).select(guardians::user_id);
            let bound: Vec<i64> = on!(conn, c => query.load(c))?;
            let ids: BTreeSet<i64> = bound.into_iter().chain([caller.get()]).collect();
            known(conn, &ids.into_iter().collect::<Vec<_>>())
        })
        .await
    }

    async fn offer(&self, caller: UserId, user_id: UserId, kind: ProjectKind) -> Result<Option<OfferView>, StoreError> {
        self.read_snapshot(move |conn| {
            let student = find_for(conn, caller, user_id)?;
            student.map(|student| offers::of_kind(conn, student, kind)).transpose()
        })
        .await
    }

    async fn place(
        &self,
        command: &PlacePurchase,
        rule: PlacePurchaseRule,
    ) -> Result<PlacedPurchase, EffectError<PlaceRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            // A repeat after a lost answer sees its own purchase waiting.
            let plan = rule(&command, &place_view(conn, &command)?).map_err(TxError::Refused)?;
            let stored = match &plan {
                PlacePlan::Place { purchase, attempt } => rows::insert(conn, purchase, attempt)?,
                PlacePlan::Wait { charge: OpenChargePlan::Open(attempt), .. } => insert_attempt(conn, attempt)?,
                PlacePlan::Wait { .. } => true,
            };
            if !stored {
                return Ok(PlacedPurchase::NumberTaken);
            }
            note_made(conn, command.claim.as_ref(), plan.attempt().gateway_order_no.as_str())?;
            Ok(PlacedPurchase::Planned(plan))
        })
        .await
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmPurchaseCharge,
        rule: ConfirmPurchaseRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        let command = command.clone();
        let keys = Keys {
            purchase_no: Some(command.purchase_no.clone()),
            gateway_order_no: Some(command.route.gateway_order_no.clone()),
            charge_id: Some(command.charge.id.clone()),
            ..Keys::wallet(command.route.user_id)
        };
        self.decide(keys, move |rows| {
            let user_id = command.route.user_id;
            let purchase = rows.purchase(user_id, &command.purchase_no)?;
            let view = ConfirmPurchaseView {
                wallet: rows.known_wallet(user_id)?,
                attempt: rows.attempt(user_id, &command.route.gateway_order_no)?,
                project: rows.project_of(purchase.as_ref())?,
                packages: rows.packages_of(purchase.as_ref())?,
                periods: rows.periods_of(purchase.as_ref())?,
                receipt: rows.receipt(user_id, &command.charge.id)?,
                purchase,
            };
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            Ok(write_confirmation(rows, plan, command.at, |rows, paid| rows.pay_purchase(paid, command.at)))
        })
        .await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, PurchaseNo, Timestamp)>, StoreError> {
        self.read(move |conn| {
            let query = purchases::table
                .filter(IsUnpaid::new(purchases::status))
                .filter(purchases::expires_at.le(now.timestamp_micros()))
                .order(purchases::expires_at.asc())
                .limit(i64::from(limit))
                .select((purchases::user_id, purchases::purchase_no, purchases::expires_at));
            let found: Vec<(i64, String, i64)> = on!(conn, c => query.load(c))?;
            let found = found.into_iter().map(|(id, number, at)| {
                let number = name("purchases.purchase_no", &number, PurchaseNo::parse)?;
                Ok((user_id(id)?, number, moment("purchases.expires_at", at)?))
            });
            found.collect()
        })
        .await
    }

    async fn close(&self, command: &ClosePurchase, rule: ClosePurchaseRule) -> Result<Option<Purchase>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_wallet(conn, command.user_id)?;
            let found = rows::find(conn, command.user_id, &command.purchase_no)?;
            let Some(purchase) = found else { return Ok(None) };
            match rule(&command, &purchase) {
                ClosePurchasePlan::Keep(purchase) => Ok(Some(purchase)),
                ClosePurchasePlan::Close { purchase, events } => {
                    if !rows::close(conn, &purchase)? {
                        return Err(Corrupt::new("purchases.status", "changed while it was locked").into());
                    }
                    let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
                    make_due(conn, purchase.user_id, &subject, command.at)?;
                    journal::write_events(conn, &events)?;
                    Ok(Some(purchase))
                }
            }
        })
        .await
    }

    async fn find(
        &self,
        caller: UserId,
        user_id: UserId,
        query: &PurchaseQuery,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        let query = query.clone();
        self.read_snapshot(move |conn| {
            Ok(match may_act_for(conn, caller, user_id)? {
                true => Some(find(conn, user_id, &query)?),
                false => None,
            })
        })
        .await
    }

    async fn list(
        &self,
        caller: UserId,
        user_id: UserId,
        below: Option<PurchaseNo>,
        limit: u32,
    ) -> Result<Option<Vec<Purchase>>, StoreError> {
        self.read_snapshot(move |conn| {
            Ok(match may_act_for(conn, caller, user_id)? {
                true => Some(rows::list(conn, user_id, below, limit)?),
                false => None,
            })
        })
        .await
    }
}
