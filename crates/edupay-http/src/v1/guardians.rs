//! Cards and guardians of students, kept by staff.

use super::path;
use super::students::StudentView;
use crate::config::HttpConfig;
use crate::extract::{Body, Decode, InOrder, Reader, Staff, card_no};
use crate::failure::{Failure, Refusal};
use crate::services::State;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::{CardNo, UserId};
use edupay_domain::packages::CampusRefusal;
use serde::Serialize;
use utoipa::ToSchema;

/// A card to be used from now on.
#[derive(ToSchema)]
pub(crate) struct CardBody {
    /// The number on it.
    #[schema(value_type = String, max_length = 32, example = "335731330")]
    card_no: CardNo,
}

impl Decode for CardBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        Some(Self { card_no: reader.required("card_no", card_no)? })
    }
}

/// Who may act for a student.
#[derive(Serialize, ToSchema)]
#[schema(as = Guardians)]
pub(crate) struct GuardiansView {
    /// The student.
    user_id: i64,
    /// Their user ids.
    guardians: Vec<i64>,
}

/// Gives a student another card; the one before stays in the history. A repeat changes nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/students/{user_id}/card", operation_id = "replace_card", tag = "staff", security(("token" = [])),
    params(("user_id" = i64, Path, description = "The student's user id", minimum = 1)),
    request_body = CardBody,
    responses((status = 200, body = StudentView, description = "The student"))
)]
pub(crate) async fn replace_card(
    state: Data<State>,
    InOrder(_, InOrder(user_id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<CardBody>>>,
) -> Result<Json<StudentView>, Failure> {
    let user_id = path::id(&user_id, UserId::try_new)?;
    Ok(Json(state.services.campus.replace_card(user_id, body.card_no).await?.into()))
}

/// Lists who may act for a student. Staff only.
#[utoipa::path(
    get, path = "/v1/students/{user_id}/guardians", operation_id = "list_guardians", tag = "staff",
    security(("token" = [])),
    params(("user_id" = i64, Path, description = "The student's user id", minimum = 1)),
    responses((status = 200, body = GuardiansView, description = "The guardians"))
)]
pub(crate) async fn list_guardians(
    state: Data<State>,
    InOrder(_, user_id): InOrder<Staff, Path<String>>,
) -> Result<Json<GuardiansView>, Failure> {
    shown(&state, path::id(&user_id, UserId::try_new)?).await
}

/// Lets a user act for a student. A repeat changes nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/students/{user_id}/guardians/{guardian_id}", operation_id = "bind_guardian", tag = "staff",
    security(("token" = [])),
    params(
        ("user_id" = i64, Path, description = "The student's user id", minimum = 1),
        ("guardian_id" = i64, Path, description = "The guardian's user id", minimum = 1)
    ),
    responses((status = 200, body = GuardiansView, description = "The guardians after it"))
)]
pub(crate) async fn bind_guardian(
    state: Data<State>,
    InOrder(_, ids): InOrder<Staff, Path<(String, String)>>,
) -> Result<Json<GuardiansView>, Failure> {
    let (user_id, guardian) = both(&ids)?;
    state.services.campus.bind_guardian(guardian, user_id).await?;
    shown(&state, user_id).await
}

/// From now on the user may not act for the student. A repeat changes nothing. Staff only.
#[utoipa::path(
    delete, path = "/v1/students/{user_id}/guardians/{guardian_id}", operation_id = "unbind_guardian", tag = "staff",
    security(("token" = [])),
    params(
        ("user_id" = i64, Path, description = "The student's user id", minimum = 1),
        ("guardian_id" = i64, Path, description = "The guardian's user id", minimum = 1)
    ),
    responses((status = 200, body = GuardiansView, description = "The guardians after it"))
)]
pub(crate) async fn unbind_guardian(
    state: Data<State>,
    InOrder(_, ids): InOrder<Staff, Path<(String, String)>>,
) -> Result<Json<GuardiansView>, Failure> {
    let (user_id, guardian) = both(&ids)?;
    state.services.campus.unbind_guardian(guardian, user_id).await?;
    shown(&state, user_id).await
}

fn both((user_id, guardian): &(String, String)) -> Result<(UserId, UserId), Failure> {
    Ok((path::id(user_id, UserId::try_new)?, path::id(guardian, UserId::try_new)?))
}

async fn shown(state: &State, user_id: UserId) -> Result<Json<GuardiansView>, Failure> {
    let campus = &state.services.campus;
    campus.find_student(user_id).await?.ok_or(Refusal::Campus(CampusRefusal::StudentNotFound))?;
    let guardians = campus.guardians(user_id).await?;
    Ok(Json(GuardiansView { user_id: user_id.get(), guardians: guardians.into_iter().map(UserId::get).collect() }))
}
