//! Purchases of a batch on PostgreSQL: two statements read them and one writes them, and none is sent for
//! a batch without a purchase.

use crate::packages::rows::{PackageRow, PeriodRow, ProjectRow, PurchaseRow, RecordRow};
use crate::prepared::{Bind, Binds, Prepared, Statement};
use crate::rows::changes::Changes;
use crate::rows::held::Rows;
use crate::rows::keys::{Keys, nth};
use crate::rows::purchases::FoundPurchase;
use crate::schema::{packages, projects, purchase_records, purchases, service_periods};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text};
use edupay_domain::packages::{Purchase, ServicePeriod};
use std::collections::BTreeMap;

type Numbers = Array<BigInt>;
type NullableNumbers = Array<Nullable<BigInt>>;
type Texts = Array<Text>;
type NullableTexts = Array<Nullable<Text>>;

/// The purchases of these keys, with all that their rules look at.
pub(super) fn load_purchases(connection: &mut PgConnection, keys: &[&Keys], rows: &mut Rows) -> Result<(), Error> {
    let found: Vec<RecordOfPurchase> = Prepared(LoadPurchases(Asked::of(keys))).load(connection)?;
    let held: Vec<(i64, PeriodRow)> = Prepared(LoadPeriods(Asked::of(keys))).load(connection)?;
    let mut purchases: BTreeMap<i64, FoundPurchase> = BTreeMap::new();
    for (number, purchase, record, project, package) in found {
        let found = purchases.entry(number).or_insert_with(|| FoundPurchase {
            purchase,
            records: Vec::new(),
            project,
            packages: Vec::new(),
            periods: Vec::new(),
        });
        found.records.extend(record);
        found.packages.extend(package);
    }
    for (number, period) in held {
        if let Some(found) = purchases.get_mut(&number) {
            found.periods.push(period);
        }
    }
    for (number, found) in purchases {
        if let Some(keys) = nth(keys, number)
            && let Some(purchase_no) = &keys.purchase_no
        {
            rows.add_purchase(keys.user_id, purchase_no, found);
        }
    }
    Ok(())
}

/// By user and purchase number.
struct Asked<'a> {
    users: Vec<i64>,
    purchases: Vec<Option<&'a str>>,
}

impl<'a> Asked<'a> {
    fn of(keys: &[&'a Keys]) -> Self {
        Self {
            users: keys.iter().map(|keys| keys.user_id.get()).collect(),
            purchases: keys.iter().map(|keys| keys.purchase_no.as_ref().map(|number| number.as_str())).collect(),
        }
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<NullableTexts, _>(&self.purchases)
    }
}

/// `load_purchases.sql`.
struct LoadPurchases<'a>(Asked<'a>);

type RecordOfPurchase = (i64, PurchaseRow, Option<RecordRow>, Option<ProjectRow>, Option<PackageRow>);

impl Statement for LoadPurchases<'_> {
    const TEXT: &'static str = include_str!("load_purchases.sql");
    type Columns = (
        BigInt,
        purchases::SqlType,
        Nullable<purchase_records::SqlType>,
        Nullable<projects::SqlType>,
        Nullable<packages::SqlType>,
    );
    type Id = LoadPurchases<'static>;
}

impl Bind<Pg> for LoadPurchases<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(binds)
    }
}

/// `load_periods.sql`.
struct LoadPeriods<'a>(Asked<'a>);

impl Statement for LoadPeriods<'_> {
    const TEXT: &'static str = include_str!("load_periods.sql");
    type Columns = (BigInt, service_periods::SqlType);
    type Id = LoadPeriods<'static>;
}

impl Bind<Pg> for LoadPeriods<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(binds)
    }
}

/// `write_purchases.sql`.
#[derive(Default)]
pub(super) struct WritePurchases {
    paid: Paid,
    replaced: Periods,
    given: Periods,
}

impl WritePurchases {
    pub(super) fn of(changes: &Changes) -> Self {
        let mut statement = Self::default();
        changes.paid_purchases.iter().for_each(|purchase| statement.paid.push(purchase));
        changes.superseded.iter().for_each(|period| statement.replaced.push(period));
        changes.given.iter().for_each(|period| statement.given.push(period));
        statement
    }
}

impl Statement for WritePurchases {
    const TEXT: &'static str = include_str!("write_purchases.sql");
    type Columns = (BigInt, BigInt);
    type Id = Self;
}

impl Bind<Pg> for WritePurchases {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        self.paid.bind(binds)?;
        self.replaced.bind_keys(binds)?;
        self.replaced.bind_supersessions(binds)?;
        self.given.bind_keys(binds)?;
        self.given.bind_days(binds)?;
        self.given.bind_supersessions(binds)
    }
}

#[derive(Default)]
struct Paid {
    users: Vec<i64>,
    numbers: Vec<String>,
    status: Vec<String>,
    paid_at: Vec<Option<i64>>,
    paid_through: Vec<Option<String>>,
    charges: Vec<Option<String>>,
}

impl Paid {
    fn push(&mut self, purchase: &Purchase) {
        let row = PurchaseRow::of(purchase);
        self.users.push(row.user_id);
        self.numbers.push(row.purchase_no);
        self.status.push(row.status);
        self.paid_at.push(row.paid_at);
        self.paid_through.push(row.paid_through);
        self.charges.push(row.paid_charge_id);
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.numbers)?;
        binds.push::<Texts, _>(&self.status)?;
        binds.push::<NullableNumbers, _>(&self.paid_at)?;
        binds.push::<NullableTexts, _>(&self.paid_through)?;
        binds.push::<NullableTexts, _>(&self.charges)
    }
}

#[derive(Default)]
struct Periods {
    users: Vec<i64>,
    numbers: Vec<String>,
    lines: Vec<i16>,
    projects: Vec<i64>,
    packages: Vec<i64>,
    starts: Vec<String>,
    ends: Vec<String>,
    terms: Vec<String>,
    list_prices: Vec<i64>,
    superseded_by: Vec<Option<String>>,
    superseded_on: Vec<Option<String>>,
}

impl Periods {
    fn push(&mut self, period: &ServicePeriod) {
        let row = PeriodRow::of(period);
        self.users.push(row.user_id);
        self.numbers.push(row.purchase_no);
        self.lines.push(row.line);
        self.projects.push(row.project_id);
        self.packages.push(row.package_id);
        self.starts.push(row.starts_on);
        self.ends.push(row.ends_on);
        self.terms.push(row.term_starts_on);
        self.list_prices.push(row.list_price_fen);
        self.superseded_by.push(row.superseded_by);
        self.superseded_on.push(row.superseded_on);
    }

    fn bind_keys<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.numbers)?;
        binds.push::<Array<SmallInt>, _>(&self.lines)
    }

    fn bind_days<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.projects)?;
        binds.push::<Numbers, _>(&self.packages)?;
        binds.push::<Texts, _>(&self.starts)?;
        binds.push::<Texts, _>(&self.ends)?;
        binds.push::<Texts, _>(&self.terms)?;
        binds.push::<Numbers, _>(&self.list_prices)
    }

    fn bind_supersessions<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<NullableTexts, _>(&self.superseded_by)?;
        binds.push::<NullableTexts, _>(&self.superseded_on)
    }
}
