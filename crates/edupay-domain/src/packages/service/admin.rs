//! What staff does: schools, students, cards, guardians, projects, packages.

use crate::accounts::{Credentials, PasswordHash};
use crate::clock::Clock;
use crate::ids::{CardNo, IdSource, PackageId, ProjectId, SchoolId, UserId};
use crate::money::Money;
use crate::packages::campus_ports::{CampusStore, CatalogueStore, PutRows};
use crate::packages::error::{CampusRefusal, CatalogueRefusal};
use crate::packages::model::{
    Availability, BindGuardian, ImportMode, Package, PackageDraft, Project, ProjectDraft, PutPackages, PutProject,
    PutSchool, PutStudents, ReplaceCard, School, Student, StudentDraft,
};
use crate::packages::rules::{check_school, put_packages, put_project, put_students, replace_card};
use crate::store::{EffectError, StoreError};
use std::sync::{Arc, OnceLock};

/// The parts of [`CampusService`].
pub struct CampusAdmin {
    /// Schools and people.
    pub campus: Arc<dyn CampusStore>,
    /// Projects and packages.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Secrets: a student's user gets a password that nobody knows.
    pub credentials: Arc<dyn Credentials>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// No package costs more.
    pub max_price: Money,
}

/// Keeps schools, students and the catalogue. Whether the caller is staff is decided before.
///
/// ```
/// # use edupay_domain::{packages::*, accounts::*, clock::*, ids::*, money::Money, store::EffectError};
/// # use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// let service = CampusService::new(CampusAdmin {
///     campus: Arc::new(MockCampusStore::new()), // nothing is expected: nothing may be written
///     catalogue: Arc::new(MockCatalogueStore::new()),
///     credentials: Arc::new(MockCredentials::new()),
///     clock: Arc::new(clock),
///     ids: Arc::new(MockIdSource::new()),
///     max_price: Money::from_fen_u32(5_000_000),
/// });
/// let refused = service.put_school(PutSchool { id: None, name: String::new() }).await;
/// assert!(matches!(refused, Err(EffectError::Refused(CampusRefusal::BadText("name")))));
/// # }
/// ```
#[derive(Clone)]
pub struct CampusService {
    parts: Arc<CampusAdmin>,
    locked: Arc<OnceLock<PasswordHash>>,
}

impl CampusService {
    /// The most rows of one page.
    pub const MAX_PAGE: u32 = 1_000;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: CampusAdmin) -> Self {
        Self { parts: Arc::new(parts), locked: Arc::default() }
    }

    /// No price is above this: for whoever reads rows.
    #[must_use]
    pub fn max_price(&self) -> Money {
        self.parts.max_price
    }

    /// Stores a school. A repeat with an id changes nothing; one without makes another school.
    ///
    /// # Errors
    /// [`CampusRefusal::BadText`].
    pub async fn put_school(&self, school: PutSchool) -> Result<School, EffectError<CampusRefusal>> {
        check_school(&school).map_err(EffectError::Refused)?;
        Ok(self.parts.campus.put_school(&school).await?)
    }

    /// The schools above an id, by id; `limit` is cut to 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_schools(&self, above: i64, limit: u32) -> Result<Vec<School>, StoreError> {
        self.parts.campus.list_schools(above, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Stores a chunk of students, or tells what it would refuse. Rows that are refused do not keep the
    /// others from being stored; a chunk that could not be stored is stored in no part. A repeat
    /// changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_students(
        &self,
        rows: Vec<StudentDraft>,
        mode: ImportMode,
    ) -> Result<PutRows<Student, CampusRefusal>, StoreError> {
        let (password, at) = (self.locked().await?, self.parts.clock.now());
        let command = PutStudents { rows, mode, password, app_account_token: self.parts.ids.app_account_token(), at };
        self.parts.campus.put_students(&command, put_students).await
    }

    /// The hash of a password that nobody knows: made once, since making one is slow on purpose.
    async fn locked(&self) -> Result<PasswordHash, StoreError> {
        if let Some(hash) = self.locked.get() {
            return Ok(hash.clone());
        }
        let secret = self.parts.credentials.draw_token().reveal().to_owned();
        let hash = self.parts.credentials.hash_password(secret).await?;
        Ok(self.locked.get_or_init(|| hash).clone())
    }

    /// One student.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_student(&self, user_id: UserId) -> Result<Option<Student>, StoreError> {
        self.parts.campus.find_student(user_id).await
    }

    /// The students above an id, by id; of one school, or of all. `limit` is cut to
    /// 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_students(
        &self,
        school_id: Option<SchoolId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Student>, StoreError> {
        self.parts.campus.list_students(school_id, above, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Gives a student another card; the one before stays in the history. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CampusRefusal::StudentNotFound`] and [`CampusRefusal::CardTaken`].
    pub async fn replace_card(&self, user_id: UserId, card_no: CardNo) -> Result<Student, EffectError<CampusRefusal>> {
        let command = ReplaceCard { user_id, card_no, at: self.parts.clock.now() };
        self.parts.campus.replace_card(&command, replace_card).await
    }

    /// Lets the guardian act for the student. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CampusRefusal`] when there is no such student or user, or they are the same.
    pub async fn bind_guardian(&self, guardian: UserId, user_id: UserId) -> Result<(), EffectError<CampusRefusal>> {
        if guardian == user_id {
            return Err(EffectError::Refused(CampusRefusal::OwnGuardian));
        }
        let command = BindGuardian { guardian, user_id, at: self.parts.clock.now() };
        self.parts.campus.bind_guardian(&command).await
    }

    /// From now on the guardian may not act for the student; `false` when there was no binding.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unbind_guardian(&self, guardian: UserId, user_id: UserId) -> Result<bool, StoreError> {
        let command = BindGuardian { guardian, user_id, at: self.parts.clock.now() };
        self.parts.campus.unbind_guardian(&command).await
    }

    /// Who may act for the student, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn guardians(&self, user_id: UserId) -> Result<Vec<UserId>, StoreError> {
        self.parts.campus.guardians(user_id).await
    }

    /// Stores a project. A repeat with an id changes nothing; one without makes another project.
    ///
    /// # Errors
    /// [`CatalogueRefusal`].
    pub async fn put_project(&self, draft: ProjectDraft) -> Result<Project, EffectError<CatalogueRefusal>> {
        self.parts.catalogue.put_project(&PutProject { draft }, put_project).await
    }

    /// The projects above an id, by id; `limit` is cut to 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_projects(&self, above: i64, limit: u32) -> Result<Vec<Project>, StoreError> {
        self.parts.catalogue.list_projects(above, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Stores a chunk of packages, or tells what it would refuse. A changed price touches no purchase
    /// that was made before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_packages(
        &self,
        rows: Vec<PackageDraft>,
        mode: ImportMode,
    ) -> Result<PutRows<Package, CatalogueRefusal>, StoreError> {
        let command = PutPackages { rows, max_price: self.parts.max_price, mode };
        self.parts.catalogue.put_packages(&command, put_packages).await
    }

    /// The packages above an id, by id; of one project, or of all. `limit` is cut to
    /// 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_packages(
        &self,
        project_id: Option<ProjectId>,
        above: i64,
        limit: u32,
    ) -> Result<Vec<Package>, StoreError> {
        self.parts.catalogue.list_packages(project_id, above, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Withdraws a package from now on; what is paid for it later goes back. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CatalogueRefusal::PackageNotFound`].
    pub async fn withdraw_package(&self, id: PackageId) -> Result<Package, EffectError<CatalogueRefusal>> {
        let since = self.parts.clock.now();
        self.parts.catalogue.set_package_availability(id, Availability::Withdrawn { since }).await
    }

    /// Offers a package again. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CatalogueRefusal::PackageNotFound`].
    pub async fn offer_package(&self, id: PackageId) -> Result<Package, EffectError<CatalogueRefusal>> {
        self.parts.catalogue.set_package_availability(id, Availability::Offered).await
    }

    /// Withdraws a project, and with it all its packages. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CatalogueRefusal::ProjectNotFound`].
    pub async fn withdraw_project(&self, id: ProjectId) -> Result<Project, EffectError<CatalogueRefusal>> {
        let since = self.parts.clock.now();
        self.parts.catalogue.set_project_availability(id, Availability::Withdrawn { since }).await
    }

    /// Offers a project again. A repeat changes nothing.
    ///
    /// # Errors
    /// [`CatalogueRefusal::ProjectNotFound`].
    pub async fn offer_project(&self, id: ProjectId) -> Result<Project, EffectError<CatalogueRefusal>> {
        self.parts.catalogue.set_project_availability(id, Availability::Offered).await
    }
}
