//! Packages, kept by staff. A price that changes touches no purchase that was made before.

use super::page::{PageQuery, PageView};
use super::path;
use crate::config::HttpConfig;
use crate::extract::{
    Body, Decode, InOrder, Params, Reader, Staff, amount_fen, details, id, text, text_or_empty, whole_number,
};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::{PackageId, ProjectId};
use edupay_domain::money::Money;
use edupay_domain::packages::{Detail, ImportMode, Package, PackageDraft, Term};
use serde::Serialize;
use utoipa::ToSchema;

/// A package.
#[derive(Serialize, ToSchema)]
#[schema(as = Package)]
pub(crate) struct PackageView {
    /// Its id: the item id of the campus API.
    #[schema(example = 10000001)]
    package_id: i64,
    /// Of which project.
    project_id: i64,
    /// Its name.
    name: String,
    /// Its price as people read it.
    #[schema(example = "¥158元/年")]
    price_text: String,
    /// Its price for the whole term.
    #[schema(example = 15800)]
    list_price_fen: i64,
    /// For how many calendar months it is bought.
    #[schema(example = 12)]
    term_months: u32,
    /// Its place in lists: the lowest first.
    rank: i32,
    /// What it is.
    description: String,
    /// What it has.
    details: Vec<PackageDetailView>,
    /// `offered`, or `withdrawn`.
    #[schema(example = "offered")]
    status: &'static str,
}

/// One thing that a package has.
#[derive(Serialize, ToSchema)]
#[schema(as = PackageDetail)]
pub(crate) struct PackageDetailView {
    /// The address of a picture.
    icon: String,
    /// What it is.
    title: String,
    /// More about it.
    content: String,
}

impl From<Package> for PackageView {
    fn from(package: Package) -> Self {
        let detail =
            |detail: Detail| PackageDetailView { icon: detail.icon, title: detail.title, content: detail.content };
        Self {
            package_id: package.id.get(),
            project_id: package.project_id.get(),
            name: package.name,
            price_text: package.price_text,
            list_price_fen: package.list_price.fen(),
            term_months: package.term.months(),
            rank: package.rank,
            description: package.description,
            details: package.details.into_iter().map(detail).collect(),
            status: package.availability.code(),
        }
    }
}

/// A package to be stored, whole: texts that are left out become empty. Its project never changes.
#[derive(ToSchema)]
pub(crate) struct PackageBody {
    /// Of which project.
    #[schema(value_type = i64, minimum = 1)]
    project_id: ProjectId,
    /// Its name, without commas.
    #[schema(max_length = 100)]
    name: String,
    /// Its price as people read it: shown, never used.
    #[schema(value_type = Option<String>, max_length = 100)]
    price_text: String,
    /// Its price for the whole term.
    #[schema(value_type = i64, minimum = 1, example = 15800)]
    list_price_fen: Money,
    /// For how many calendar months it is bought.
    #[schema(value_type = u32, minimum = 1, maximum = 120, example = 12)]
    term_months: Term,
    /// Its place in lists; 0 if nothing is said.
    #[schema(value_type = Option<i32>)]
    rank: i32,
    /// What it is.
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: String,
    /// What it has: objects with `icon`, `title` and `content`.
    #[schema(value_type = Option<Vec<PackageDetailView>>, max_items = 50)]
    details: Vec<Detail>,
}

impl Decode for PackageBody {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let project_id = reader.required("project_id", id(ProjectId::try_new));
        let name = reader.required("name", text(Package::MAX_NAME));
        let price_text = reader.optional("price_text", text_or_empty(Package::MAX_NAME));
        let list_price_fen = reader.required("list_price_fen", amount_fen(config.max_amount));
        let term_months = reader
            .required("term_months", |value| Term::try_new(whole_number(value)?).map_err(|_| FieldError::Invalid));
        let rank = reader.optional("rank", whole_number);
        let description = reader.optional("description", text_or_empty(Package::MAX_TEXT));
        let details = reader.optional("details", details);
        Some(Self {
            project_id: project_id?,
            name: name?,
            price_text: price_text?.unwrap_or_default(),
            list_price_fen: list_price_fen?,
            term_months: term_months?,
            rank: rank?.unwrap_or_default(),
            description: description?.unwrap_or_default(),
            details: details?.unwrap_or_default(),
        })
    }
}

impl PackageBody {
    fn draft(self, id: Option<PackageId>) -> PackageDraft {
        PackageDraft {
            id,
            project_id: self.project_id,
            name: self.name,
            price_text: self.price_text,
            list_price: self.list_price_fen,
            term: self.term_months,
            rank: self.rank,
            description: self.description,
            details: self.details,
        }
    }
}

/// Of which project.
pub(crate) struct PackagesQuery {
    page: PageQuery,
    project_id: Option<ProjectId>,
}

impl Decode for PackagesQuery {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let page = PageQuery::decode(reader, config);
        let project_id = reader.optional("project_id", id(ProjectId::try_new));
        Some(Self { page: page?, project_id: project_id? })
    }
}

/// Lists packages, by id, withdrawn ones too. Staff only.
#[utoipa::path(
    get, path = "/v1/packages", operation_id = "list_packages", tag = "staff", security(("token" = [])),
    params(PageQuery, ("project_id" = Option<i64>, Query, description = "Only those of this project", minimum = 1)),
    responses((status = 200, body = PageView<PackageView>, description = "A page of packages"))
)]
pub(crate) async fn list_packages(
    state: Data<State>,
    InOrder(_, Params(query)): InOrder<Staff, Params<PackagesQuery>>,
) -> Result<Json<PageView<PackageView>>, Failure> {
    let PackagesQuery { page, project_id } = query;
    let packages = state.services.campus.list_packages(project_id, page.cursor.unwrap_or(0), page.limit).await?;
    Ok(Json(PageView::of(packages, page.limit, |package| package.id, PackageView::from)))
}

/// Adds a package. A repeat adds another one. Staff only.
#[utoipa::path(
    post, path = "/v1/packages", operation_id = "create_package", tag = "staff", security(("token" = [])),
    request_body = PackageBody,
    responses((
        status = 201, body = PackageView, description = "The package",
        links(("withdraw" = (
            operation_id = "withdraw_package", parameters(("package_id" = "$response.body#/package_id"))
        )))
    ))
)]
pub(crate) async fn create_package(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<PackageBody>>,
) -> Result<HttpResponse, Failure> {
    let package = put(&state, body.draft(None)).await?;
    Ok(HttpResponse::Created().json(package))
}

/// Stores a package under its id. A repeat changes nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/packages/{package_id}", operation_id = "put_package", tag = "staff", security(("token" = [])),
    params(("package_id" = i64, Path, description = "The package's id", minimum = 1)),
    request_body = PackageBody,
    responses((status = 200, body = PackageView, description = "The package"))
)]
pub(crate) async fn put_package(
    state: Data<State>,
    InOrder(_, InOrder(package_id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<PackageBody>>>,
) -> Result<Json<PackageView>, Failure> {
    let id = path::id(&package_id, PackageId::choose)?;
    put(&state, body.draft(Some(id))).await.map(Json)
}

async fn put(state: &State, draft: PackageDraft) -> Result<PackageView, Failure> {
    let mut rows = state.services.campus.put_packages(vec![draft], ImportMode::Write).await?;
    match (rows.taken.pop(), rows.refused.pop()) {
        (Some(package), _) => Ok(package.into()),
        (None, Some(row)) => Err(row.refusal.into()),
        (None, None) => Err(Failure::Internal("a row was neither taken nor refused")),
    }
}

/// Offers a package. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/packages/{package_id}/offer", operation_id = "offer_package", tag = "staff",
    security(("token" = [])), params(("package_id" = i64, Path, description = "The package's id", minimum = 1)),
    responses((status = 200, body = PackageView, description = "The package"))
)]
pub(crate) async fn offer_package(
    state: Data<State>,
    InOrder(_, package_id): InOrder<Staff, Path<String>>,
) -> Result<Json<PackageView>, Failure> {
    let id = path::id(&package_id, PackageId::try_new)?;
    Ok(Json(state.services.campus.offer_package(id).await?.into()))
}

/// Withdraws a package; what is paid for it later goes back. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/packages/{package_id}/withdraw", operation_id = "withdraw_package", tag = "staff",
    security(("token" = [])), params(("package_id" = i64, Path, description = "The package's id", minimum = 1)),
    responses((status = 200, body = PackageView, description = "The package"))
)]
pub(crate) async fn withdraw_package(
    state: Data<State>,
    InOrder(_, package_id): InOrder<Staff, Path<String>>,
) -> Result<Json<PackageView>, Failure> {
    let id = path::id(&package_id, PackageId::try_new)?;
    Ok(Json(state.services.campus.withdraw_package(id).await?.into()))
}
