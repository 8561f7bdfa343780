//! Students, kept by staff. A student is a user; storing one makes the user where there is none.

use super::page::{PageQuery, PageView};
use super::path;
use crate::config::HttpConfig;
use crate::extract::{Body, Decode, InOrder, Params, Reader, Staff, card_no, id, text, text_or_empty, user_ids};
use crate::failure::{Failure, Refusal};
use crate::services::State;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::{CardNo, SchoolId, UserId};
use edupay_domain::packages::{CampusRefusal, Card, ImportMode, Student, StudentDraft, StudentTexts};
use serde::Serialize;
use utoipa::ToSchema;

/// A student.
#[derive(Serialize, ToSchema)]
#[schema(as = Student)]
pub(crate) struct StudentView {
    /// The user's id: the `userID` of the campus API.
    #[schema(example = 10129580)]
    user_id: i64,
    /// Of which school.
    school_id: i64,
    /// The name.
    name: String,
    /// The address of a picture.
    photo: String,
    /// The grade.
    grade_name: String,
    /// The class.
    class_name: String,
    /// The phone number that SMS packages are for.
    mobile: String,
    /// The number of the device in the card.
    imei: String,
    /// The number of the SIM in the card.
    sim: String,
    /// The number of the card that is in use.
    card_no: Option<String>,
    /// All cards, oldest first.
    cards: Vec<CardView>,
}

/// A card.
#[derive(Serialize, ToSchema)]
#[schema(as = Card)]
pub(crate) struct CardView {
    /// The number on it.
    card_no: String,
    /// Since when, `yyyy-MM-dd` in Beijing.
    issued_on: String,
    /// When another took its place.
    replaced_on: Option<String>,
}

impl From<&Card> for CardView {
    fn from(card: &Card) -> Self {
        Self {
            card_no: card.card_no.to_string(),
            issued_on: card.issued_on.to_string(),
            replaced_on: card.replaced_on.map(|day| day.to_string()),
        }
    }
}

impl From<Student> for StudentView {
    fn from(student: Student) -> Self {
        let card_no = student.card().map(|card| card.card_no.to_string());
        let cards = student.cards.iter().map(CardView::from).collect();
        let texts = student.texts;
        Self {
            user_id: student.user_id.get(),
            school_id: student.school_id.get(),
            name: texts.name,
            photo: texts.photo,
            grade_name: texts.grade_name,
            class_name: texts.class_name,
            mobile: texts.mobile,
            imei: texts.imei,
            sim: texts.sim,
            card_no,
            cards,
        }
    }
}

/// A student to be stored, whole: texts that are left out become empty.
#[derive(ToSchema)]
pub(crate) struct StudentBody {
    /// Of which school.
    #[schema(value_type = i64, minimum = 1)]
    school_id: SchoolId,
    /// The name.
    #[schema(max_length = 100)]
    name: String,
    /// The address of a picture.
    #[schema(value_type = Option<String>, max_length = 500)]
    photo: String,
    /// The grade.
    #[schema(value_type = Option<String>, max_length = 100)]
    grade_name: String,
    /// The class.
    #[schema(value_type = Option<String>, max_length = 100)]
    class_name: String,
    /// The phone number that SMS packages are for.
    #[schema(value_type = Option<String>, max_length = 100)]
    mobile: String,
    /// The number of the device in the card.
    #[schema(value_type = Option<String>, max_length = 100)]
    imei: String,
    /// The number of the SIM in the card.
    #[schema(value_type = Option<String>, max_length = 100)]
    sim: String,
    /// The card; left out, the cards stay as they are.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32)]
    card_no: Option<CardNo>,
    /// Who may act for the student from now on; bindings that are there stay.
    #[schema(value_type = Option<Vec<i64>>)]
    guardians: Vec<UserId>,
}

impl Decode for StudentBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        const MAX: usize = StudentTexts::MAX_TEXT;
        let school_id = reader.required("school_id", id(SchoolId::try_new));
        let name = reader.required("name", text(MAX));
        let photo = reader.optional("photo", text_or_empty(StudentTexts::MAX_PHOTO));
        let [grade_name, class_name, mobile, imei, sim] = ["grade_name", "class_name", "mobile", "imei", "sim"]
            .map(|field| reader.optional(field, text_or_empty(MAX)).map(Option::unwrap_or_default));
        let card_no = reader.optional("card_no", card_no);
        let guardians = reader.optional("guardians", user_ids);
        Some(Self {
            school_id: school_id?,
            name: name?,
            photo: photo?.unwrap_or_default(),
            grade_name: grade_name?,
            class_name: class_name?,
            mobile: mobile?,
            imei: imei?,
            sim: sim?,
            card_no: card_no?,
            guardians: guardians?.unwrap_or_default(),
        })
    }
}

impl StudentBody {
    fn draft(self, user_id: UserId) -> StudentDraft {
        let texts = StudentTexts {
            name: self.name,
            photo: self.photo,
            grade_name: self.grade_name,
            class_name: self.class_name,
            mobile: self.mobile,
            imei: self.imei,
            sim: self.sim,
        };
        StudentDraft { user_id, school_id: self.school_id, texts, card_no: self.card_no, guardians: self.guardians }
    }
}

/// Of which school.
pub(crate) struct StudentsQuery {
    page: PageQuery,
    school_id: Option<SchoolId>,
}

impl Decode for StudentsQuery {
    fn decode(reader: &mut Reader, config: &HttpConfig) -> Option<Self> {
        let page = PageQuery::decode(reader, config);
        let school_id = reader.optional("school_id", id(SchoolId::try_new));
        Some(Self { page: page?, school_id: school_id? })
    }
}

/// Lists students, by user id. Staff only.
#[utoipa::path(
    get, path = "/v1/students", operation_id = "list_students", tag = "staff", security(("token" = [])),
    params(PageQuery, ("school_id" = Option<i64>, Query, description = "Only those of this school", minimum = 1)),
    responses((status = 200, body = PageView<StudentView>, description = "A page of students"))
)]
pub(crate) async fn list_students(
    state: Data<State>,
    InOrder(_, Params(query)): InOrder<Staff, Params<StudentsQuery>>,
) -> Result<Json<PageView<StudentView>>, Failure> {
    let StudentsQuery { page, school_id } = query;
    let students = state.services.campus.list_students(school_id, page.cursor.unwrap_or(0), page.limit).await?;
    Ok(Json(PageView::of(students, page.limit, |student| student.user_id, StudentView::from)))
}

/// Shows a student. Staff only.
#[utoipa::path(
    get, path = "/v1/students/{user_id}", operation_id = "find_student", tag = "staff", security(("token" = [])),
    params(("user_id" = i64, Path, description = "The student's user id", minimum = 1)),
    responses((status = 200, body = StudentView, description = "The student"))
)]
pub(crate) async fn find_student(
    state: Data<State>,
    InOrder(_, user_id): InOrder<Staff, Path<String>>,
) -> Result<Json<StudentView>, Failure> {
    let student = state.services.campus.find_student(path::id(&user_id, UserId::try_new)?).await?;
    Ok(Json(student.ok_or(Refusal::Campus(CampusRefusal::StudentNotFound))?.into()))
}

/// Stores a student, with a user where there is none. A repeat changes nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/students/{user_id}", operation_id = "put_student", tag = "staff", security(("token" = [])),
    params(("user_id" = i64, Path, description = "The student's user id", minimum = 1)),
    request_body = StudentBody,
    responses((
        status = 200, body = StudentView, description = "The student",
        links(("self" = (operation_id = "find_student", parameters(("user_id" = "$response.body#/user_id")))))
    ))
)]
pub(crate) async fn put_student(
    state: Data<State>,
    InOrder(_, InOrder(user_id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<StudentBody>>>,
) -> Result<Json<StudentView>, Failure> {
    let draft = body.draft(path::id(&user_id, UserId::choose)?);
    let mut rows = state.services.campus.put_students(vec![draft], ImportMode::Write).await?;
    match (rows.taken.pop(), rows.refused.pop()) {
        (Some(student), _) => Ok(Json(student.into())),
        (None, Some(row)) => Err(row.refusal.into()),
        (None, None) => Err(Failure::Internal("a row was neither taken nor refused")),
    }
}
