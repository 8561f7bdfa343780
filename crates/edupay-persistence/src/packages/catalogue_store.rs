//! The port of projects and packages.

use super::rows::{PackageRow, ProjectRow};
use super::{LOT, locks};
use crate::codes::{next_id, package_id, project_id, school_id};
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::schema::{packages, projects, schools};
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::upsert::excluded;
use edupay_domain::ids::{PackageId, ProjectId, SchoolId};
use edupay_domain::packages::{
    Availability, CatalogueRefusal, CatalogueStore, ImportMode, Package, Project, PutPackages, PutPackagesRule,
    PutPackagesView, PutProject, PutProjectRule, PutProjectView, PutRows,
};
use edupay_domain::store::{EffectError, StoreError};
use std::collections::BTreeSet;

fn find_project<R>(conn: &mut Conn<'_>, id: ProjectId) -> Result<Option<Project>, TxError<R>> {
    let row: Option<ProjectRow> = on!(conn, c => projects::table.find(id.get()).first(c)).optional()?;
    Ok(row.map(ProjectRow::project).transpose()?)
}

fn find_package<R>(conn: &mut Conn<'_>, id: PackageId) -> Result<Option<Package>, TxError<R>> {
    let row: Option<PackageRow> = on!(conn, c => packages::table.find(id.get()).first(c)).optional()?;
    Ok(row.map(PackageRow::package).transpose()?)
}

fn find_packages<R>(conn: &mut Conn<'_>, ids: &[i64]) -> Result<Vec<Package>, TxError<R>> {
    let mut found = Vec::new();
    for ids in ids.chunks(LOT) {
        let query = packages::table.filter(packages::package_id.eq_any(ids));
        let rows: Vec<PackageRow> = on!(conn, c => query.load(c))?;
        found.extend(rows.into_iter().map(PackageRow::package).collect::<Result<Vec<_>, _>>()?);
    }
    found.sort_by_key(|package| package.id);
    Ok(found)
}

fn project_view<R>(conn: &mut Conn<'_>, command: &PutProject) -> Result<PutProjectView, TxError<R>> {
    let school: Option<SchoolId> = match command.draft.school_id {
        Some(id) => {
            let query = schools::table.find(id.get()).select(schools::school_id);
            let found: Option<i64> = on!(conn, c => query.first(c)).optional()?;
            found.map(school_id).transpose()?
        }
        None => None,
    };
    let project = match command.draft.id {
        Some(id) => find_project(conn, id)?,
        None => None,
    };
    let highest = projects::table.select(diesel::dsl::max(projects::project_id));
    let highest: Option<i64> = on!(conn, c => highest.first(c))?;
    Ok(PutProjectView { project, school, next_id: project_id(next_id("projects.project_id", highest)?)? })
}

fn write_project(conn: &mut Conn<'_>, project: &Project) -> Result<(), Error> {
    // School, kind and selection never change, nor does putting it change whether it is offered.
    let put = diesel::insert_into(projects::table)
        .values(ProjectRow::of(project))
        .on_conflict(projects::project_id)
        .do_update()
        .set((
            projects::name.eq(excluded(projects::name)),
            projects::channels.eq(excluded(projects::channels)),
            projects::wx_account.eq(excluded(projects::wx_account)),
            projects::alipay_account.eq(excluded(projects::alipay_account)),
            projects::union_pay_account.eq(excluded(projects::union_pay_account)),
            projects::description.eq(excluded(projects::description)),
            projects::protocol_url.eq(excluded(projects::protocol_url)),
            projects::upgrade_pricing.eq(excluded(projects::upgrade_pricing)),
        ));
    on!(conn, c => put.execute(c))?;
    Ok(())
}

fn packages_view<R>(conn: &mut Conn<'_>, command: &PutPackages) -> Result<PutPackagesView, TxError<R>> {
    let named: BTreeSet<i64> = command.rows.iter().map(|row| row.project_id.get()).collect();
    let named: Vec<i64> = named.into_iter().collect();
    let mut known = Vec::new();
    for lot in named.chunks(LOT) {
        let query = projects::table.filter(projects::project_id.eq_any(lot)).select(projects::project_id);
        let found: Vec<i64> = on!(conn, c => query.load(c))?;
        known.extend(found.into_iter().map(project_id).collect::<Result<Vec<_>, _>>()?);
    }
    let ids: BTreeSet<i64> = command.rows.iter().filter_map(|row| Some(row.id?.get())).collect();
    let highest = packages::table.select(diesel::dsl::max(packages::package_id));
    let highest: Option<i64> = on!(conn, c => highest.first(c))?;
    let next = next_id("packages.package_id", highest)?.max(Package::FIRST_ID);
    Ok(PutPackagesView {
        projects: known,
        packages: find_packages(conn, &ids.into_iter().collect::<Vec<_>>())?,
        next_id: package_id(next)?,
    })
}

fn write_packages(conn: &mut Conn<'_>, packages: &[Package]) -> Result<(), Error> {
    for lot in packages.chunks(LOT) {
        let rows: Vec<PackageRow> = lot.iter().map(PackageRow::of).collect();
        let put =
            diesel::insert_into(packages::table).values(rows).on_conflict(packages::package_id).do_update().set((
                packages::name.eq(excluded(packages::name)),
                packages::price_text.eq(excluded(packages::price_text)),
                packages::list_price_fen.eq(excluded(packages::list_price_fen)),
                packages::term_months.eq(excluded(packages::term_months)),
                packages::rank.eq(excluded(packages::rank)),
                packages::description.eq(excluded(packages::description)),
                packages::details.eq(excluded(packages::details)),
            ));
        on!(conn, c => put.execute(c))?;
    }
    Ok(())
}

fn put_packages<R>(
    conn: &mut Conn<'_>,
    command: &PutPackages,
    rule: PutPackagesRule,
    put: &mut Option<PutRows<Package, CatalogueRefusal>>,
) -> Result<PutRows<Package, CatalogueRefusal>, TxError<R>> {
    if command.mode == ImportMode::Write {
        locks::lock(conn, locks::StaffTable::Packages)?;
    }
    // An earlier try whose answer was lost may have put them there; those without an id would be put
    // once more.
    if let Some(done) = put.take()
        && are_there(conn, &done.taken)?
    {
        return Ok(done);
    }
    let plan = rule(command, &packages_view(conn, command)?);
    let rows = PutRows { taken: plan.packages, refused: plan.refused };
    if command.mode == ImportMode::Write {
        write_packages(conn, &rows.taken)?;
        *put = Some(rows.clone());
    }
    Ok(rows)
}

fn are_there<R>(conn: &mut Conn<'_>, taken: &[Package]) -> Result<bool, TxError<R>> {
    let mut taken = taken.to_vec();
    taken.sort_by_key(|package| package.id);
    let ids: Vec<i64> = taken.iter().map(|package| package.id.get()).collect();
    Ok(find_packages(conn, &ids)? == taken)
}

#[async_trait]
impl CatalogueStore for SqlStore {
    async fn put_project(
        &self,
        command: &PutProject,
        rule: PutProjectRule,
    ) -> Result<Project, EffectError<CatalogueRefusal>> {
        let command = command.clone();
        let mut put: Option<Project> = None;
        self.effect(move |conn| {
            locks::lock(conn, locks::StaffTable::Projects)?;
            // An earlier try whose answer was lost may have put it there.
            if let Some(project) = put.take()
                && find_project(conn, project.id)?.as_ref() == Some(&project)
            {
                return Ok(project);
            }
            let project = rule(&command, &project_view(conn, &command)?).map_err(TxError::Refused)?;
            write_project(conn, &project)?;
            put = Some(project.clone());
            Ok(project)
        })
        .await
    }

    async fn list_projects(&self, above: i64, limit: u32) -> Result<Vec<Project>, StoreError> {
        self.read(move |conn| {
            let query = projects::table
                .filter(projects::project_id.gt(above))
                .order(projects::project_id.asc())
                .limit(i64::from(limit));
            let rows: Vec<ProjectRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(ProjectRow::project).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn set_project_availability(
        &self,
        id: ProjectId,
        availability: Availability,
    ) -> Result<Project, EffectError<CatalogueRefusal>> {
        self.effect(move |conn| {
            let project = projects::table.find(id.get());
            match availability {
                Availability::Offered => {
                    let offer = diesel::update(project).set(projects::withdrawn_since.eq(None::<i64>));
                    on!(conn, c => offer.execute(c))?;
                }
                Availability::Withdrawn { since } => {
                    let withdraw = diesel::update(project.filter(projects::withdrawn_since.is_null()))
                        .set(projects::withdrawn_since.eq(since.timestamp_micros()));
                    on!(conn, c => withdraw.execute(c))?;
                }
            }
            find_project(conn, id)?.ok_or(TxError::Refused(CatalogueRefusal::ProjectNotFound))
        })
        .await
    }

    async fn put_packages(
        &self,
        command: &PutPackages,
        rule: PutPackagesRule,
    ) -> Result<PutRows<Package, CatalogueRefusal>, StoreError> {
        let command = command.clone();
        let mut put = None;
        match command.mode {
            ImportMode::Write => self.write(move |conn| put_packages(conn, &command, rule, &mut put)).await,
            ImportMode::DryRun => self.read_snapshot(move |conn| put_packages(conn, &command, rule, &mut put)).await,
        }
    }

    async fn list_packages(
        &self,
        project_id: Option<ProjectId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Package>, StoreError> {
        self.read(move |conn| {
            let query = packages::table
                .filter(packages::package_id.gt(above))
                .order(packages::package_id.asc())
                .limit(i64::from(limit));
            let rows: Vec<PackageRow> = match project_id {
                Some(id) => on!(conn, c => query.filter(packages::project_id.eq(id.get())).load(c))?,
                None => on!(conn, c => query.load(c))?,
            };
            Ok(rows.into_iter().map(PackageRow::package).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn set_package_availability(
        &self,
        id: PackageId,
        availability: Availability,
    ) -> Result<Package, EffectError<CatalogueRefusal>> {
        self.effect(move |conn| {
            let package = packages::table.find(id.get());
            match availability {
                Availability::Offered => {
                    let offer = diesel::update(package).set(packages::withdrawn_since.eq(None::<i64>));
                    on!(conn, c => offer.execute(c))?;
                }
                Availability::Withdrawn { since } => {
                    let withdraw = diesel::update(package.filter(packages::withdrawn_since.is_null()))
                        .set(packages::withdrawn_since.eq(since.timestamp_micros()));
                    on!(conn, c => withdraw.execute(c))?;
                }
            }
            find_package(conn, id)?.ok_or(TxError::Refused(CatalogueRefusal::PackageNotFound))
        })
        .await
    }
}
