//! Schools, kept by staff.

use super::page::{PageQuery, PageView};
use super::path;
use crate::config::HttpConfig;
use crate::extract::{Body, Decode, InOrder, Params, Reader, Staff, text};
use crate::failure::Failure;
use crate::services::State;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::SchoolId;
use edupay_domain::packages::{PutSchool, School, StudentTexts};
use serde::Serialize;
use utoipa::ToSchema;

/// A school.
#[derive(Serialize, ToSchema)]
#[schema(as = School)]
pub(crate) struct SchoolView {
    /// Its id.
    #[schema(example = 1)]
    school_id: i64,
    /// Its name.
    name: String,
}

impl From<School> for SchoolView {
    fn from(school: School) -> Self {
        Self { school_id: school.id.get(), name: school.name }
    }
}

/// A school to be stored.
#[derive(ToSchema)]
pub(crate) struct SchoolBody {
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
}

impl Decode for SchoolBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        Some(Self { name: reader.required("name", text(StudentTexts::MAX_TEXT))? })
    }
}

/// Lists schools, by id. Staff only.
#[utoipa::path(
    get, path = "/v1/schools", operation_id = "list_schools", tag = "staff", security(("token" = [])),
    params(PageQuery),
    responses((status = 200, body = PageView<SchoolView>, description = "A page of schools"))
)]
pub(crate) async fn list_schools(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<PageQuery>>,
) -> Result<Json<PageView<SchoolView>>, Failure> {
    let schools = state.services.campus.list_schools(page.cursor.unwrap_or(0), page.limit).await?;
    Ok(Json(PageView::of(schools, page.limit, |school| school.id, SchoolView::from)))
}

/// Adds a school. A repeat adds another one. Staff only.
#[utoipa::path(
    post, path = "/v1/schools", operation_id = "create_school", tag = "staff", security(("token" = [])),
    request_body = SchoolBody,
    responses((
        status = 201, body = SchoolView, description = "The school",
        links(("put" = (operation_id = "put_school", parameters(("school_id" = "$response.body#/school_id")))))
    ))
)]
pub(crate) async fn create_school(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<SchoolBody>>,
) -> Result<HttpResponse, Failure> {
    let school = state.services.campus.put_school(PutSchool { id: None, name: body.name }).await?;
    Ok(HttpResponse::Created().json(SchoolView::from(school)))
}

/// Stores a school under its id. A repeat changes nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/schools/{school_id}", operation_id = "put_school", tag = "staff", security(("token" = [])),
    params(("school_id" = i64, Path, description = "The school's id", minimum = 1)),
    request_body = SchoolBody,
    responses((status = 200, body = SchoolView, description = "The school"))
)]
pub(crate) async fn put_school(
    state: Data<State>,
    InOrder(_, InOrder(id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<SchoolBody>>>,
) -> Result<Json<SchoolView>, Failure> {
    let id = Some(path::id(&id, SchoolId::choose)?);
    let school = state.services.campus.put_school(PutSchool { id, name: body.name }).await?;
    Ok(Json(school.into()))
}
