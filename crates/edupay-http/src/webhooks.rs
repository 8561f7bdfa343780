//! Callbacks of the gateway and of the App Store: verified over what came, kept, then worked on.

use crate::dialects::DetailView;
use crate::extract::{RawBody, state};
use crate::failure::{CredentialFailure, Failure};
use actix_web::HttpRequest;
use actix_web::web::Json;
use edupay_domain::app_store::NotificationOutcome;
use edupay_domain::payments::EventOutcome;
use serde::{Deserialize, Serialize};
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

/// The longest notification of the App Store that is looked at, in bytes.
const MAX_NOTIFICATION: usize = 64 * 1024;

/// A notification of the App Store, as it comes.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NotificationBody {
    /// What the App Store signed.
    #[serde(rename = "signedPayload")]
    signed_payload: String,
}

/// Takes a notification of the App Store (App Store Server Notifications V2).
#[utoipa::path(
    post, path = "/webhooks/app-store", operation_id = "receive_app_store", tag = "callbacks",
    request_body(content = NotificationBody, description = "A notification, at most 64 KiB"),
    responses(
        (status = 200, body = ReceivedView, description = "It is kept; a repeat changes nothing"),
        (status = 401, body = DetailView, description = "The App Store did not sign it for this app; nothing is kept")
    )
)]
pub(crate) async fn receive_app_store(request: HttpRequest, body: RawBody) -> Result<Json<ReceivedView>, Failure> {
    let app_store = state(&request)?.services.app_store.clone();
    if body.0.len() > MAX_NOTIFICATION {
        return Err(Failure::BodyTooLarge);
    }
    let body: NotificationBody = serde_json::from_slice(&body.0).map_err(|_| Failure::UnreadableEvent)?;
    let received = app_store.receive(&body.signed_payload).await?;
    Ok(Json(ReceivedView {
        outcome: match received.outcome {
            NotificationOutcome::Processed => "processed",
            NotificationOutcome::Ignored => {
                let kind = received.kind.code();
                tracing::info!(notification.kind = kind, "the App Store told something that is of no use here");
                "ignored"
            }
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
