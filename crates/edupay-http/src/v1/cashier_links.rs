//! Links to the cashier page, to be sent to whoever pays.

use super::orders::parse;
use crate::dialects::ProblemView;
use crate::extract::{Caller, InOrder};
use crate::failure::{Failure, Refusal};
use crate::links::cashier_link;
use crate::services::State;
use crate::wire::time;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use edupay_domain::cashier::{CashierRefusal, CashierTarget};
use edupay_domain::store::EffectError;
use serde::Serialize;
use utoipa::ToSchema;

/// A link to a page on which a person pays.
#[derive(Serialize, ToSchema)]
#[schema(as = CashierLink)]
pub(crate) struct CashierLinkView {
    /// The page. Whoever knows the address can open it.
    #[schema(example = "https://pay.example.org/cashier/706a87288233ea2427cddb8a1bbce29369ac5073")]
    url: String,
    /// Until when it opens.
    #[schema(example = "2016-06-15T03:53:50.598744Z")]
    expires_at: String,
}

/// Makes a link to a page on which one of the caller's orders is paid. A repeat makes another one.
#[utoipa::path(
    post, path = "/v1/orders/{order_no}/cashier-link", operation_id = "create_order_link", tag = "orders",
    security(("token" = [])),
    params(("order_no" = String, Path, description = "The order's number", pattern = "^[0-9]{1,20}$")),
    responses(
        (status = 201, body = CashierLinkView, description = "The link"),
        (status = 404, body = ProblemView, content_type = "application/problem+json", description = "`order_not_found`"),
    )
)]
pub(crate) async fn create_order_link(
    state: Data<State>,
    InOrder(caller, order_no): InOrder<Caller, Path<String>>,
) -> Result<HttpResponse, Failure> {
    let target = CashierTarget::Order { user_id: caller.user.id, order_no: parse(&order_no)? };
    let (token, link) = state.services.cashier.create(caller.user.id, target).await.map_err(|error| match error {
        EffectError::Refused(CashierRefusal::NotYours) => Failure::from(Refusal::OrderNotFound),
        error => error.into(),
    })?;
    let (url, expires_at) = (cashier_link(&state.config, &token), time(link.expires_at));
    Ok(HttpResponse::Created().json(CashierLinkView { url, expires_at }))
}
