//! The caller.

use super::users::UserView;
use crate::extract::CallerWithWallet;
use crate::failure::Failure;
use actix_web::web::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The caller, with what only the caller's own app needs.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeView {
    #[serde(flatten)]
    user: UserView,
    /// What the app hands to StoreKit when the caller buys, so that the purchase can be credited to nobody
    /// else. It never changes.
    #[schema(example = "7e3fb20b-4cdb-47cc-936d-99d65f608138")]
    app_account_token: String,
}

/// Shows the caller: profile, rights and balances.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "me", tag = "account", security(("token" = [])),
    responses((status = 200, body = MeView, description = "The caller"))
)]
pub(crate) async fn me(caller: CallerWithWallet) -> Result<Json<MeView>, Failure> {
    let app_account_token = caller.user.app_account_token.to_string();
    Ok(Json(MeView { user: UserView::new(&caller.user)?, app_account_token }))
}
