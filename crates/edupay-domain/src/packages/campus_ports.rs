//! What staff keeps: schools, students, cards, guardians, projects, packages. None of it is on the path
//! of a payment but for reading.

use super::error::{CampusRefusal, CatalogueRefusal};
use super::model::{
    Availability, BindGuardian, Package, Project, PutPackages, PutProject, PutSchool, PutStudents, RefusedRow,
    ReplaceCard, School, Student,
};
use super::rules::{
    PutPackagesPlan, PutPackagesView, PutProjectView, PutStudentsPlan, PutStudentsView, ReplaceCardView,
};
use crate::ids::{PackageId, ProjectId, SchoolId, UserId};
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of storing a chunk of students.
pub type PutStudentsRule = fn(&PutStudents, &PutStudentsView) -> PutStudentsPlan;
/// The pure rule of replacing a card.
pub type ReplaceCardRule = fn(&ReplaceCard, &ReplaceCardView) -> Result<Student, CampusRefusal>;
/// The pure rule of storing a project.
pub type PutProjectRule = fn(&PutProject, &PutProjectView) -> Result<Project, CatalogueRefusal>;
/// The pure rule of storing a chunk of packages.
pub type PutPackagesRule = fn(&PutPackages, &PutPackagesView) -> PutPackagesPlan;

/// What became of a chunk of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRows<T, R> {
    /// What is stored now, or would be, in the order of the rows that were taken.
    pub taken: Vec<T>,
    /// What was refused.
    pub refused: Vec<RefusedRow<R>>,
}

/// Schools, students, cards and guardians.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CampusStore: Send + Sync {
    /// Stores a school: the one of this id, or the next id, above every one that was given. A repeat
    /// with an id changes nothing.
    async fn put_school(&self, school: &PutSchool) -> Result<School, StoreError>;

    /// The schools above an id, by id.
    async fn list_schools(&self, above: i64, limit: u32) -> Result<Vec<School>, StoreError>;

    /// Loads the view, applies the rule, writes the plan: all of the chunk in one transaction, or
    /// nothing on a dry run. A user that is made has an empty wallet;
    /// [`UserStore::create_user`](crate::accounts::UserStore::create_user) MUST never draw an id that
    /// was taken here.
    async fn put_students(
        &self,
        command: &PutStudents,
        rule: PutStudentsRule,
    ) -> Result<PutRows<Student, CampusRefusal>, StoreError>;

    /// One student.
    async fn find_student(&self, user_id: UserId) -> Result<Option<Student>, StoreError>;

    /// The students above an id, by id; of one school, or of all. MUST cost the same for the last page
    /// as for the first.
    async fn list_students(
        &self,
        school_id: Option<SchoolId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Student>, StoreError>;

    /// Locks the student, applies the rule, stores the cards. MUST NOT let two students have one
    /// current card, also when two come at once.
    async fn replace_card(
        &self,
        command: &ReplaceCard,
        rule: ReplaceCardRule,
    ) -> Result<Student, EffectError<CampusRefusal>>;

    /// Lets the guardian act for the student. A repeat changes nothing.
    async fn bind_guardian(&self, command: &BindGuardian) -> Result<(), EffectError<CampusRefusal>>;

    /// From now on the guardian may not; `false` when there was no binding.
    async fn unbind_guardian(&self, command: &BindGuardian) -> Result<bool, StoreError>;

    /// Who may act for the student, by id.
    async fn guardians(&self, user_id: UserId) -> Result<Vec<UserId>, StoreError>;
}

/// Projects and packages.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CatalogueStore: Send + Sync {
    /// Loads the view, applies the rule, stores the project. A repeat with an id changes nothing.
    async fn put_project(
        &self,
        command: &PutProject,
        rule: PutProjectRule,
    ) -> Result<Project, EffectError<CatalogueRefusal>>;

    /// The projects above an id, by id.
    async fn list_projects(&self, above: i64, limit: u32) -> Result<Vec<Project>, StoreError>;

    /// Offers or withdraws a project. One that is withdrawn stays so since the first time.
    async fn set_project_availability(
        &self,
        id: ProjectId,
        availability: Availability,
    ) -> Result<Project, EffectError<CatalogueRefusal>>;

    /// Loads the view, applies the rule, writes the plan: all of the chunk in one transaction, or
    /// nothing on a dry run.
    async fn put_packages(
        &self,
        command: &PutPackages,
        rule: PutPackagesRule,
    ) -> Result<PutRows<Package, CatalogueRefusal>, StoreError>;

    /// The packages above an id, by id, withdrawn ones too; of one project, or of all.
    async fn list_packages(
        &self,
        project_id: Option<ProjectId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Package>, StoreError>;

    /// Offers or withdraws a package. One that is withdrawn stays so since the first time.
    async fn set_package_availability(
        &self,
        id: PackageId,
        availability: Availability,
    ) -> Result<Package, EffectError<CatalogueRefusal>>;
}
