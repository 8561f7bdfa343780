//! The days for which a student has a package, in rows.

use super::purchases::{record_id, record_key};
use crate::codes::{Corrupt, day, money, name, package_id, project_id, user_id};
use crate::conn::{Conn, on};
use crate::schema::service_periods;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::ids::PurchaseRecordId;
use edupay_domain::packages::{Period, ServicePeriod, Supersession};

#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = service_periods)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct PeriodRow {
    pub(crate) user_id: i64,
    pub(crate) purchase_no: String,
    pub(crate) line: i16,
    pub(crate) project_id: i64,
    pub(crate) package_id: i64,
    pub(crate) starts_on: String,
    pub(crate) ends_on: String,
    pub(crate) term_starts_on: String,
    pub(crate) list_price_fen: i64,
    pub(crate) superseded_by: Option<String>,
    pub(crate) superseded_on: Option<String>,
    ended_on: Option<String>,
    resumed_on: Option<String>,
}

impl PeriodRow {
    pub(crate) fn of(period: &ServicePeriod) -> Self {
        let (purchase_no, line) = record_key(&period.record_id);
        let superseded = period.superseded.as_ref();
        Self {
            user_id: period.user_id.get(),
            purchase_no,
            line,
            project_id: period.project_id.get(),
            package_id: period.package_id.get(),
            starts_on: period.period.starts.to_string(),
            ends_on: period.period.ends.to_string(),
            term_starts_on: period.term_starts.to_string(),
            list_price_fen: period.list_price.fen(),
            superseded_by: superseded.map(|superseded| superseded.by.as_str().to_owned()),
            superseded_on: superseded.map(|superseded| superseded.on.to_string()),
            ended_on: period.ended.map(|day| day.to_string()),
            resumed_on: superseded.and_then(|superseded| superseded.until).map(|day| day.to_string()),
        }
    }

    pub(crate) fn period(self) -> Result<ServicePeriod, Corrupt> {
        let resumed_on = self.resumed_on.map(|on| day("service_periods.resumed_on", &on)).transpose()?;
        let superseded = match (self.superseded_by, self.superseded_on) {
            (Some(by), Some(on)) => Some(Supersession {
                by: name("service_periods.superseded_by", &by, PurchaseRecordId::parse)?,
                on: day("service_periods.superseded_on", &on)?,
                until: resumed_on,
            }),
            (None, None) => None,
            (by, _) => return Err(Corrupt::new("service_periods.superseded_by", by.unwrap_or_default())),
        };
        Ok(ServicePeriod {
            user_id: user_id(self.user_id)?,
            project_id: project_id(self.project_id)?,
            record_id: record_id("service_periods.line", &self.purchase_no, self.line)?,
            package_id: package_id(self.package_id)?,
            period: Period {
                starts: day("service_periods.starts_on", &self.starts_on)?,
                ends: day("service_periods.ends_on", &self.ends_on)?,
            },
            term_starts: day("service_periods.term_starts_on", &self.term_starts_on)?,
            list_price: money("service_periods.list_price_fen", self.list_price_fen)?,
            superseded,
            ended: self.ended_on.map(|on| day("service_periods.ended_on", &on)).transpose()?,
        })
    }
}

/// Stores a new period. A record that has one already fails the whole effect.
pub(crate) fn insert_period(conn: &mut Conn<'_>, period: &ServicePeriod) -> Result<(), Error> {
    let row = PeriodRow::of(period);
    on!(conn, c => diesel::insert_into(service_periods::table).values(&row).execute(c))?;
    Ok(())
}

/// Stores what a refund made of a period; `false` when it is not there.
pub(crate) fn end_period(conn: &mut Conn<'_>, period: &ServicePeriod) -> Result<bool, Error> {
    let row = PeriodRow::of(period);
    let key = (row.user_id, row.purchase_no, row.line);
    let days = (service_periods::ended_on.eq(row.ended_on), service_periods::resumed_on.eq(row.resumed_on));
    let update = diesel::update(service_periods::table.find(key)).set(days);
    Ok(on!(conn, c => update.execute(c))? == 1)
}
