//! What is shown to a student: packages, prices, days.

use super::holdings::Holdings;
use super::terms::terms;
use crate::clock::Timestamp;
use crate::packages::error::SearchRefusal;
use crate::packages::model::{
    Day, Package, Project, PurchaseKind, Quote, QuoteSheet, SearchKind, ServicePeriod, Student,
};

/// A student with what the projects have: loaded in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferView {
    /// The student.
    pub student: Student,
    /// The projects that are asked for.
    pub projects: Vec<Project>,
    /// All packages of these projects, withdrawn ones too.
    pub packages: Vec<Package>,
    /// All periods of the student in these projects, superseded ones too.
    pub periods: Vec<ServicePeriod>,
}

impl OfferView {
    /// The projects that are offered to the student, by id.
    fn offered_projects(&self, at: Timestamp) -> Vec<&Project> {
        let offered =
            |project: &&Project| project.is_open_to(self.student.school_id) && project.availability.is_offered_at(at);
        let mut projects: Vec<_> = self.projects.iter().filter(offered).collect();
        projects.sort_by_key(|project| project.id);
        projects
    }

    /// The packages of a project that are offered, in the order of lists.
    fn offered_packages(&self, project: &Project, at: Timestamp) -> Vec<&Package> {
        let offered = |package: &&Package| package.project_id == project.id && package.availability.is_offered_at(at);
        let mut packages: Vec<_> = self.packages.iter().filter(offered).collect();
        packages.sort_by_key(|package| (package.rank, package.id));
        packages
    }

    /// What somebody who holds this can buy in this way now.
    fn quotes(&self, kind: PurchaseKind, project: &Project, held: &[ServicePeriod], at: Timestamp) -> Vec<Quote> {
        let (holdings, today) = (Holdings::of(project, held), Day::of(at));
        let quote = |package: &Package| {
            let terms = terms(kind, project, &self.packages, &holdings, package, today).ok()?;
            Some(Quote { kind, package: package.clone(), price: terms.price, period: terms.period })
        };
        self.offered_packages(project, at).into_iter().filter_map(quote).collect()
    }

    fn sheet(&self, project: &Project, quotes: Vec<Quote>) -> QuoteSheet {
        QuoteSheet { student: self.student.clone(), project: project.clone(), quotes }
    }
}

/// What SearchPayPackages shows (contract section 5). It shows one project: the first by id that has
/// something to show. For buying, these are all its offered packages at their list prices, also while
/// one is held (then they can be renewed or upgraded, not bought: the days shown are those that a
/// purchase would give if nothing were held). For an upgrade, only dearer packages than the one that
/// is held, with the price that PayMoney will ask.
///
/// # Errors
/// [`SearchRefusal::NothingOffered`] and [`SearchRefusal::NothingToUpgrade`].
pub fn search(view: &OfferView, kind: SearchKind, at: Timestamp) -> Result<QuoteSheet, SearchRefusal> {
    let list = |project: &Project| match kind {
        SearchKind::Upgrade => view.quotes(PurchaseKind::Upgrade, project, &view.periods, at),
        SearchKind::Buying => view.quotes(PurchaseKind::New, project, &[], at),
    };
    let mut sheets = view.offered_projects(at).into_iter().map(|project| view.sheet(project, list(project)));
    sheets.find(|sheet| !sheet.quotes.is_empty()).ok_or(match kind {
        SearchKind::Buying => SearchRefusal::NothingOffered,
        SearchKind::Upgrade => SearchRefusal::NothingToUpgrade,
    })
}

/// Everything that can be bought now, in all three ways, by project: what a cashier page shows. The
/// server takes exactly these prices and gives exactly these days if it is paid today.
///
/// # Errors
/// [`SearchRefusal::NothingOffered`].
pub fn quotes(view: &OfferView, at: Timestamp) -> Result<Vec<QuoteSheet>, SearchRefusal> {
    let all = |project: &Project| {
        PurchaseKind::ALL.into_iter().flat_map(|kind| view.quotes(kind, project, &view.periods, at)).collect()
    };
    let sheets = view.offered_projects(at).into_iter().map(|project| view.sheet(project, all(project)));
    let sheets: Vec<_> = sheets.filter(|sheet| !sheet.quotes.is_empty()).collect();
    if sheets.is_empty() { Err(SearchRefusal::NothingOffered) } else { Ok(sheets) }
}
