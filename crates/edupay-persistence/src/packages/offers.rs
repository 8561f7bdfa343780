//! What can be offered to a student: projects, their packages, and what the student has of them.

use super::rows::{PackageRow, PeriodRow, ProjectRow};
use crate::conn::{Conn, on};
use crate::schema::{packages, projects, service_periods};
use crate::tx::TxError;
use diesel::prelude::*;
use edupay_domain::ids::PackageId;
use edupay_domain::packages::{OfferView, ProjectKind, Student};
use std::collections::BTreeSet;

/// The projects of a kind that are open to the student's school.
pub(super) fn of_kind<R>(conn: &mut Conn<'_>, student: Student, kind: ProjectKind) -> Result<OfferView, TxError<R>> {
    let school_id = student.school_id.get();
    // Every school's projects and the school's own are two short reads of one index; as one condition
    // they might be a read of all schools'.
    let of_kind = projects::table.filter(projects::kind.eq(kind.code()));
    let mut found: Vec<ProjectRow> = on!(conn, c => of_kind.filter(projects::school_id.is_null()).load(c))?;
    found.extend(on!(conn, c => of_kind.filter(projects::school_id.eq(school_id)).load::<ProjectRow>(c))?);
    view(conn, student, found)
}

/// The projects of these packages, whoever they are open to.
pub(super) fn of_packages<R>(
    conn: &mut Conn<'_>,
    student: Student,
    ids: impl IntoIterator<Item = PackageId>,
) -> Result<OfferView, TxError<R>> {
    let ids: BTreeSet<i64> = ids.into_iter().map(PackageId::get).collect();
    let named = packages::table.filter(packages::package_id.eq_any(&ids)).select(packages::project_id);
    let named: Vec<i64> = on!(conn, c => named.load(c))?;
    let named: BTreeSet<i64> = named.into_iter().collect();
    let query = projects::table.filter(projects::project_id.eq_any(&named));
    let found: Vec<ProjectRow> = on!(conn, c => query.load(c))?;
    view(conn, student, found)
}

fn view<R>(conn: &mut Conn<'_>, student: Student, mut found: Vec<ProjectRow>) -> Result<OfferView, TxError<R>> {
    found.sort_by_key(|row| row.project_id);
    let ids: Vec<i64> = found.iter().map(|row| row.project_id).collect();
    let query = packages::table.filter(packages::project_id.eq_any(&ids));
    let mut offered: Vec<PackageRow> = on!(conn, c => query.load(c))?;
    offered.sort_by_key(|row| row.package_id);
    let query = service_periods::table
        .filter(service_periods::user_id.eq(student.user_id.get()))
        .filter(service_periods::project_id.eq_any(&ids));
    let mut held: Vec<PeriodRow> = on!(conn, c => query.load(c))?;
    held.sort_by(|one, other| (&one.purchase_no, one.line).cmp(&(&other.purchase_no, other.line)));
    Ok(OfferView {
        student,
        projects: found.into_iter().map(ProjectRow::project).collect::<Result<_, _>>()?,
        packages: offered.into_iter().map(PackageRow::package).collect::<Result<_, _>>()?,
        periods: held.into_iter().map(PeriodRow::period).collect::<Result<_, _>>()?,
    })
}
