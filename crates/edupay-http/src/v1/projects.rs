//! Projects: what a school, or every school, offers packages of. Kept by staff.

use super::page::{PageQuery, PageView};
use super::path;
use crate::config::HttpConfig;
use crate::extract::{Body, Decode, InOrder, Params, Reader, Staff, channels, id, text, text_or_empty, word};
use crate::failure::Failure;
use crate::services::State;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use edupay_domain::ids::{ProjectId, SchoolId};
use edupay_domain::packages::{PayeeAccounts, Project, ProjectDraft, ProjectKind, Selection, UpgradePricing};
use edupay_domain::payments::Channel;
use serde::Serialize;
use utoipa::ToSchema;

/// A project.
#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectView {
    /// Its id.
    #[schema(example = 1)]
    project_id: i64,
    /// Whose; `null` is every school's.
    school_id: Option<i64>,
    /// Its name.
    name: String,
    /// `card`, or `sms`.
    #[schema(example = "card")]
    kind: &'static str,
    /// `single`, or `multi`: how many packages at once.
    #[schema(example = "single")]
    selection: &'static str,
    /// Through which channels it can be paid, in the order they are shown.
    #[schema(example = json!(["wx", "alipay"]))]
    channels: Vec<&'static str>,
    /// Whom the payer pays, by WeChat.
    wx_account: String,
    /// By Alipay.
    alipay_account: String,
    /// By UnionPay.
    union_pay_account: String,
    /// What it is.
    description: String,
    /// The address of the terms of use.
    protocol_url: String,
    /// `difference` of the list prices, or `prorated` by the days that are left.
    #[schema(example = "difference")]
    upgrade_pricing: &'static str,
    /// `offered`, or `withdrawn`.
    #[schema(example = "offered")]
    status: &'static str,
}

impl From<Project> for ProjectView {
    fn from(project: Project) -> Self {
        Self {
            project_id: project.id.get(),
            school_id: project.school_id.map(SchoolId::get),
            name: project.name,
            kind: project.kind.code(),
            selection: project.selection.code(),
            channels: project.channels.into_iter().map(Channel::code).collect(),
            wx_account: project.accounts.wx,
            alipay_account: project.accounts.alipay,
            union_pay_account: project.accounts.union_pay,
            description: project.description,
            protocol_url: project.protocol_url,
            upgrade_pricing: project.upgrade_pricing.code(),
            status: project.availability.code(),
        }
    }
}

/// A project to be stored, whole: texts that are left out become empty. Its school, kind and selection
/// never change.
#[derive(ToSchema)]
pub(crate) struct ProjectBody {
    /// Whose; left out, it is every school's.
    #[schema(value_type = Option<i64>, minimum = 1)]
    school_id: Option<SchoolId>,
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// `card`, or `sms`.
    #[schema(value_type = String, example = "card", pattern = "^(card|sms)$")]
    kind: ProjectKind,
    /// `single` (if nothing is said), or `multi`.
    #[schema(value_type = Option<String>, example = "single", pattern = "^(single|multi)$")]
    selection: Selection,
    /// Each once; left out, all of them.
    #[schema(value_type = Option<Vec<String>>, example = json!(["wx", "alipay"]))]
    channels: Vec<Channel>,
    /// Whom the payer pays, by WeChat.
    #[schema(value_type = Option<String>, max_length = 100)]
    wx_account: String,
    /// By Alipay.
    #[schema(value_type = Option<String>, max_length = 100)]
    alipay_account: String,
    /// By UnionPay.
    #[schema(value_type = Option<String>, max_length = 100)]
    union_pay_account: String,
    /// What it is.
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: String,
    /// The address of the terms of use.
    #[schema(value_type = Option<String>, max_length = 2000)]
    protocol_url: String,
    /// `difference` (if nothing is said), or `prorated`.
    #[schema(value_type = Option<String>, example = "difference", pattern = "^(difference|prorated)$")]
    upgrade_pricing: UpgradePricing,
}

impl Decode for ProjectBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let school_id = reader.optional("school_id", id(SchoolId::try_new));
        let name = reader.required("name", text(Project::MAX_NAME));
        let kind = reader.required("kind", word(&ProjectKind::ALL, ProjectKind::code));
        let selection = reader.optional("selection", word(&Selection::ALL, Selection::code));
        let channels = reader.optional("channels", channels);
        let [wx, alipay, union_pay] = ["wx_account", "alipay_account", "union_pay_account"]
            .map(|field| reader.optional(field, text_or_empty(Project::MAX_NAME)).map(Option::unwrap_or_default));
        let [description, protocol_url] = ["description", "protocol_url"]
            .map(|field| reader.optional(field, text_or_empty(Project::MAX_TEXT)).map(Option::unwrap_or_default));
        let pricing = reader.optional("upgrade_pricing", word(&UpgradePricing::ALL, UpgradePricing::code));
        Some(Self {
            school_id: school_id?,
            name: name?,
            kind: kind?,
            selection: selection?.unwrap_or(Selection::Single),
            channels: channels?.unwrap_or_else(|| Project::DEFAULT_CHANNELS.to_vec()),
            wx_account: wx?,
            alipay_account: alipay?,
            union_pay_account: union_pay?,
            description: description?,
            protocol_url: protocol_url?,
            upgrade_pricing: pricing?.unwrap_or(UpgradePricing::Difference),
        })
    }
}

impl ProjectBody {
    fn draft(self, id: Option<ProjectId>) -> ProjectDraft {
        ProjectDraft {
            id,
            school_id: self.school_id,
            name: self.name,
            kind: self.kind,
            selection: self.selection,
            channels: self.channels,
            accounts: PayeeAccounts {
                wx: self.wx_account,
                alipay: self.alipay_account,
                union_pay: self.union_pay_account,
            },
            description: self.description,
            protocol_url: self.protocol_url,
            upgrade_pricing: self.upgrade_pricing,
        }
    }
}

/// Lists projects, by id. Staff only.
#[utoipa::path(
    get, path = "/v1/projects", operation_id = "list_projects", tag = "staff", security(("token" = [])),
    params(PageQuery),
    responses((status = 200, body = PageView<ProjectView>, description = "A page of projects"))
)]
pub(crate) async fn list_projects(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<PageQuery>>,
) -> Result<Json<PageView<ProjectView>>, Failure> {
    let projects = state.services.campus.list_projects(page.cursor.unwrap_or(0), page.limit).await?;
    Ok(Json(PageView::of(projects, page.limit, |project| project.id, ProjectView::from)))
}

/// Adds a project. A repeat adds another one. Staff only.
#[utoipa::path(
    post, path = "/v1/projects", operation_id = "create_project", tag = "staff", security(("token" = [])),
    request_body = ProjectBody,
    responses((
        status = 201, body = ProjectView, description = "The project",
        links(("withdraw" = (
            operation_id = "withdraw_project", parameters(("project_id" = "$response.body#/project_id"))
        )))
    ))
)]
pub(crate) async fn create_project(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<ProjectBody>>,
) -> Result<HttpResponse, Failure> {
    let project = state.services.campus.put_project(body.draft(None)).await?;
    Ok(HttpResponse::Created().json(ProjectView::from(project)))
}

/// Stores a project under its id. A repeat changes nothing. Staff only.
#[utoipa::path(
    put, path = "/v1/projects/{project_id}", operation_id = "put_project", tag = "staff", security(("token" = [])),
    params(("project_id" = i64, Path, description = "The project's id", minimum = 1)),
    request_body = ProjectBody,
    responses((status = 200, body = ProjectView, description = "The project"))
)]
pub(crate) async fn put_project(
    state: Data<State>,
    InOrder(_, InOrder(project_id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<ProjectBody>>>,
) -> Result<Json<ProjectView>, Failure> {
    let draft = body.draft(Some(path::id(&project_id, ProjectId::choose)?));
    Ok(Json(state.services.campus.put_project(draft).await?.into()))
}

/// Offers a project. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/offer", operation_id = "offer_project", tag = "staff",
    security(("token" = [])), params(("project_id" = i64, Path, description = "The project's id", minimum = 1)),
    responses((status = 200, body = ProjectView, description = "The project"))
)]
pub(crate) async fn offer_project(
    state: Data<State>,
    InOrder(_, project_id): InOrder<Staff, Path<String>>,
) -> Result<Json<ProjectView>, Failure> {
    let id = path::id(&project_id, ProjectId::try_new)?;
    Ok(Json(state.services.campus.offer_project(id).await?.into()))
}

/// Withdraws a project with all its packages; what is paid for them later goes back. A repeat changes
/// nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/withdraw", operation_id = "withdraw_project", tag = "staff",
    security(("token" = [])), params(("project_id" = i64, Path, description = "The project's id", minimum = 1)),
    responses((status = 200, body = ProjectView, description = "The project"))
)]
pub(crate) async fn withdraw_project(
    state: Data<State>,
    InOrder(_, project_id): InOrder<Staff, Path<String>>,
) -> Result<Json<ProjectView>, Failure> {
    let id = path::id(&project_id, ProjectId::try_new)?;
    Ok(Json(state.services.campus.withdraw_project(id).await?.into()))
}
