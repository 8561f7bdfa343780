//! What a student has of one project.

use crate::ids::{PackageId, PurchaseRecordId};
use crate::packages::model::{Day, Period, Project, Selection, ServicePeriod};

/// The days of the student's periods of one project that count: no upgrade has their place, and no refund
/// ended them. Where one package is chosen at a time they follow each other; where several are, those of
/// each package do.
pub(super) struct Holdings<'a> {
    selection: Selection,
    periods: Vec<(Period, &'a ServicePeriod)>,
}

impl<'a> Holdings<'a> {
    pub(super) fn of(project: &Project, periods: &'a [ServicePeriod]) -> Self {
        let of_project = periods.iter().filter(|held| held.project_id == project.id);
        let periods = of_project.filter_map(|held| Some((held.held()?, held))).collect();
        Self { selection: project.selection, periods }
    }

    /// Whether anything is held on the day or paid for after it.
    pub(super) fn reach(&self, day: Day) -> bool {
        self.periods.iter().any(|(days, _)| days.ends >= day)
    }

    /// Whether the package is held on the day, or paid for after it, beside another of its project.
    pub(super) fn has_beside(&self, package_id: PackageId, day: Day) -> bool {
        self.selection == Selection::Multi && self.package_reaches(package_id, day)
    }

    fn package_reaches(&self, package_id: PackageId, day: Day) -> bool {
        self.periods.iter().any(|(days, held)| held.package_id == package_id && days.ends >= day)
    }

    /// What is held on the day and can be upgraded: what a refund has ended since can't.
    pub(super) fn on(&self, day: Day) -> impl Iterator<Item = &'a ServicePeriod> {
        let on_day = self.periods.iter().filter(move |(days, held)| days.covers(day) && held.ended.is_none());
        on_day.map(|(_, held)| *held)
    }

    /// The period of this record, if it is held on the day and can be upgraded.
    pub(super) fn of_record(&self, record_id: &PurchaseRecordId, day: Day) -> Option<&'a ServicePeriod> {
        self.on(day).find(|held| held.record_id == *record_id)
    }

    /// The last day that is held or paid for, after which a renewal of the package begins: of the whole
    /// project where one package is chosen at a time, of the package where several are.
    pub(super) fn last_day(&self, package_id: PackageId) -> Option<Day> {
        let chain = |(_, held): &&(Period, &ServicePeriod)| {
            self.selection == Selection::Single || held.package_id == package_id
        };
        self.periods.iter().filter(chain).map(|(days, _)| days.ends).max()
    }

    /// Whether the package can be renewed: it is held on the day or paid for after it, or was the last
    /// one held. Where several are chosen, each package that was ever held is the last of its own.
    pub(super) fn is_renewable(&self, package_id: PackageId, day: Day) -> bool {
        if self.selection == Selection::Multi {
            return self.last_day(package_id).is_some();
        }
        let last = self.periods.iter().max_by_key(|(days, _)| days.ends);
        self.package_reaches(package_id, day) || last.is_some_and(|(_, held)| held.package_id == package_id)
    }
}
