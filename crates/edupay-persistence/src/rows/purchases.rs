//! How the purchases of a batch are loaded, read by their rule, and paid.

use super::campus::{Found, Held};
use super::changes::Changes;
use super::held::Rows;
use crate::codes::{Corrupt, package_id, project_id};
use crate::packages::rows::{PackageRow, PeriodRow, ProjectRow, PurchaseRow, RecordRow, joined_purchase};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{PurchaseNo, PurchaseRecordId, UserId};
use edupay_domain::packages::{Package, PaidPurchase, Project, Purchase, ServicePeriod};
use edupay_domain::payments::ChargeSubject;

/// What was found of one purchase.
pub(super) struct FoundPurchase {
    pub(super) purchase: PurchaseRow,
    pub(super) records: Vec<RecordRow>,
    pub(super) project: Option<ProjectRow>,
    pub(super) packages: Vec<PackageRow>,
    /// All periods of the student in the purchase's project.
    pub(super) periods: Vec<PeriodRow>,
}

impl Rows {
    /// A purchase with all that its rule looks at.
    pub(super) fn add_purchase(&mut self, user_id: UserId, number: &PurchaseNo, found: FoundPurchase) {
        let held = &mut self.purchases;
        if let Some(row) = found.project
            && let Ok(id) = project_id(row.project_id)
        {
            held.projects.entry(id).or_insert_with(|| row.project());
        }
        for row in found.packages {
            if let Ok(id) = package_id(row.package_id) {
                held.packages.entry(id).or_insert_with(|| row.package());
            }
        }
        let periods: Found<Held> = found.periods.into_iter().map(by_record).collect();
        let period =
            |id: &PurchaseRecordId| periods.as_ref().ok().and_then(|held| held.get(id)).map(|held| held.period);
        let project = project_id(found.purchase.project_id);
        let purchase = joined_purchase(found.purchase, found.records, period);
        held.purchases.insert((user_id, number.clone()), purchase);
        if let Ok(project_id) = project {
            held.periods.entry((user_id, project_id)).or_insert(periods);
        }
    }

    /// A purchase of the keys.
    pub(crate) fn purchase(&self, user_id: UserId, number: &PurchaseNo) -> Result<Option<Purchase>, Corrupt> {
        self.purchases.purchases.get(&(user_id, number.clone())).cloned().transpose()
    }

    /// The project of a purchase of the keys.
    pub(crate) fn project_of(&self, purchase: Option<&Purchase>) -> Result<Option<Project>, Corrupt> {
        let project = purchase.and_then(|purchase| self.purchases.projects.get(&purchase.project_id));
        project.cloned().transpose()
    }

    /// Those of the packages of a purchase of the keys that exist.
    pub(crate) fn packages_of(&self, purchase: Option<&Purchase>) -> Result<Vec<Package>, Corrupt> {
        let records = purchase.into_iter().flat_map(|purchase| &purchase.records);
        records.filter_map(|record| self.purchases.packages.get(&record.package_id)).cloned().collect()
    }

    /// All periods of the student in the project of a purchase of the keys.
    pub(crate) fn periods_of(&self, purchase: Option<&Purchase>) -> Result<Vec<ServicePeriod>, Corrupt> {
        let Some(purchase) = purchase else { return Ok(Vec::new()) };
        match self.purchases.periods.get(&(purchase.user_id, purchase.project_id)) {
            Some(held) => held.clone().map(|held| held.into_values().collect()),
            None => Ok(Vec::new()),
        }
    }

    /// An unpaid purchase that is paid now, with what it gives; its unfinished attempts become due.
    pub(crate) fn pay_purchase(&mut self, paid: &PaidPurchase, at: Timestamp) {
        let PaidPurchase { purchase, periods, superseded } = paid;
        let user_id = purchase.user_id;
        let Changes { paid_purchases, given, superseded: replaced, no_longer_awaited, .. } = &mut self.changes;
        paid_purchases.push(purchase.clone());
        for period in superseded {
            // What an earlier effect of the batch gave is not written yet.
            let is_it =
                |other: &&mut ServicePeriod| other.user_id == period.user_id && other.record_id == period.record_id;
            match given.iter_mut().find(is_it) {
                Some(earlier) => earlier.clone_from(period),
                None => replaced.push(period.clone()),
            }
        }
        given.extend(periods.iter().cloned());
        no_longer_awaited.push((user_id, ChargeSubject::Purchase(purchase.purchase_no.clone()), at));
        let held = self.purchases.periods.entry((user_id, purchase.project_id)).or_insert_with(|| Ok(Held::new()));
        if let Ok(held) = held {
            let next = superseded.iter().chain(periods);
            held.extend(next.map(|period| (period.record_id.clone(), period.clone())));
        }
        self.purchases.purchases.insert((user_id, purchase.purchase_no.clone()), Ok(purchase.clone()));
    }
}

fn by_record(row: PeriodRow) -> Found<(PurchaseRecordId, ServicePeriod)> {
    let period = row.period()?;
    Ok((period.record_id.clone(), period))
}
