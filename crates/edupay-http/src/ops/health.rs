//! Whether the process lives, and whether it can answer requests.

use crate::services::State;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// For how long readiness may be looked for.
const DEADLINE: Duration = Duration::from_secs(2);

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthView {
    /// `ok`, or `unavailable`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<&'static str>,
}

/// Whether the process lives. It looks at nothing else.
#[utoipa::path(
    get, path = "/healthz", operation_id = "healthz", tag = "operations", security(()),
    responses((status = 200, body = HealthView, description = "It lives"))
)]
pub(crate) async fn healthz() -> Json<HealthView> {
    Json(HealthView { status: "ok", reasons: Vec::new() })
}

/// Whether requests can be answered: the database is there and takes what is written.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyz", tag = "operations", security(()),
    responses(
        (status = 200, body = HealthView, description = "It is ready"),
        (status = 503, body = HealthView, description = "It is not, for these reasons"),
    )
)]
pub(crate) async fn readyz(state: Data<State>) -> HttpResponse {
    let reasons = timeout(DEADLINE, state.operations.readiness.reasons());
    let mut reasons = reasons.await.unwrap_or_else(|_| vec!["check_timed_out"]);
    if state.draining.has_begun() {
        reasons.push("draining");
    }
    if reasons.is_empty() {
        HttpResponse::Ok().json(HealthView { status: "ok", reasons })
    } else {
        HttpResponse::ServiceUnavailable().json(HealthView { status: "unavailable", reasons })
    }
}
