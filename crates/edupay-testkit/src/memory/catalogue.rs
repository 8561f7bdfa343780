//! Projects and packages in memory.

use super::{MemoryStore, State, at_most, corrupt};
use async_trait::async_trait;
use edupay_domain::ids::{PackageId, ProjectId};
use edupay_domain::packages::{
    Availability, CatalogueRefusal, CatalogueStore, ImportMode, Package, Project, PutPackages, PutPackagesRule,
    PutPackagesView, PutProject, PutProjectRule, PutProjectView, PutRows,
};
use edupay_domain::store::{EffectError, StoreError};

impl State {
    fn put_packages_view(&self, command: &PutPackages) -> Result<PutPackagesView, StoreError> {
        let last = self.packages.last_key_value().map_or(0, |(id, _)| id.get());
        let next = last.saturating_add(1).max(Package::FIRST_ID);
        let (rows, known) = (&command.rows, |id: &ProjectId| self.projects.contains_key(id));
        Ok(PutPackagesView {
            projects: rows.iter().map(|row| row.project_id).filter(known).collect(),
            packages: rows.iter().filter_map(|row| self.packages.get(&row.id?)).cloned().collect(),
            next_id: PackageId::try_new(next).map_err(corrupt)?,
        })
    }
}

/// The first withdrawal is the one that counts.
fn changed(before: Availability, after: Availability) -> Availability {
    match (before, after) {
        (Availability::Withdrawn { .. }, Availability::Withdrawn { .. }) => before,
        _ => after,
    }
}

#[async_trait]
impl CatalogueStore for MemoryStore {
    async fn put_project(
        &self,
        command: &PutProject,
        rule: PutProjectRule,
    ) -> Result<Project, EffectError<CatalogueRefusal>> {
        self.transaction(|state| {
            let last = state.projects.last_key_value().map_or(0, |(id, _)| id.get());
            let view = PutProjectView {
                project: command.draft.id.and_then(|id| state.projects.get(&id)).cloned(),
                school: command.draft.school_id.filter(|id| state.schools.contains_key(id)),
                next_id: ProjectId::try_new(last.saturating_add(1)).map_err(corrupt)?,
            };
            let project = rule(command, &view).map_err(EffectError::Refused)?;
            state.projects.insert(project.id, project.clone());
            Ok(project)
        })
    }

    async fn list_projects(&self, above: i64, limit: u32) -> Result<Vec<Project>, StoreError> {
        self.transaction(|state| {
            let projects = state.projects.values().filter(|project| project.id.get() > above);
            Ok(at_most(projects.cloned(), limit))
        })
    }

    async fn set_project_availability(
        &self,
        id: ProjectId,
        availability: Availability,
    ) -> Result<Project, EffectError<CatalogueRefusal>> {
        self.transaction(|state| {
            let project = state.projects.get_mut(&id);
            let project = project.ok_or(EffectError::Refused(CatalogueRefusal::ProjectNotFound))?;
            project.availability = changed(project.availability, availability);
            Ok(project.clone())
        })
    }

    async fn put_packages(
        &self,
        command: &PutPackages,
        rule: PutPackagesRule,
    ) -> Result<PutRows<Package, CatalogueRefusal>, StoreError> {
        self.transaction(|state| {
            let plan = rule(command, &state.put_packages_view(command)?);
            if command.mode == ImportMode::Write {
                state.packages.extend(plan.packages.iter().map(|package| (package.id, package.clone())));
            }
            Ok(PutRows { taken: plan.packages, refused: plan.refused })
        })
    }

    async fn list_packages(
        &self,
        project_id: Option<ProjectId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Package>, StoreError> {
        self.transaction(|state| {
            let packages = state.packages.values().filter(|package| package.id.get() > above);
            let of_project = packages.filter(|package| project_id.is_none_or(|id| package.project_id == id));
            Ok(at_most(of_project.cloned(), limit))
        })
    }

    async fn set_package_availability(
        &self,
        id: PackageId,
        availability: Availability,
    ) -> Result<Package, EffectError<CatalogueRefusal>> {
        self.transaction(|state| {
            let package = state.packages.get_mut(&id);
            let package = package.ok_or(EffectError::Refused(CatalogueRefusal::PackageNotFound))?;
            package.availability = changed(package.availability, availability);
            Ok(package.clone())
        })
    }
}
