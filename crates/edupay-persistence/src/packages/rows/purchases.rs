//! Purchases and their records in rows.

use crate::codes::{Corrupt, card_no, coded, day, moment, money, months, name, package_id, project_id, term, user_id};
use crate::schema::{purchase_records, purchases};
use diesel::prelude::*;
use edupay_domain::ids::{ChargeId, PurchaseNo, PurchaseRecordId};
use edupay_domain::packages::{Basis, Holder, Period, Purchase, PurchaseKind, PurchaseRecord, PurchaseState};
use edupay_domain::payments::Channel;

#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = purchases)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct PurchaseRow {
    pub(crate) user_id: i64,
    pub(crate) purchase_no: String,
    buyer_id: i64,
    kind: String,
    pub(crate) project_id: i64,
    project_name: String,
    holder_name: String,
    holder_card_no: Option<String>,
    holder_imei: String,
    holder_sim: String,
    holder_grade_name: String,
    holder_class_name: String,
    holder_mobile: String,
    amount_fen: i64,
    pub(crate) status: String,
    created_at: i64,
    expires_at: i64,
    pub(crate) paid_at: Option<i64>,
    pub(crate) paid_through: Option<String>,
    pub(crate) paid_charge_id: Option<String>,
    refunded_fen: i64,
}

#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = purchase_records)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct RecordRow {
    user_id: i64,
    pub(crate) purchase_no: String,
    line: i16,
    pub(crate) package_id: i64,
    item_name: String,
    list_price_fen: i64,
    price_fen: i64,
    term_months: i16,
    basis: String,
    replaces: Option<String>,
    follows: Option<String>,
}

/// The key of a record: its purchase's number, and its line as the last two digits.
pub(crate) fn record_key(id: &PurchaseRecordId) -> (String, i16) {
    let purchase_no = id.purchase_no().map(|number| number.as_str().to_owned()).unwrap_or_default();
    let line = id.as_str().strip_prefix(&purchase_no).and_then(|line| line.parse().ok());
    // An id without a purchase has no line; the checks of the tables take neither.
    (purchase_no, line.unwrap_or_default())
}

/// The id of a record's key.
pub(super) fn record_id(column: &'static str, purchase_no: &str, line: i16) -> Result<PurchaseRecordId, Corrupt> {
    let number = name("purchase_no", purchase_no, PurchaseNo::parse)?;
    let line = u8::try_from(line).map_err(|_| Corrupt::new(column, line))?;
    PurchaseRecordId::of(&number, line).map_err(|_| Corrupt::new(column, line))
}

impl PurchaseRow {
    pub(crate) fn of(purchase: &Purchase) -> Self {
        let holder = purchase.holder.clone();
        let (paid_at, paid_through, paid_charge_id) = match &purchase.state {
            PurchaseState::Paid { at, channel, charge_id, .. } => {
                (Some(at.timestamp_micros()), Some(channel.code().to_owned()), Some(charge_id.as_str().to_owned()))
            }
            PurchaseState::Unpaid | PurchaseState::Closed => (None, None, None),
        };
        Self {
            user_id: purchase.user_id.get(),
            purchase_no: purchase.purchase_no.as_str().to_owned(),
            buyer_id: purchase.buyer.get(),
            kind: purchase.kind.code().to_owned(),
            project_id: purchase.project_id.get(),
            project_name: purchase.project_name.clone(),
            holder_name: holder.name,
            holder_card_no: holder.card_no.map(|card| card.as_str().to_owned()),
            holder_imei: holder.imei,
            holder_sim: holder.sim,
            holder_grade_name: holder.grade_name,
            holder_class_name: holder.class_name,
            holder_mobile: holder.mobile,
            amount_fen: purchase.amount.fen(),
            status: purchase.state.code().to_owned(),
            created_at: purchase.created_at.timestamp_micros(),
            expires_at: purchase.expires_at.timestamp_micros(),
            paid_at,
            paid_through,
            paid_charge_id,
            refunded_fen: purchase.refunded().fen(),
        }
    }

    fn state(&self) -> Result<PurchaseState, Corrupt> {
        match (self.status.as_str(), self.paid_at, &self.paid_through, &self.paid_charge_id) {
            ("unpaid", None, None, None) => Ok(PurchaseState::Unpaid),
            ("closed", None, None, None) => Ok(PurchaseState::Closed),
            ("paid", Some(at), Some(channel), Some(charge_id)) => Ok(PurchaseState::Paid {
                at: moment("purchases.paid_at", at)?,
                channel: Channel::parse(channel).ok_or_else(|| Corrupt::new("purchases.paid_through", channel))?,
                charge_id: name("purchases.paid_charge_id", charge_id, ChargeId::parse)?,
                refunded: money("purchases.refunded_fen", self.refunded_fen)?,
            }),
            (other, ..) => Err(Corrupt::new("purchases.status", other)),
        }
    }

    fn purchase(self, records: Vec<PurchaseRecord>) -> Result<Purchase, Corrupt> {
        Ok(Purchase {
            state: self.state()?,
            user_id: user_id(self.user_id)?,
            purchase_no: name("purchases.purchase_no", &self.purchase_no, PurchaseNo::parse)?,
            buyer: user_id(self.buyer_id)?,
            kind: coded("purchases.kind", &self.kind, &PurchaseKind::ALL, PurchaseKind::code)?,
            project_id: project_id(self.project_id)?,
            project_name: self.project_name,
            holder: Holder {
                name: self.holder_name,
                card_no: self.holder_card_no.map(|card| card_no("purchases.holder_card_no", &card)).transpose()?,
                imei: self.holder_imei,
                sim: self.holder_sim,
                grade_name: self.holder_grade_name,
                class_name: self.holder_class_name,
                mobile: self.holder_mobile,
            },
            records,
            amount: money("purchases.amount_fen", self.amount_fen)?,
            created_at: moment("purchases.created_at", self.created_at)?,
            expires_at: moment("purchases.expires_at", self.expires_at)?,
        })
    }
}

impl RecordRow {
    pub(crate) fn of(purchase: &Purchase, record: &PurchaseRecord) -> Self {
        let (basis, replaces, follows) = match &record.basis {
            Basis::New => (PurchaseKind::New, None, None),
            Basis::Upgrade { replaces } => (PurchaseKind::Upgrade, Some(replaces.as_str().to_owned()), None),
            Basis::Renewal { after } => (PurchaseKind::Renewal, None, Some(after.to_string())),
        };
        let (purchase_no, line) = record_key(&record.id);
        Self {
            user_id: purchase.user_id.get(),
            purchase_no,
            line,
            package_id: record.package_id.get(),
            item_name: record.item_name.clone(),
            list_price_fen: record.list_price.fen(),
            price_fen: record.price.fen(),
            term_months: months(record.term),
            basis: basis.code().to_owned(),
            replaces,
            follows,
        }
    }

    fn basis(&self) -> Result<Basis, Corrupt> {
        match (self.basis.as_str(), &self.replaces, &self.follows) {
            ("new", None, None) => Ok(Basis::New),
            ("upgrade", Some(id), None) => {
                Ok(Basis::Upgrade { replaces: name("purchase_records.replaces", id, PurchaseRecordId::parse)? })
            }
            ("renewal", None, Some(text)) => Ok(Basis::Renewal { after: day("purchase_records.follows", text)? }),
            (other, ..) => Err(Corrupt::new("purchase_records.basis", other)),
        }
    }

    fn record(self, period: impl Fn(&PurchaseRecordId) -> Option<Period>) -> Result<PurchaseRecord, Corrupt> {
        let id = record_id("purchase_records.line", &self.purchase_no, self.line)?;
        Ok(PurchaseRecord {
            basis: self.basis()?,
            period: period(&id),
            id,
            package_id: package_id(self.package_id)?,
            item_name: self.item_name,
            list_price: money("purchase_records.list_price_fen", self.list_price_fen)?,
            price: money("purchase_records.price_fen", self.price_fen)?,
            term: term("purchase_records.term_months", self.term_months)?,
        })
    }
}

/// A purchase of its rows, each record with the period that it gave.
pub(crate) fn joined_purchase(
    row: PurchaseRow,
    mut records: Vec<RecordRow>,
    period: impl Fn(&PurchaseRecordId) -> Option<Period>,
) -> Result<Purchase, Corrupt> {
    if records.is_empty() {
        return Err(Corrupt::new("purchase_records", format!("no row for {}", row.purchase_no)));
    }
    records.sort_by_key(|record| record.line);
    row.purchase(records.into_iter().map(|record| record.record(&period)).collect::<Result<_, _>>()?)
}
