//! The caller.

use super::users::UserView;
use crate::extract::CallerWithWallet;
use crate::failure::Failure;
use actix_web::web::Json;

/// Shows the caller: profile, rights and balances.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "me", tag = "account", security(("token" = [])),
    responses((status = 200, body = UserView, description = "The caller"))
)]
pub(crate) async fn me(caller: CallerWithWallet) -> Result<Json<UserView>, Failure> {
    UserView::new(&caller.user).map(Json)
}
