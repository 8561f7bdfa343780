//! Purchases and records, as they lie in their rows.

use crate::codes::{Corrupt, coded, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::schema::{app_store_purchases, app_store_records};
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::app_store::{
    AppStorePrice, AppStorePurchase, AppStoreRecord, RecordVerdict, SignedText, StoreEnvironment, TextSource,
    TransactionKey,
};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ProductId, TransactionId, UserId};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = app_store_purchases)]
#[diesel(treat_none_as_default_value = false)]
struct PurchaseRow {
    user_id: i64,
    environment: String,
    transaction_id: String,
    product_id: String,
    quantity: i64,
    unit_price_fen: i64,
    credited_fen: i64,
    clawed_back_fen: i64,
    purchased_at: i64,
    credited_at: i64,
    price_milli_units: Option<i64>,
    price_currency: Option<String>,
    signed: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = app_store_records)]
struct RecordRow {
    environment: String,
    transaction_id: String,
    user_id: i64,
    verdict: String,
    source: String,
    received_at: i64,
    signed: String,
}

impl PurchaseRow {
    fn of(purchase: &AppStorePurchase) -> Self {
        let price = purchase.price.as_ref();
        Self {
            user_id: purchase.user_id.get(),
            environment: purchase.key.environment.code().to_owned(),
            transaction_id: purchase.key.id.to_string(),
            product_id: purchase.product_id.to_string(),
            quantity: purchase.quantity,
            unit_price_fen: purchase.unit_price.fen(),
            credited_fen: purchase.credited.fen(),
            clawed_back_fen: purchase.clawed_back.fen(),
            purchased_at: purchase.purchased_at.timestamp_micros(),
            credited_at: purchase.credited_at.timestamp_micros(),
            price_milli_units: price.map(|price| price.milli_units),
            price_currency: price.map(|price| price.currency.clone()),
            signed: purchase.signed.0.clone(),
        }
    }

    fn purchase(self) -> Result<AppStorePurchase, Corrupt> {
        let price = self.price_milli_units.zip(self.price_currency);
        Ok(AppStorePurchase {
            user_id: user_id(self.user_id)?,
            key: key(("app_store_purchases", &self.environment), &self.transaction_id)?,
            product_id: name("app_store_purchases.product_id", &self.product_id, ProductId::parse)?,
            quantity: self.quantity,
            unit_price: money("app_store_purchases.unit_price_fen", self.unit_price_fen)?,
            credited: money("app_store_purchases.credited_fen", self.credited_fen)?,
            clawed_back: money("app_store_purchases.clawed_back_fen", self.clawed_back_fen)?,
            purchased_at: moment("app_store_purchases.purchased_at", self.purchased_at)?,
            credited_at: moment("app_store_purchases.credited_at", self.credited_at)?,
            price: price.map(|(milli_units, currency)| AppStorePrice { milli_units, currency }),
            signed: SignedText(self.signed),
        })
    }
}

impl RecordRow {
    fn record(self) -> Result<AppStoreRecord, Corrupt> {
        Ok(AppStoreRecord {
            key: key(("app_store_records", &self.environment), &self.transaction_id)?,
            user_id: user_id(self.user_id)?,
            verdict: coded("app_store_records.verdict", &self.verdict, &RecordVerdict::ALL, RecordVerdict::code)?,
            source: coded("app_store_records.source", &self.source, &TextSource::ALL, TextSource::code)?,
            received_at: moment("app_store_records.received_at", self.received_at)?,
            signed: SignedText(self.signed),
        })
    }
}

fn environment(column: &'static str, code: &str) -> Result<StoreEnvironment, Corrupt> {
    coded(column, code, &StoreEnvironment::ALL, StoreEnvironment::code)
}

/// A transaction by its two columns.
pub(super) fn key((table, code): (&'static str, &str), id: &str) -> Result<TransactionKey, Corrupt> {
    Ok(TransactionKey { environment: environment(table, code)?, id: name(table, id, TransactionId::parse)? })
}

/// Before which moment a page begins.
pub(super) fn micros(before: Option<Timestamp>) -> i64 {
    before.map_or(i64::MAX, |before| before.timestamp_micros())
}

/// The moment of the last row of a page of this length; what came in the same one is on it, too.
macro_rules! page_end {
    ($conn:expr, $query:expr, $time:expr, $limit:expr) => {{
        let last = $query.select($time).order($time.desc()).offset(i64::from($limit).saturating_sub(1)).limit(1);
        let found: Option<i64> = $crate::conn::on!($conn, c => last.first(c)).optional()?;
        found.unwrap_or(i64::MIN)
    }};
}

pub(super) use page_end;

pub(super) fn find_purchase<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    key: &TransactionKey,
) -> Result<Option<AppStorePurchase>, TxError<R>> {
    let query = app_store_purchases::table.find((user_id.get(), key.environment.code(), key.id.as_str()));
    let row: Option<PurchaseRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(PurchaseRow::purchase).transpose()?)
}

/// Writes a purchase: a new one whole; of one that is there only what is clawed back changes.
pub(super) fn write_purchase(conn: &mut Conn<'_>, purchase: &AppStorePurchase) -> Result<(), Error> {
    let key = (purchase.user_id.get(), purchase.key.environment.code(), purchase.key.id.as_str());
    let update = diesel::update(app_store_purchases::table.find(key))
        .set(app_store_purchases::clawed_back_fen.eq(purchase.clawed_back.fen()));
    if on!(conn, c => update.execute(c))? == 0 {
        let row = PurchaseRow::of(purchase);
        on!(conn, c => diesel::insert_into(app_store_purchases::table).values(&row).execute(c))?;
    }
    Ok(())
}

/// Writes what staff should see; what is on record stays.
pub(super) fn write_record(conn: &mut Conn<'_>, record: &AppStoreRecord) -> Result<(), Error> {
    let row = RecordRow {
        environment: record.key.environment.code().to_owned(),
        transaction_id: record.key.id.to_string(),
        user_id: record.user_id.get(),
        verdict: record.verdict.code().to_owned(),
        source: record.source.code().to_owned(),
        received_at: record.received_at.timestamp_micros(),
        signed: record.signed.0.clone(),
    };
    let insert = diesel::insert_into(app_store_records::table).values(&row).on_conflict_do_nothing();
    on!(conn, c => insert.execute(c))?;
    Ok(())
}

pub(super) fn purchases<R>(
    conn: &mut Conn<'_>,
    user_id: UserId,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<AppStorePurchase>, TxError<R>> {
    use app_store_purchases::{credited_at, environment, table, transaction_id};
    let those = || table.filter(app_store_purchases::user_id.eq(user_id.get())).filter(credited_at.lt(micros(before)));
    let end = page_end!(conn, those(), credited_at, limit);
    let query =
        those().filter(credited_at.ge(end)).order((credited_at.desc(), environment.asc(), transaction_id.asc()));
    let rows: Vec<PurchaseRow> = on!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(PurchaseRow::purchase).collect::<Result<_, _>>()?)
}

pub(super) fn records<R>(
    conn: &mut Conn<'_>,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<AppStoreRecord>, TxError<R>> {
    use app_store_records::{environment, received_at, table, transaction_id, user_id, verdict};
    let those = || table.filter(received_at.lt(micros(before)));
    let end = page_end!(conn, those(), received_at, limit);
    let query = those().filter(received_at.ge(end)).order((
        received_at.desc(),
        environment.asc(),
        transaction_id.asc(),
        user_id.asc(),
        verdict.asc(),
    ));
    let rows: Vec<RecordRow> = on!(conn, c => query.load(c))?;
    Ok(rows.into_iter().map(RecordRow::record).collect::<Result<_, _>>()?)
}
