//! Purchases of a batch in memory, with what they are judged by: the catalogue as it is now, and what
//! the student has.

use crate::codes::Corrupt;
use edupay_domain::ids::{PackageId, ProjectId, PurchaseNo, PurchaseRecordId, UserId};
use edupay_domain::packages::{Package, Project, Purchase, ServicePeriod};
use std::collections::{BTreeMap, HashMap};

/// A row as it was found: one that is none of the domain's values fails only who needs it.
pub(super) type Found<T> = Result<T, Corrupt>;

/// What a student has of one project.
pub(super) type Held = BTreeMap<PurchaseRecordId, ServicePeriod>;

/// The purchases of a batch and what was loaded with them.
#[derive(Default)]
pub(super) struct Purchases {
    pub(super) purchases: HashMap<(UserId, PurchaseNo), Found<Purchase>>,
    pub(super) projects: HashMap<ProjectId, Found<Project>>,
    pub(super) packages: HashMap<PackageId, Found<Package>>,
    pub(super) periods: HashMap<(UserId, ProjectId), Found<Held>>,
}
