//! Endpoints that events are sent to, kept by staff.

use super::page::PageView;
use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{
    Body, Decode, InOrder, Reader, Staff, Value, event_kinds, moment, text, text_or_empty, whole_number,
};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use crate::wire::time;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::event_delivery::{
    Endpoint, EndpointDescription, EndpointId, EndpointSecret, EndpointUrl, WantedEvents, WebhookSecret,
};
use serde::Serialize;
use utoipa::ToSchema;

/// For how long older secrets are good when nobody says: a day.
const OVERLAP: u32 = 24 * 60 * 60;
/// The longest that older secrets may be good: a month.
const LONGEST_OVERLAP: u32 = 30 * OVERLAP;

/// When a secret is good. What it is, is told once, when it is made.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecretTimes)]
pub(crate) struct SecretView {
    /// Since when messages are signed with it.
    created_at: String,
    /// Until when; `null` for the newest.
    expires_at: Option<String>,
}

impl From<&EndpointSecret> for SecretView {
    fn from(secret: &EndpointSecret) -> Self {
        Self { created_at: time(secret.created_at), expires_at: secret.expires_at.map(time) }
    }
}

/// An endpoint that events are sent to.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub(crate) struct EndpointView {
    /// Its name.
    #[schema(example = "ep_0123456789abcdef0123456789abcdef")]
    endpoint_id: String,
    /// Where it is.
    #[schema(example = "https://hooks.example.com/edupay")]
    url: String,
    /// What it is for.
    description: String,
    /// Which events it wants; empty for all, also of types that are new.
    #[schema(example = json!(["order.paid", "refund.succeeded"]))]
    event_types: Vec<&'static str>,
    /// `active` or `disabled`.
    #[schema(example = "active")]
    status: &'static str,
    /// The secrets its messages are signed with, the newest first.
    secrets: Vec<SecretView>,
    /// Until when it asked to be left in peace.
    paused_until: Option<String>,
    /// From when on events are being sent to it again.
    resending_since: Option<String>,
    /// When it was registered.
    created_at: String,
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            endpoint_id: endpoint.id.to_string(),
            url: endpoint.url.as_str().to_owned(),
            description: endpoint.description.as_str().to_owned(),
            event_types: match &endpoint.wants {
                WantedEvents::All => Vec::new(),
                WantedEvents::Only(kinds) => kinds.iter().map(|kind| kind.as_str()).collect(),
            },
            status: endpoint.state.code(),
            secrets: endpoint.secrets.iter().map(SecretView::from).collect(),
            paused_until: endpoint.paused_until.map(time),
            resending_since: endpoint.replay.map(|replay| time(replay.since)),
            created_at: time(endpoint.created_at),
        }
    }
}

/// An endpoint with a secret that is told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpointWithSecret)]
pub(crate) struct EndpointWithSecretView {
    /// The endpoint.
    endpoint: EndpointView,
    /// Its newest secret, for the receiver to verify messages with.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl EndpointWithSecretView {
    fn of((endpoint, secret): (Endpoint, WebhookSecret)) -> Self {
        Self { endpoint: endpoint.into(), secret: secret.reveal().to_owned() }
    }
}

/// What staff says of an endpoint.
#[derive(ToSchema)]
#[schema(as = WebhookEndpointBody)]
pub(crate) struct EndpointBody {
    /// Where it is: https, a public address, no user and no fragment.
    #[schema(value_type = String, example = "https://hooks.example.com/edupay", max_length = 2000)]
    url: EndpointUrl,
    /// What it is for.
    #[schema(value_type = Option<String>, max_length = 255)]
    description: EndpointDescription,
    /// Which events it wants; all when the list is empty or not there.
    #[schema(value_type = Option<Vec<String>>, example = json!(["order.paid"]))]
    event_types: WantedEvents,
}

impl Decode for EndpointBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let url = reader.required("url", |value| {
            EndpointUrl::parse(&text(EndpointUrl::MAX)(value)?).map_err(|_| FieldError::Invalid)
        });
        let description = reader.optional("description", |value| {
            let text = text_or_empty(EndpointDescription::MAX)(value)?;
            EndpointDescription::parse(&text).ok_or(FieldError::Invalid)
        });
        let kinds = reader.optional("event_types", event_kinds);
        let wants = match kinds?.filter(|kinds| !kinds.is_empty()) {
            Some(kinds) => WantedEvents::Only(kinds.into_iter().collect()),
            None => WantedEvents::All,
        };
        Some(Self { url: url?, description: description?.unwrap_or_default(), event_types: wants })
    }
}

/// How secrets are changed.
#[derive(ToSchema)]
#[schema(as = RotateWebhookSecretBody)]
pub(crate) struct RotateBody {
    /// For how long messages are signed with the older secrets too; a day when it is not said, 0 for not at
    /// all, at most 30 days.
    #[schema(value_type = Option<u32>, maximum = 2_592_000, example = 86_400)]
    overlap_seconds: u32,
}

impl Decode for RotateBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let overlap = reader.optional("overlap_seconds", |value| {
            let seconds: u32 = whole_number(value)?;
            if seconds > LONGEST_OVERLAP { Err(FieldError::Invalid) } else { Ok(seconds) }
        });
        Some(Self { overlap_seconds: overlap?.unwrap_or(OVERLAP) })
    }
}

/// From when on events are sent again.
#[derive(ToSchema)]
#[schema(as = ResendSinceBody)]
pub(crate) struct ResendBody {
    /// RFC 3339; not in the future.
    #[schema(value_type = String, format = DateTime, example = "2016-06-15T03:53:50Z")]
    since: Timestamp,
}

impl Decode for ResendBody {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        Some(Self { since: reader.required("since", |value: &Value| moment(value))? })
    }
}

/// Lists all endpoints, oldest first. Staff only.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints", operation_id = "list_webhook_endpoints", tag = "staff",
    security(("token" = [])),
    responses((status = 200, body = PageView<EndpointView>, description = "All of them on one page"))
)]
pub(crate) async fn list_webhook_endpoints(
    state: Data<State>,
    InOrder(_, ()): InOrder<Staff, ()>,
) -> Result<Json<PageView<EndpointView>>, Failure> {
    let endpoints = state.services.events.list().await?;
    Ok(Json(PageView::whole(endpoints.into_iter().map(EndpointView::from).collect())))
}

/// Registers an endpoint. Every event from now on is sent to it. The secret is told this once. Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints", operation_id = "create_webhook_endpoint", tag = "staff",
    security(("token" = [])), request_body = EndpointBody,
    responses(
        (status = 201, body = EndpointWithSecretView, description = "The endpoint with its secret"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`too_many_webhook_endpoints`"),
    )
)]
pub(crate) async fn create_webhook_endpoint(
    state: Data<State>,
    InOrder(_, Body(body)): InOrder<Staff, Body<EndpointBody>>,
) -> Result<HttpResponse, Failure> {
    let made = state.services.events.register(body.url, body.description, body.event_types).await?;
    Ok(HttpResponse::Created().json(EndpointWithSecretView::of(made)))
}

/// Shows an endpoint. Staff only.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{endpoint_id}", operation_id = "find_webhook_endpoint", tag = "staff",
    security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    responses((status = 200, body = EndpointView, description = "The endpoint"))
)]
pub(crate) async fn find_webhook_endpoint(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<EndpointView>, Failure> {
    let endpoint = state.services.events.find(endpoint_id(&id)?).await?;
    Ok(Json(endpoint.ok_or(Failure::NotFound)?.into()))
}

/// Gives an endpoint another address, description and choice of events. A repeat changes nothing. Staff
/// only.
#[utoipa::path(
    put, path = "/v1/webhook-endpoints/{endpoint_id}", operation_id = "put_webhook_endpoint", tag = "staff",
    security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    request_body = EndpointBody,
    responses((status = 200, body = EndpointView, description = "The endpoint"))
)]
pub(crate) async fn put_webhook_endpoint(
    state: Data<State>,
    InOrder(_, InOrder(id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<EndpointBody>>>,
) -> Result<Json<EndpointView>, Failure> {
    let EndpointBody { url, description, event_types } = body;
    let endpoint = state.services.events.describe(endpoint_id(&id)?, url, description, event_types).await?;
    Ok(Json(endpoint.into()))
}

/// Removes an endpoint with its secrets and deliveries. Staff only.
#[utoipa::path(
    delete, path = "/v1/webhook-endpoints/{endpoint_id}", operation_id = "remove_webhook_endpoint", tag = "staff",
    security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove_webhook_endpoint(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<HttpResponse, Failure> {
    state.services.events.remove(endpoint_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sends to an endpoint again, and what waits for it at once. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{endpoint_id}/enable", operation_id = "enable_webhook_endpoint",
    tag = "staff", security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    responses((status = 200, body = EndpointView, description = "The endpoint"))
)]
pub(crate) async fn enable_webhook_endpoint(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<EndpointView>, Failure> {
    Ok(Json(state.services.events.enable(endpoint_id(&id)?).await?.into()))
}

/// Sends nothing more to an endpoint. What waits for it goes on waiting; what happens while it is disabled
/// is sent only when it is asked for. A repeat changes nothing. Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{endpoint_id}/disable", operation_id = "disable_webhook_endpoint",
    tag = "staff", security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    responses((status = 200, body = EndpointView, description = "The endpoint"))
)]
pub(crate) async fn disable_webhook_endpoint(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<Json<EndpointView>, Failure> {
    Ok(Json(state.services.events.disable(endpoint_id(&id)?).await?.into()))
}

/// Gives an endpoint a further secret, told this once. For a while messages carry a signature by each.
/// Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{endpoint_id}/rotate-secret", operation_id = "rotate_webhook_secret",
    tag = "staff", security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    request_body = RotateBody,
    responses(
        (status = 200, body = EndpointWithSecretView, description = "The endpoint with its new secret"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`too_many_webhook_secrets`"),
    )
)]
pub(crate) async fn rotate_webhook_secret(
    state: Data<State>,
    InOrder(_, InOrder(id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<RotateBody>>>,
) -> Result<Json<EndpointWithSecretView>, Failure> {
    let overlap = TimeDelta::seconds(body.overlap_seconds.into());
    let made = state.services.events.rotate_secret(endpoint_id(&id)?, overlap).await?;
    Ok(Json(EndpointWithSecretView::of(made)))
}

/// Sends everything that happened from a moment on again, in the background, also what was delivered and
/// what happened before the endpoint was registered. Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{endpoint_id}/resend", operation_id = "resend_events_since", tag = "staff",
    security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    request_body = ResendBody,
    responses(
        (status = 202, body = EndpointView, description = "It has begun"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`webhook_replay_under_way`"),
    )
)]
pub(crate) async fn resend_events_since(
    state: Data<State>,
    InOrder(_, InOrder(id, Body(body))): InOrder<Staff, InOrder<Path<String>, Body<ResendBody>>>,
) -> Result<HttpResponse, Failure> {
    let endpoint = state.services.events.resend_since(endpoint_id(&id)?, body.since).await?;
    Ok(HttpResponse::Accepted().json(EndpointView::from(endpoint)))
}

/// Reads the name of an endpoint. What is none names nothing.
pub(super) fn endpoint_id(text: &str) -> Result<EndpointId, Failure> {
    EndpointId::parse(text).map_err(|_| Failure::NotFound)
}
