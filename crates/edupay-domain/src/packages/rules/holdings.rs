//! What a student has of one project.

use crate::ids::{PackageId, PurchaseRecordId};
use crate::packages::model::{Day, Project, Selection, ServicePeriod};

/// The student's periods of one project that no upgrade has replaced. Where one package is chosen at a
/// time they follow each other; where several are, those of each package do.
pub(super) struct Holdings<'a> {
    selection: Selection,
    periods: Vec<&'a ServicePeriod>,
}

impl<'a> Holdings<'a> {
    pub(super) fn of(project: &Project, periods: &'a [ServicePeriod]) -> Self {
        let counts = |held: &&ServicePeriod| held.project_id == project.id && held.superseded.is_none();
        Self { selection: project.selection, periods: periods.iter().filter(counts).collect() }
    }

    /// Whether anything is held on the day or paid for after it.
    pub(super) fn reach(&self, day: Day) -> bool {
        self.periods.iter().any(|held| held.period.ends >= day)
    }

    /// Whether the package is held on the day, or paid for after it, beside another of its project.
    pub(super) fn has_beside(&self, package_id: PackageId, day: Day) -> bool {
        self.selection == Selection::Multi && self.package_reaches(package_id, day)
    }

    fn package_reaches(&self, package_id: PackageId, day: Day) -> bool {
        self.periods.iter().any(|held| held.package_id == package_id && held.period.ends >= day)
    }

    /// What is held on the day.
    pub(super) fn on(&self, day: Day) -> impl Iterator<Item = &'a ServicePeriod> {
        self.periods.iter().copied().filter(move |held| held.period.covers(day))
    }

    /// The period of this record, if it is held on the day.
    pub(super) fn of_record(&self, record_id: &PurchaseRecordId, day: Day) -> Option<&'a ServicePeriod> {
        self.on(day).find(|held| held.record_id == *record_id)
    }

    /// The last day that is held or paid for, after which a renewal of the package begins: of the whole
    /// project where one package is chosen at a time, of the package where several are.
    pub(super) fn last_day(&self, package_id: PackageId) -> Option<Day> {
        let chain = |held: &&&ServicePeriod| self.selection == Selection::Single || held.package_id == package_id;
        self.periods.iter().filter(chain).map(|held| held.period.ends).max()
    }

    /// Whether the package can be renewed: it is held on the day or paid for after it, or was the last
    /// one held. Where several are chosen, each package that was ever held is the last of its own.
    pub(super) fn is_renewable(&self, package_id: PackageId, day: Day) -> bool {
        if self.selection == Selection::Multi {
            return self.last_day(package_id).is_some();
        }
        let last = self.periods.iter().max_by_key(|held| held.period.ends);
        self.package_reaches(package_id, day) || last.is_some_and(|held| held.package_id == package_id)
    }
}
