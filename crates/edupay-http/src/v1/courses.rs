//! The catalogue: what can be ordered, and what the caller owns.

use super::page::PageView;
use crate::config::HttpConfig;
use crate::extract::{Body, Caller, Decode, InOrder, Reader, Staff, amount_fen, text};
use crate::failure::Failure;
use crate::services::State;
use crate::wire::time;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use edupay_domain::accounts::Role;
use edupay_domain::ids::CourseId;
use edupay_domain::money::Money;
use edupay_domain::products::{Course, CourseStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// A course, as its reader has it.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnedCourse)]
pub(crate) struct OwnedCourseView {
    #[serde(flatten)]
    course: CourseView,
    /// Whether the caller owns it.
    owned: bool,
}

/// A course.
#[derive(Serialize, ToSchema)]
#[schema(as = Course)]
pub(crate) struct CourseView {
    /// Its id.
    #[schema(example = 1)]
    course_id: i64,
    /// Its name.
    #[schema(example = "collection的使用")]
    name: String,
    /// Its price.
    #[schema(example = 9900)]
    price_fen: i64,
    /// `offered`, or `withdrawn`.
    #[schema(example = "offered")]
    status: &'static str,
    /// When it was added.
    created_at: String,
}

impl From<Course> for CourseView {
    fn from(course: Course) -> Self {
        Self {
            course_id: course.id.get(),
            name: course.name,
            price_fen: course.price.fen(),
            status: match course.status {
                CourseStatus::Offered => "offered",
                CourseStatus::Withdrawn => "withdrawn",
            },
            created_at: time(course.created_at),
        }
    }
}

/// A course to be added.
#[derive(ToSchema)]
pub(crate) struct CourseBody {
    /// Readable text without commas.
    #[schema(max_length = 100)]
    name: String,
    /// Its price.
    #[schema(value_type = i64, minimum = 1, example = 9900)]
    price_fen: Money,
}

impl Decode for CourseBody {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let name = reader.required("name", text(Course::MAX_NAME));
        let price_fen = reader.required("price_fen", amount_fen(config.max_amount));
        Some(Self { name: name?, price_fen: price_fen? })
    }
}

/// Lists the courses that are offered or owned; staff sees all.
#[utoipa::path(
    get, path = "/v1/courses", operation_id = "list_courses", tag = "courses", security(("token" = [])),
    responses((status = 200, body = PageView<OwnedCourseView>, description = "All courses on one page"))
)]
pub(crate) async fn list_courses(
    state: Data<State>,
    caller: Caller,
) -> Result<Json<PageView<OwnedCourseView>>, Failure> {
    let owned = state.services.orders.owned_courses(caller.user.id).await?;
    let courses = state.services.products.list_courses().await?;
    let all = caller.user.role == Role::Staff;
    let courses = courses.into_iter().map(|course| (owned.contains(&course.id), course));
    let seen = courses.filter(|(owned, course)| all || *owned || course.status == CourseStatus::Offered);
    let items = seen.map(|(owned, course)| OwnedCourseView { course: course.into(), owned });
    Ok(Json(PageView::whole(items.collect())))
}

/// Adds a course. A repeat adds another one. Staff only.
#[utoipa::path(
    post, path = "/v1/courses", operation_id = "create_course", tag = "staff", security(("token" = [])),
    request_body = CourseBody,
    responses((
        status = 201, body = CourseView, description = "The course",
        links(
            ("withdraw" = (operation_id = "withdraw_course", parameters(("course_id" = "$response.body#/course_id")))),
            ("offer" = (operation_id = "offer_course", parameters(("course_id" = "$response.body#/course_id"))))
        )
    ))
)]
pub(crate) async fn create_course(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<CourseBody>>,
) -> Result<HttpResponse, Failure> {
    let products = state.services.products.clone();
    let course = products.create_course(body.name, body.price_fen).await?;
    Ok(HttpResponse::Created().json(CourseView::from(course)))
}

/// Offers a course. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/courses/{course_id}/offer", operation_id = "offer_course", tag = "staff",
    security(("token" = [])), params(("course_id" = i64, Path, description = "The course's id", minimum = 1)),
    responses((status = 200, body = CourseView, description = "The course"))
)]
pub(crate) async fn offer_course(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<CourseView>, Failure> {
    set_status(&state, &id, CourseStatus::Offered).await
}

/// Withdraws a course; orders made before can still be paid. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/courses/{course_id}/withdraw", operation_id = "withdraw_course", tag = "staff",
    security(("token" = [])), params(("course_id" = i64, Path, description = "The course's id", minimum = 1)),
    responses((status = 200, body = CourseView, description = "The course"))
)]
pub(crate) async fn withdraw_course(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<CourseView>, Failure> {
    set_status(&state, &id, CourseStatus::Withdrawn).await
}

async fn set_status(state: &State, id: &str, status: CourseStatus) -> Result<Json<CourseView>, Failure> {
    let id = id.parse().ok().and_then(|id| CourseId::try_new(id).ok()).ok_or(Failure::NotFound)?;
    let products = state.services.products.clone();
    let course = products.set_course_status(id, status).await?;
    Ok(Json(course.into()))
}
