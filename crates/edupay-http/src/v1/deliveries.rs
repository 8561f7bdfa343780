//! Events on their way to an endpoint: listed with their attempts, sent again, and tests.

use super::page::{MAX_LIMIT, PageQuery, PageView};
use super::webhook_endpoints::endpoint_id;
use crate::config::HttpConfig;
use crate::dialects::ProblemView;
use crate::extract::{Decode, InOrder, Params, Reader, Staff, Value, cursor_moment, page_limit, text, word};
use crate::failure::{Failure, FieldError};
use crate::services::State;
use crate::wire::time;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use edupay_domain::event_delivery::{Attempt, AttemptOutcome, Delivery, DeliveryCursor, DeliveryStage, EndpointId};
use edupay_domain::ids::EventId;
use serde::Serialize;
use utoipa::ToSchema;

/// The longest cursor: a time and an event.
const MAX_CURSOR: usize = 60;

/// One event on its way to one endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(crate) struct DeliveryView {
    /// The event's name: `webhook-id` of every attempt.
    #[schema(example = "0123456789abcdef0123456789abcdef")]
    event_id: String,
    /// The event's type, or `ping`.
    #[serde(rename = "type")]
    #[schema(example = "order.paid")]
    kind: String,
    /// Whom the event concerns; `null` for a test.
    user_id: Option<i64>,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    status: &'static str,
    /// How often it was tried at all.
    #[schema(example = 1)]
    attempts: u32,
    /// The HTTP status of the last attempt.
    #[schema(example = 204)]
    last_http_status: Option<u16>,
    /// Why the last attempt had none: `address_refused`, `name_unresolved`, `not_connected`, `timed_out`,
    /// `broken` or `not_sent`.
    last_fault: Option<&'static str>,
    /// When the event happened.
    occurred_at: String,
    /// When it was queued for this endpoint.
    queued_at: String,
    /// From when on it is tried next.
    due_at: Option<String>,
    /// When it was delivered or given up.
    settled_at: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let (last_http_status, last_fault) = delivery.last.map_or((None, None), outcome);
        Self {
            event_id: delivery.event_id.to_string(),
            user_id: delivery.user_id.map(|id| id.get()),
            status: delivery.state.stage().code(),
            attempts: delivery.attempts,
            last_http_status,
            last_fault,
            occurred_at: time(delivery.occurred_at),
            queued_at: time(delivery.queued_at),
            due_at: delivery.state.due_at().map(time),
            settled_at: delivery.state.settled_at().map(time),
            kind: delivery.kind,
        }
    }
}

/// One attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAttempt)]
pub(crate) struct AttemptView {
    /// The how manieth.
    #[schema(example = 1)]
    number: u32,
    /// When it began.
    started_at: String,
    /// How long it took.
    #[schema(example = 37)]
    duration_ms: i64,
    /// The HTTP status that was answered.
    #[schema(example = 204)]
    http_status: Option<u16>,
    /// Why there was none.
    fault: Option<&'static str>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        let (http_status, fault) = outcome(attempt.outcome);
        Self {
            number: attempt.number,
            started_at: time(attempt.started_at),
            duration_ms: attempt.took.num_milliseconds(),
            http_status,
            fault,
        }
    }
}

/// A delivery with its attempts.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryWithAttempts)]
pub(crate) struct DeliveryWithAttemptsView {
    /// The delivery.
    delivery: DeliveryView,
    /// Its attempts, oldest first. One that was cut off by the end of the program is missing.
    attempts: Vec<AttemptView>,
}

fn outcome(outcome: AttemptOutcome) -> (Option<u16>, Option<&'static str>) {
    match outcome {
        AttemptOutcome::Status(status) => (Some(status), None),
        AttemptOutcome::Fault(fault) => (None, Some(fault.code())),
    }
}

/// Which page of deliveries.
pub(crate) struct DeliveriesQuery {
    status: Option<DeliveryStage>,
    limit: u32,
    cursor: Option<DeliveryCursor>,
}

impl Decode for DeliveriesQuery {
    fn decode(reader: &mut Reader, _: &HttpConfig) -> Option<Self> {
        let status = reader.optional("status", word(&DeliveryStage::ALL, DeliveryStage::code));
        let limit = reader.optional("limit", page_limit);
        let cursor = reader
            .optional("cursor", |value: &Value| parse_cursor(&text(MAX_CURSOR)(value)?).ok_or(FieldError::Invalid));
        let limit = limit?.unwrap_or(PageQuery::LIMIT).min(MAX_LIMIT);
        Some(Self { status: status?, limit, cursor: cursor? })
    }
}

pub(super) fn parse_cursor(text: &str) -> Option<DeliveryCursor> {
    let (queued_at, event_id) = text.split_once('.')?;
    Some(DeliveryCursor { queued_at: cursor_moment(queued_at)?, event_id: EventId::parse(event_id).ok()? })
}

fn cursor(delivery: &Delivery) -> String {
    format!("{}.{}", delivery.queued_at.timestamp_micros(), delivery.event_id)
}

/// Lists the deliveries of an endpoint, the last queued first. Delivered ones are forgotten after 30 days.
/// Staff only.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{endpoint_id}/deliveries", operation_id = "list_webhook_deliveries",
    tag = "staff", security(("token" = [])),
    params(
        ("endpoint_id" = String, Path, description = "The endpoint"),
        ("status" = Option<String>, Query, description = "Only deliveries of this status"),
        ("limit" = Option<i64>, Query, description = "How many items at most; longer pages are cut to 100", minimum = 1),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before")
    ),
    responses((status = 200, body = PageView<DeliveryView>, description = "A page of deliveries"))
)]
pub(crate) async fn list_webhook_deliveries(
    state: Data<State>,
    InOrder(_, InOrder(id, Params(page))): InOrder<Staff, InOrder<Path<String>, Params<DeliveriesQuery>>>,
) -> Result<Json<PageView<DeliveryView>>, Failure> {
    let (events, id) = (&state.services.events, endpoint_id(&id)?);
    events.find(id).await?.ok_or(Failure::NotFound)?;
    let deliveries = events.list_deliveries(id, page.status, page.cursor, page.limit).await?;
    Ok(Json(PageView::of(deliveries, page.limit, cursor, DeliveryView::from)))
}

/// Shows a delivery with its attempts. Staff only.
#[utoipa::path(
    get, path = "/v1/webhook-endpoints/{endpoint_id}/deliveries/{event_id}", operation_id = "find_webhook_delivery",
    tag = "staff", security(("token" = [])),
    params(
        ("endpoint_id" = String, Path, description = "The endpoint"),
        ("event_id" = String, Path, description = "The event", pattern = "^[0-9a-f]{32}$")
    ),
    responses((status = 200, body = DeliveryWithAttemptsView, description = "The delivery"))
)]
pub(crate) async fn find_webhook_delivery(
    state: Data<State>,
    InOrder(_, ids): InOrder<Staff, Path<(String, String)>>,
) -> Result<Json<DeliveryWithAttemptsView>, Failure> {
    let (endpoint, event) = both(&ids)?;
    let found = state.services.events.find_delivery(endpoint, event).await?;
    let (delivery, attempts) = found.ok_or(Failure::NotFound)?;
    let attempts = attempts.into_iter().map(AttemptView::from).collect();
    Ok(Json(DeliveryWithAttemptsView { delivery: delivery.into(), attempts }))
}

/// Sends an event to an endpoint again, whether it was delivered, failed or waits. Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{endpoint_id}/deliveries/{event_id}/resend", operation_id = "resend_event",
    tag = "staff", security(("token" = [])),
    params(
        ("endpoint_id" = String, Path, description = "The endpoint"),
        ("event_id" = String, Path, description = "The event", pattern = "^[0-9a-f]{32}$")
    ),
    responses((status = 202, body = DeliveryView, description = "It is due now"))
)]
pub(crate) async fn resend_event(
    state: Data<State>,
    InOrder(_, ids): InOrder<Staff, Path<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let (endpoint, event) = both(&ids)?;
    let delivery = state.services.events.resend(endpoint, event).await?;
    Ok(HttpResponse::Accepted().json(DeliveryView::from(delivery)))
}

/// Sends a test of type `ping` to an endpoint, in the line of its events. Staff only.
#[utoipa::path(
    post, path = "/v1/webhook-endpoints/{endpoint_id}/ping", operation_id = "ping_webhook_endpoint", tag = "staff",
    security(("token" = [])), params(("endpoint_id" = String, Path, description = "The endpoint")),
    responses(
        (status = 202, body = DeliveryView, description = "It is due now"),
        (status = 409, body = ProblemView, content_type = "application/problem+json",
            description = "`webhook_endpoint_disabled`"),
    )
)]
pub(crate) async fn ping_webhook_endpoint(
    state: Data<State>,
    InOrder(_, id): InOrder<Staff, Path<String>>,
) -> Result<HttpResponse, Failure> {
    let delivery = state.services.events.ping(endpoint_id(&id)?).await?;
    Ok(HttpResponse::Accepted().json(DeliveryView::from(delivery)))
}

fn both((endpoint, event): &(String, String)) -> Result<(EndpointId, EventId), Failure> {
    Ok((endpoint_id(endpoint)?, EventId::parse(event).map_err(|_| Failure::NotFound)?))
}
