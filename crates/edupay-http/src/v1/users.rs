//! Users, kept by staff.

use super::page::{PageQuery, PageView};
use crate::config::HttpConfig;
use crate::extract::{Body, Decode, InOrder, Params, Reader, Staff, secret, text, username};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use crate::wire::time;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use edupay_domain::accounts::{Activity, Profile, Role, User};
use edupay_domain::ids::{UserId, Username};
use serde::Serialize;
use utoipa::ToSchema;

/// The longest nickname, in characters.
const MAX_NICKNAME: usize = 50;

/// A user with the balances of this moment.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    /// The user's id.
    #[schema(example = 1)]
    user_id: i64,
    /// The log-in name.
    #[schema(example = "15201052252")]
    username: String,
    /// Name among people.
    nickname: String,
    /// `member`, or `staff`.
    #[schema(example = "member")]
    role: &'static str,
    /// Whether the user is let in.
    active: bool,
    /// What can be spent: the three balances together.
    balance_fen: i64,
    /// Money from payment channels.
    cash_fen: i64,
    /// Money from the App Store.
    iap_fen: i64,
    /// Gifts.
    bonus_fen: i64,
    /// What the user owes.
    debt_fen: i64,
    /// When the user was added.
    created_at: String,
}

impl UserView {
    pub(super) fn new(user: &User) -> Result<Self, Failure> {
        let wallet = &user.wallet;
        Ok(Self {
            user_id: user.id.get(),
            username: user.username.to_string(),
            nickname: user.profile.nickname.clone(),
            role: match user.role {
                Role::Member => "member",
                Role::Staff => "staff",
            },
            active: user.activity == Activity::Active,
            balance_fen: wallet.balance().ok_or(Failure::Internal("a balance does not fit"))?.fen(),
            cash_fen: wallet.cash.fen(),
            iap_fen: wallet.iap.fen(),
            bonus_fen: wallet.bonus.fen(),
            debt_fen: wallet.debt.fen(),
            created_at: time(user.created_at),
        })
    }
}

/// A user to be added.
#[derive(ToSchema)]
pub(crate) struct NewUserBody {
    /// The log-in name: visible ASCII.
    #[schema(value_type = String, max_length = 150)]
    username: Username,
    /// At least 8 characters.
    #[schema(min_length = 8, max_length = 256)]
    password: String,
    /// Name among people.
    #[schema(min_length = 1, max_length = 50)]
    nickname: Option<String>,
    /// `member` (if nothing is said), or `staff`.
    #[schema(value_type = Option<String>, example = "member", pattern = "^(member|staff)$")]
    role: Role,
}

impl Decode for NewUserBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let username = reader.required("username", username);
        let password = reader.required("password", secret);
        let nickname = reader.optional("nickname", text(MAX_NICKNAME));
        let role = reader.optional("role", |value| match text(MAX_NICKNAME)(value)?.as_str() {
            "member" => Ok(Role::Member),
            "staff" => Ok(Role::Staff),
            _ => Err(FieldError::UnknownChoice),
        });
        Some(Self {
            username: username?,
            password: password?,
            nickname: nickname?,
            role: role?.unwrap_or(Role::Member),
        })
    }
}

/// Lists users, by id. Staff only.
#[utoipa::path(
    get, path = "/v1/users", operation_id = "list_users", tag = "staff", security(("token" = [])), params(PageQuery),
    responses((status = 200, body = PageView<UserView>, description = "A page of users"))
)]
pub(crate) async fn list_users(
    state: Data<State>,
    InOrder(_, Params(page)): InOrder<Staff, Params<PageQuery>>,
) -> Result<Json<PageView<UserView>>, Failure> {
    let users = state.services.accounts.list(page.cursor.unwrap_or(0), page.limit).await?;
    let users = users.iter().map(UserView::new).collect::<Result<Vec<_>, _>>()?;
    Ok(Json(PageView::of(users, page.limit, |user| user.user_id, |user| user)))
}

/// Adds a user with an empty wallet. Staff only.
#[utoipa::path(
    post, path = "/v1/users", operation_id = "create_user", tag = "staff", security(("token" = [])),
    request_body = NewUserBody,
    responses(
        (
            status = 201, body = UserView, description = "The user",
            links(
                ("activate" = (operation_id = "activate_user", parameters(("user_id" = "$response.body#/user_id")))),
                ("deactivate" = (operation_id = "deactivate_user", parameters(("user_id" = "$response.body#/user_id"))))
            )
        ),
        (status = 409, body = crate::dialects::ProblemView, content_type = "application/problem+json", description = "`username_taken`"),
    )
)]
pub(crate) async fn create_user(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<NewUserBody>>,
) -> Result<HttpResponse, Failure> {
    let accounts = state.services.accounts.clone();
    let profile = Profile { nickname: body.nickname.unwrap_or_default(), ..Profile::default() };
    let user = accounts.create(body.username, body.password, profile, body.role).await?;
    Ok(HttpResponse::Created().json(UserView::new(&user)?))
}

/// Lets a user in. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/users/{user_id}/activate", operation_id = "activate_user", tag = "staff",
    security(("token" = [])), params(("user_id" = i64, Path, description = "The user's id", minimum = 1)),
    responses((status = 200, body = UserView, description = "The user"))
)]
pub(crate) async fn activate_user(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<UserView>, Failure> {
    set_activity(&state, &id, Activity::Active).await
}

/// Keeps a user out; the balance stays. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/users/{user_id}/deactivate", operation_id = "deactivate_user", tag = "staff",
    security(("token" = [])), params(("user_id" = i64, Path, description = "The user's id", minimum = 1)),
    responses((status = 200, body = UserView, description = "The user"))
)]
pub(crate) async fn deactivate_user(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<UserView>, Failure> {
    set_activity(&state, &id, Activity::Inactive).await
}

async fn set_activity(state: &State, id: &str, activity: Activity) -> Result<Json<UserView>, Failure> {
    let id = id.parse().ok().and_then(|id| UserId::try_new(id).ok()).ok_or(Failure::NotFound)?;
    let accounts = state.services.accounts.clone();
    accounts.set_activity(id, activity).await?;
    UserView::new(&accounts.find(id).await?.ok_or(Failure::NotFound)?).map(Json)
}
