//! Purchases on SQLite: reads of one table each, since none of them leaves the process, and the updates.

use crate::packages::rows::{PackageRow, PeriodRow, ProjectRow, PurchaseRow, RecordRow};
use crate::prepared::{Bind, Binds, Statement};
use crate::rows::held::Rows;
use crate::rows::purchases::FoundPurchase;
use crate::schema::{packages, projects, purchase_records, purchases, service_periods};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Nullable, SmallInt, Text};
use diesel::sqlite::Sqlite;
use edupay_domain::ids::{PurchaseNo, UserId};
use edupay_domain::packages::{Purchase, ServicePeriod};

pub(super) fn load_purchase(
    connection: &mut SqliteConnection,
    rows: &mut Rows,
    user_id: UserId,
    number: &PurchaseNo,
) -> Result<(), Error> {
    let query = purchases::table.find((user_id.get(), number.as_str()));
    let Some(purchase) = query.first::<PurchaseRow>(connection).optional()? else { return Ok(()) };
    let query = purchase_records::table
        .filter(purchase_records::user_id.eq(user_id.get()))
        .filter(purchase_records::purchase_no.eq(number.as_str()));
    let records: Vec<RecordRow> = query.load(connection)?;
    let project: Option<ProjectRow> = projects::table.find(purchase.project_id).first(connection).optional()?;
    let mut found = Vec::with_capacity(records.len());
    for record in &records {
        let package: Option<PackageRow> = packages::table.find(record.package_id).first(connection).optional()?;
        found.extend(package);
    }
    let query = service_periods::table
        .filter(service_periods::user_id.eq(user_id.get()))
        .filter(service_periods::project_id.eq(purchase.project_id));
    let periods: Vec<PeriodRow> = query.load(connection)?;
    rows.add_purchase(user_id, number, FoundPurchase { purchase, records, project, packages: found, periods });
    Ok(())
}

/// `pay_purchase.sql`.
pub(super) struct PayPurchase(PurchaseRow);

impl PayPurchase {
    pub(super) fn of(purchase: &Purchase) -> Self {
        Self(PurchaseRow::of(purchase))
    }
}

impl Statement for PayPurchase {
    const TEXT: &'static str = include_str!("pay_purchase.sql");
    type Columns = ();
    type Id = Self;
}

impl Bind<Sqlite> for PayPurchase {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Sqlite>) -> QueryResult<()> {
        let row = &self.0;
        binds.push::<Text, _>(&row.status)?;
        binds.push::<Nullable<BigInt>, _>(&row.paid_at)?;
        binds.push::<Nullable<Text>, _>(&row.paid_through)?;
        binds.push::<Nullable<Text>, _>(&row.paid_charge_id)?;
        binds.push::<BigInt, _>(&row.user_id)?;
        binds.push::<Text, _>(&row.purchase_no)
    }
}

/// `supersede_period.sql`.
pub(super) struct SupersedePeriod(PeriodRow);

impl SupersedePeriod {
    pub(super) fn of(period: &ServicePeriod) -> Self {
        Self(PeriodRow::of(period))
    }
}

impl Statement for SupersedePeriod {
    const TEXT: &'static str = include_str!("supersede_period.sql");
    type Columns = ();
    type Id = Self;
}

impl Bind<Sqlite> for SupersedePeriod {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Sqlite>) -> QueryResult<()> {
        let row = &self.0;
        binds.push::<Nullable<Text>, _>(&row.superseded_by)?;
        binds.push::<Nullable<Text>, _>(&row.superseded_on)?;
        binds.push::<BigInt, _>(&row.user_id)?;
        binds.push::<Text, _>(&row.purchase_no)?;
        binds.push::<SmallInt, _>(&row.line)
    }
}
