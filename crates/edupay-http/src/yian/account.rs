//! Logging in and out.

use crate::config::HttpConfig;
use crate::extract::{Anyone, Body, Caller, Decode, InOrder, Reader, client_address, password, text_or_number};
use crate::failure::Failure;
use crate::services::State;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

/// The longest name that is looked up.
const MAX_NAME: usize = 150;

/// A name and a password.
#[derive(ToSchema)]
pub(crate) struct LoginBody {
    /// The log-in name.
    #[schema(example = "15201052252", max_length = 150)]
    username: String,
    /// The password.
    #[schema(example = "demo-pass", max_length = 256)]
    password: String,
}

impl Decode for LoginBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let username = reader.required("username", text_or_number(MAX_NAME));
        let password = reader.required("password", password);
        Some(Self { username: username?, password: password? })
    }
}

/// A token, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// 40 hexadecimal digits.
    #[schema(example = "706a87288233ea2427cddb8a1bbce29369ac5073")]
    token: String,
}

/// A success that has nothing to say.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoneView {
    /// 0.
    status: i32,
    /// Empty.
    message: &'static str,
}

/// Logs in. Wrong credentials are 400; too many tries by one name from one address are 429.
#[utoipa::path(
    post, path = "/account/login/", operation_id = "log_in", tag = "益安", security(()),
    request_body(content(
        (LoginBody = "application/json"), (LoginBody = "application/x-www-form-urlencoded")
    )),
    responses((status = 200, body = TokenView, description = "A new token; older ones stay"))
)]
pub(crate) async fn log_in(
    request: HttpRequest,
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Anyone, Body<LoginBody>>,
) -> Result<Json<TokenView>, Failure> {
    if let Some(logins) = &state.logins {
        logins.check(&body.username, client_address(&request, state.config.trust_forwarded_for))?;
    }
    let token = state.services.accounts.log_in(&body.username, body.password).await?;
    Ok(Json(TokenView { token: token.reveal().to_owned() }))
}

/// Logs out: the token of this request is dead.
#[utoipa::path(
    put, path = "/account/logout/", operation_id = "log_out", tag = "益安", security(("token" = [])),
    responses((status = 200, body = DoneView, description = "The token is dead"))
)]
pub(crate) async fn log_out(state: Data<State>, caller: Caller) -> Result<Json<DoneView>, Failure> {
    let accounts = state.services.accounts.clone();
    accounts.log_out(&caller.token).await?;
    Ok(Json(DoneView { status: 0, message: "" }))
}
