//! Callbacks of the gateway: verified over the raw body, kept, then worked on.

use crate::extract::{RawBody, state};
use crate::failure::{CredentialFailure, Failure};
use actix_web::HttpRequest;
use actix_web::web::Json;
use edupay_domain::payments::EventOutcome;
use serde::Serialize;
use utoipa::ToSchema;

/// What was done with a callback.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceivedView {
    /// `processed`, `unmatched` (kept and tried again) or `ignored` (of no use to us).
    #[schema(example = "processed")]
    outcome: &'static str,
}

/// Takes a callback of Ping++.
#[utoipa::path(
    post, path = "/webhooks/pingpp", operation_id = "receive_pingpp", tag = "callbacks", security(("signature" = [])),
    request_body(content = Object, description = "An event, exactly as it was signed; at most 256 KiB"),
    responses((status = 200, body = ReceivedView, description = "It is kept; a repeat changes nothing"))
)]
pub(crate) async fn receive_pingpp(request: HttpRequest, body: RawBody) -> Result<Json<ReceivedView>, Failure> {
    let payments = state(&request)?.services.payments.clone();
    let event = payments.verify(signature(&request)?, &body.0)?;
    let outcome = payments.receive(&event).await?;
    Ok(Json(ReceivedView {
        outcome: match outcome {
            EventOutcome::Processed => "processed",
            EventOutcome::Unmatched => "unmatched",
            EventOutcome::Ignored => "ignored",
        },
    }))
}

/// The signature; more than one, or one that is no text, is none that could be right.
fn signature(request: &HttpRequest) -> Result<Option<&str>, Failure> {
    let wrong = || Failure::Credentials(CredentialFailure::Signature);
    let mut values = request.headers().get_all("x-pingplusplus-signature");
    let first = values.next();
    if values.next().is_some() {
        return Err(wrong());
    }
    first.map(|value| value.to_str().map_err(|_| wrong())).transpose()
}
