//! `edupay webhook …`: the endpoints that events are sent to. What a command queues is sent by the server.

use super::accounts::tool;
use super::say;
use crate::error::{Context, Failure};
use crate::settings::Overrides;
use chrono::{DateTime, SecondsFormat, TimeDelta};
use clap::{Args, Subcommand, ValueEnum};
use edupay_domain::clock::{Timestamp, whole_micros};
use edupay_domain::event_delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryCursor, DeliveryStage, Endpoint, EndpointDescription, EndpointId,
    EndpointUrl, EventDeliveryService, EventKind, WantedEvents,
};
use edupay_domain::ids::EventId;
use serde_json::{Value, json};

/// How many deliveries are read at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Registers an endpoint; its secret is shown this once
    Create(DescribedEndpoint),
    /// Lists endpoints, one JSON object a line
    List,
    /// Shows one endpoint
    Show { endpoint: String },
    /// Changes what is named, and leaves the rest
    Edit(EditEndpoint),
    /// Sends to an endpoint again, and what waits for it at once
    Enable { endpoint: String },
    /// Sends nothing more to an endpoint
    Disable { endpoint: String },
    /// Gives an endpoint a further secret, shown this once
    Rotate {
        endpoint: String,
        /// For how many hours messages are signed with the older secrets too
        #[arg(long, default_value_t = 24, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(0..=720))]
        overlap_hours: u16,
    },
    /// Removes an endpoint with its secrets and deliveries
    Remove { endpoint: String },
    /// Sends a test
    Ping { endpoint: String },
    /// Lists deliveries, the last queued first, one JSON object a line
    Deliveries {
        endpoint: String,
        /// Only these
        #[arg(long, value_enum)]
        status: Option<StageName>,
        /// One event with its attempts
        #[arg(long, value_name = "EVENT_ID", conflicts_with = "status")]
        event: Option<String>,
    },
    /// Sends one event, or everything since a moment, again
    #[command(group(clap::ArgGroup::new("what").required(true).args(["event", "since"])))]
    Resend {
        endpoint: String,
        /// Which event
        #[arg(long, value_name = "EVENT_ID")]
        event: Option<String>,
        /// Everything that happened from this moment on, such as 2016-06-15T00:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DescribedEndpoint {
    /// Where it is: https and a public address
    url: String,
    /// What it is for
    #[arg(long, default_value = "")]
    description: String,
    /// Only events of these types, comma-joined; all when it is left out
    #[arg(long, value_name = "TYPES")]
    events: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EditEndpoint {
    endpoint: String,
    /// Where it is: https and a public address
    #[arg(long)]
    url: Option<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Only events of these types, comma-joined; all when it is empty
    #[arg(long, value_name = "TYPES")]
    events: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StageName {
    Pending,
    Delivered,
    Failed,
}

pub(super) async fn run(overrides: &Overrides, command: WebhookCommand) -> Result<(), Failure> {
    let (_, services) = tool(overrides).await?;
    let events = &services.events;
    match command {
        WebhookCommand::Create(new) => {
            let made = events.register(url(&new.url)?, described(&new.description)?, wanted(new.events.as_deref())?);
            let (endpoint, secret) = made.await.context("webhook create")?;
            say(json!({ "endpoint": view(&endpoint), "secret": secret.reveal() }));
        }
        WebhookCommand::List => {
            events.list().await.context("webhook list")?.iter().for_each(|endpoint| say(view(endpoint)));
        }
        WebhookCommand::Show { endpoint } => say(view(&find(events, &endpoint).await?)),
        WebhookCommand::Edit(edit) => say(view(&change(events, edit).await?)),
        WebhookCommand::Enable { endpoint } => {
            say(view(&events.enable(name(&endpoint)?).await.context("webhook enable")?));
        }
        WebhookCommand::Disable { endpoint } => {
            say(view(&events.disable(name(&endpoint)?).await.context("webhook disable")?));
        }
        WebhookCommand::Rotate { endpoint, overlap_hours } => {
            let overlap = TimeDelta::hours(overlap_hours.into());
            let rotated = events.rotate_secret(name(&endpoint)?, overlap).await;
            let (endpoint, secret) = rotated.context("webhook rotate")?;
            say(json!({ "endpoint": view(&endpoint), "secret": secret.reveal() }));
        }
        WebhookCommand::Remove { endpoint } => {
            events.remove(name(&endpoint)?).await.context("webhook remove")?;
            say(json!({ "removed": endpoint }));
        }
        WebhookCommand::Ping { endpoint } => {
            say(delivery_view(&events.ping(name(&endpoint)?).await.context("webhook ping")?));
        }
        WebhookCommand::Deliveries { endpoint, event: Some(event), .. } => {
            let found =
                events.find_delivery(name(&endpoint)?, event_id(&event)?).await.context("webhook deliveries")?;
            let (delivery, attempts) = found.ok_or_else(|| Failure::new("there is no such delivery"))?;
            let attempts: Vec<Value> = attempts.iter().map(attempt_view).collect();
            say(json!({ "delivery": delivery_view(&delivery), "attempts": attempts }));
        }
        WebhookCommand::Deliveries { endpoint, status, event: None } => {
            deliveries(events, find(events, &endpoint).await?.id, status).await?;
        }
        WebhookCommand::Resend { endpoint, event: Some(event), .. } => {
            let again = events.resend(name(&endpoint)?, event_id(&event)?).await;
            say(delivery_view(&again.context("webhook resend")?));
        }
        WebhookCommand::Resend { endpoint, since, event: None } => {
            let since = since.unwrap_or_default();
            let since = DateTime::parse_from_rfc3339(&since).context("--since")?;
            let endpoint = events.resend_since(name(&endpoint)?, whole_micros(since.into())).await;
            say(view(&endpoint.context("webhook resend")?));
        }
    }
    Ok(())
}

async fn change(events: &EventDeliveryService, edit: EditEndpoint) -> Result<Endpoint, Failure> {
    let known = find(events, &edit.endpoint).await?;
    let url = edit.url.as_deref().map_or(Ok(known.url), url)?;
    let description = edit.description.as_deref().map_or(Ok(known.description), described)?;
    let wants = edit.events.as_deref().map_or(Ok(known.wants), |types| wanted(Some(types)))?;
    events.describe(known.id, url, description, wants).await.context("webhook edit")
}

async fn deliveries(
    events: &EventDeliveryService,
    endpoint: EndpointId,
    status: Option<StageName>,
) -> Result<(), Failure> {
    let stage = status.map(|status| match status {
        StageName::Pending => DeliveryStage::Pending,
        StageName::Delivered => DeliveryStage::Delivered,
        StageName::Failed => DeliveryStage::Failed,
    });
    let mut below = None;
    loop {
        let page = events.list_deliveries(endpoint, stage, below, PAGE).await.context("webhook deliveries")?;
        page.iter().for_each(|delivery| say(delivery_view(delivery)));
        let Some(last) = page.last() else { return Ok(()) };
        below = Some(DeliveryCursor { queued_at: last.queued_at, event_id: last.event_id });
    }
}

async fn find(events: &EventDeliveryService, endpoint: &str) -> Result<Endpoint, Failure> {
    let found = events.find(name(endpoint)?).await.context("webhook")?;
    found.ok_or_else(|| Failure::new(format!("there is no endpoint {endpoint}")))
}

fn name(text: &str) -> Result<EndpointId, Failure> {
    EndpointId::parse(text).context("endpoint")
}

fn event_id(text: &str) -> Result<EventId, Failure> {
    EventId::parse(text).context("--event")
}

fn url(text: &str) -> Result<EndpointUrl, Failure> {
    EndpointUrl::parse(text).context("url")
}

fn described(text: &str) -> Result<EndpointDescription, Failure> {
    EndpointDescription::parse(text)
        .ok_or_else(|| Failure::new(format!("--description: at most {} characters", EndpointDescription::MAX)))
}

/// Comma-joined types; all when there is none.
fn wanted(types: Option<&str>) -> Result<WantedEvents, Failure> {
    let Some(types) = types.filter(|types| !types.is_empty()) else { return Ok(WantedEvents::All) };
    let kind = |text: &str| {
        EventKind::parse(text).ok_or_else(|| Failure::new(format!("--events: there are no events of type {text}")))
    };
    Ok(WantedEvents::Only(types.split(',').map(kind).collect::<Result<_, _>>()?))
}

fn view(endpoint: &Endpoint) -> Value {
    let types = match &endpoint.wants {
        WantedEvents::All => Vec::new(),
        WantedEvents::Only(kinds) => kinds.iter().map(|kind| kind.as_str()).collect(),
    };
    json!({
        "endpoint_id": endpoint.id.to_string(),
        "url": endpoint.url.as_str(),
        "description": endpoint.description.as_str(),
        "event_types": types,
        "status": endpoint.state.code(),
        "secrets": endpoint.secrets.len(),
        "paused_until": endpoint.paused_until.map(time),
        "resending_since": endpoint.replay.map(|replay| time(replay.since)),
        "created_at": time(endpoint.created_at),
    })
}

fn delivery_view(delivery: &Delivery) -> Value {
    let (status, fault) = delivery.last.map_or((None, None), outcome);
    json!({
        "event_id": delivery.event_id.to_string(),
        "type": delivery.kind,
        "user_id": delivery.user_id.map(|id| id.get()),
        "status": delivery.state.stage().code(),
        "attempts": delivery.attempts,
        "last_http_status": status,
        "last_fault": fault,
        "occurred_at": time(delivery.occurred_at),
        "queued_at": time(delivery.queued_at),
        "due_at": delivery.state.due_at().map(time),
        "settled_at": delivery.state.settled_at().map(time),
    })
}

fn attempt_view(attempt: &Attempt) -> Value {
    let (status, fault) = outcome(attempt.outcome);
    json!({
        "number": attempt.number,
        "started_at": time(attempt.started_at),
        "duration_ms": attempt.took.num_milliseconds(),
        "http_status": status,
        "fault": fault,
    })
}

fn outcome(outcome: AttemptOutcome) -> (Option<u16>, Option<&'static str>) {
    match outcome {
        AttemptOutcome::Status(status) => (Some(status), None),
        AttemptOutcome::Fault(fault) => (None, Some(fault.code())),
    }
}

fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
