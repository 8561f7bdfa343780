//! Purchases with their records and what they gave: how they are read and written one at a time.

use super::LOT;
use super::rows::{PeriodRow, PurchaseRow, RecordRow, UNPAID, joined_purchase};
use crate::charges::rows::{attempts_of, insert_attempt};
use crate::conn::{Conn, on};
use crate::schema::{charge_routes, purchase_records, purchase_routes, purchases, service_periods};
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::ids::{GatewayOrderNo, ProjectId, PurchaseNo, PurchaseRecordId, UserId};
use edupay_domain::packages::{Period, Purchase, ServicePeriod, UnpaidPurchase};
use edupay_domain::payments::{ChargeAttempt, ChargeSubject};
use std::collections::{BTreeSet, HashMap};

/// Purchases of their rows, all the student's, in the order of the rows.
pub(super) fn joined<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    rows: Vec<PurchaseRow>,
) -> Result<Vec<Purchase>, TxError<R>> {
    let numbers: Vec<&str> = rows.iter().map(|row| row.purchase_no.as_str()).collect();
    let mut records: HashMap<String, Vec<RecordRow>> = HashMap::new();
    let mut periods: HashMap<PurchaseRecordId, Period> = HashMap::new();
    for numbers in numbers.chunks(LOT) {
        let query = purchase_records::table
            .filter(purchase_records::user_id.eq(user_id.get()))
            .filter(purchase_records::purchase_no.eq_any(numbers));
        for record in on!(conn, c => query.load::<RecordRow>(c))? {
            records.entry(record.purchase_no.clone()).or_default().push(record);
        }
        let query = service_periods::table
            .filter(service_periods::user_id.eq(user_id.get()))
            .filter(service_periods::purchase_no.eq_any(numbers));
        for row in on!(conn, c => query.load::<PeriodRow>(c))? {
            let ServicePeriod { record_id, period, .. } = row.period()?;
            periods.insert(record_id, period);
        }
    }
    let purchases = rows.into_iter().map(|row| {
        let records = records.remove(&row.purchase_no).unwrap_or_default();
        joined_purchase(row, records, |id| periods.get(id).copied())
    });
    Ok(purchases.collect::<Result<_, _>>()?)
}

/// One purchase.
pub(crate) fn find<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    purchase_no: &PurchaseNo,
) -> Result<Option<Purchase>, TxError<R>> {
    let query = purchases::table.find((user_id.get(), purchase_no.as_str()));
    let row: Option<PurchaseRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(joined(conn, user_id, row.into_iter().collect())?.pop())
}

/// Those of these purchases that the student has, by number.
pub(super) fn numbered<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    numbers: impl IntoIterator<Item = PurchaseNo>,
) -> Result<Vec<Purchase>, TxError<R>> {
    let numbers: BTreeSet<PurchaseNo> = numbers.into_iter().collect();
    let numbers: Vec<&str> = numbers.iter().map(PurchaseNo::as_str).collect();
    let mut rows: Vec<PurchaseRow> = Vec::new();
    for numbers in numbers.chunks(LOT) {
        let query = purchases::table
            .filter(purchases::user_id.eq(user_id.get()))
            .filter(purchases::purchase_no.eq_any(numbers));
        rows.extend(on!(conn, c => query.load::<PurchaseRow>(c))?);
    }
    rows.sort_by(|one, other| one.purchase_no.cmp(&other.purchase_no));
    joined(conn, user_id, rows)
}

/// The purchase of the student that the gateway knows by this number.
pub(super) fn known_to_the_gateway<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    number: &GatewayOrderNo,
) -> Result<Vec<Purchase>, TxError<R>> {
    let route = charge_routes::table
        .find(number.as_str())
        .filter(charge_routes::user_id.eq(user_id.get()))
        .filter(charge_routes::subject.eq("purchase"))
        .select(charge_routes::subject_no);
    let purchase_no: Option<String> = on!(conn, c => route.first(c)).optional()?;
    let purchase_no = purchase_no.map(|text| crate::codes::name("charge_routes.subject_no", &text, PurchaseNo::parse));
    numbered(conn, user_id, purchase_no.transpose()?)
}

/// The student's purchases below a number, the highest first.
pub(super) fn list<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    below: Option<PurchaseNo>,
    limit: u32,
) -> Result<Vec<Purchase>, TxError<R>> {
    let query = purchases::table
        .filter(purchases::user_id.eq(user_id.get()))
        .order(purchases::purchase_no.desc())
        .limit(i64::from(limit));
    let rows: Vec<PurchaseRow> = match below {
        Some(below) => on!(conn, c => query.filter(purchases::purchase_no.lt(below.as_str())).load(c))?,
        None => on!(conn, c => query.load(c))?,
    };
    joined(conn, user_id, rows)
}

/// The student's unpaid purchases of these projects with their attempts, oldest first.
pub(super) fn unpaid<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    projects: &[i64],
) -> Result<Vec<UnpaidPurchase>, TxError<R>> {
    let query = purchases::table
        .filter(purchases::user_id.eq(user_id.get()))
        .filter(purchases::status.eq(UNPAID))
        .filter(purchases::project_id.eq_any(projects));
    let rows: Vec<PurchaseRow> = on!(conn, c => query.load(c))?;
    let mut found = joined(conn, user_id, rows)?;
    found.sort_by(|one, other| (one.created_at, &one.purchase_no).cmp(&(other.created_at, &other.purchase_no)));
    let with_attempts = found.into_iter().map(|purchase| {
        let attempts = attempts_of(conn, user_id, &ChargeSubject::Purchase(purchase.purchase_no.clone()))?;
        Ok(UnpaidPurchase { purchase, attempts })
    });
    with_attempts.collect()
}

/// Stores a new purchase and its first attempt, each with its route; `false`, with nothing stored,
/// when a number is taken.
pub(super) fn insert<R>(conn: &mut Conn<'_>, purchase: &Purchase, attempt: &ChargeAttempt) -> Result<bool, TxError<R>> {
    let purchase_no = purchase.purchase_no.as_str();
    let route = (purchase_routes::purchase_no.eq(purchase_no), purchase_routes::user_id.eq(purchase.user_id.get()));
    let insert = diesel::insert_into(purchase_routes::table).values(route).on_conflict_do_nothing();
    if on!(conn, c => insert.execute(c))? == 0 {
        return Ok(false);
    }
    if !insert_attempt(conn, attempt)? {
        // Somebody else's is only the attempt's number: the route of a moment ago goes again.
        on!(conn, c => diesel::delete(purchase_routes::table.find(purchase_no)).execute(c))?;
        return Ok(false);
    }
    let row = PurchaseRow::of(purchase);
    on!(conn, c => diesel::insert_into(purchases::table).values(&row).execute(c))?;
    let records: Vec<_> = purchase.records.iter().map(|record| RecordRow::of(purchase, record)).collect();
    on!(conn, c => diesel::insert_into(purchase_records::table).values(&records).execute(c))?;
    Ok(true)
}

/// Closes an unpaid purchase; `false` when it is no longer unpaid.
pub(super) fn close(conn: &mut Conn<'_>, purchase: &Purchase) -> Result<bool, Error> {
    let key = (purchase.user_id.get(), purchase.purchase_no.as_str());
    let update = diesel::update(purchases::table.find(key).filter(purchases::status.eq(UNPAID)))
        .set(purchases::status.eq(purchase.state.code()));
    Ok(on!(conn, c => update.execute(c))? == 1)
}

/// Stores how much of a paid purchase went back; `false` when it is not there.
pub(crate) fn refund(conn: &mut Conn<'_>, purchase: &Purchase) -> Result<bool, Error> {
    let key = (purchase.user_id.get(), purchase.purchase_no.as_str());
    let update = diesel::update(purchases::table.find(key)).set(purchases::refunded_fen.eq(purchase.refunded().fen()));
    Ok(on!(conn, c => update.execute(c))? == 1)
}

/// All periods of a student in a project.
pub(crate) fn periods_in<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    project_id: ProjectId,
) -> Result<Vec<ServicePeriod>, TxError<R>> {
    let query = service_periods::table
        .filter(service_periods::user_id.eq(user_id.get()))
        .filter(service_periods::project_id.eq(project_id.get()));
    let rows: Vec<PeriodRow> = on!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(PeriodRow::period).collect::<Result<_, _>>()?)
}
