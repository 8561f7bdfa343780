//! Endpoints and deliveries, as they lie in their rows.

use crate::codes::{Corrupt, coded, moment, name, user_id};
use crate::conn::{Conn, lock, on};
use crate::schema::{delivery_attempts, event_deliveries, webhook_endpoints, webhook_secrets};
use crate::tx::TxError;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::clock::Timestamp;
use edupay_domain::event_delivery::{
    Attempt, AttemptOutcome, Delivery, DeliveryStage, DeliveryState, Endpoint, EndpointDescription, EndpointId,
    EndpointSecret, EndpointState, EndpointUrl, EventKind, Replay, SendFault, WantedEvents, WebhookSecret,
};
use edupay_domain::ids::EventId;

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_endpoints)]
#[diesel(primary_key(endpoint_id))]
#[diesel(treat_none_as_default_value = false)]
#[diesel(treat_none_as_null = true)]
pub(super) struct EndpointRow {
    endpoint_id: String,
    url: String,
    description: String,
    event_types: String,
    state: String,
    created_at: i64,
    leased_until: Option<i64>,
    paused_until: Option<i64>,
    replay_since: Option<i64>,
    replay_until: Option<i64>,
    replay_user_id: Option<i64>,
    replay_event_id: Option<String>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = webhook_secrets)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct SecretRow {
    endpoint_id: String,
    ordinal: i16,
    secret: String,
    created_at: i64,
    expires_at: Option<i64>,
}

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = event_deliveries)]
#[diesel(primary_key(endpoint_id, event_id))]
#[diesel(treat_none_as_default_value = false)]
#[diesel(treat_none_as_null = true)]
pub(super) struct DeliveryRow {
    endpoint_id: String,
    event_id: String,
    user_id: Option<i64>,
    kind: String,
    occurred_at: i64,
    state: String,
    tries: i32,
    attempts: i32,
    queued_at: i64,
    due_at: Option<i64>,
    settled_at: Option<i64>,
    last_status: Option<i16>,
    last_fault: Option<String>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = delivery_attempts)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct AttemptRow {
    endpoint_id: String,
    event_id: String,
    number: i32,
    started_at: i64,
    took_micros: i64,
    status: Option<i16>,
    fault: Option<String>,
}

impl EndpointRow {
    fn of(endpoint: &Endpoint) -> Self {
        let types = match &endpoint.wants {
            WantedEvents::All => String::new(),
            WantedEvents::Only(kinds) => kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(","),
        };
        let micros = |at: Option<Timestamp>| at.map(|at| at.timestamp_micros());
        let after = endpoint.replay.and_then(|replay| replay.after);
        Self {
            endpoint_id: endpoint.id.to_string(),
            url: endpoint.url.as_str().to_owned(),
            description: endpoint.description.as_str().to_owned(),
            event_types: types,
            state: endpoint.state.code().to_owned(),
            created_at: endpoint.created_at.timestamp_micros(),
            leased_until: micros(endpoint.leased_until),
            paused_until: micros(endpoint.paused_until),
            replay_since: micros(endpoint.replay.map(|replay| replay.since)),
            replay_until: micros(endpoint.replay.map(|replay| replay.until)),
            replay_user_id: after.map(|(user_id, _)| user_id.get()),
            replay_event_id: after.map(|(_, event_id)| event_id.to_string()),
        }
    }

    /// The address may be a secret of the receiver's, so a failure does not repeat it.
    fn endpoint(self, secrets: Vec<EndpointSecret>) -> Result<Endpoint, Corrupt> {
        let maybe = |column, at: Option<i64>| at.map(|at| moment(column, at)).transpose();
        let kind =
            |text: &str| EventKind::parse(text).ok_or_else(|| Corrupt::new("webhook_endpoints.event_types", text));
        let wants = match self.event_types.as_str() {
            "" => WantedEvents::All,
            types => WantedEvents::Only(types.split(',').map(kind).collect::<Result<_, _>>()?),
        };
        let after = match (self.replay_user_id, &self.replay_event_id) {
            (Some(user), Some(event)) => Some((user_id(user)?, event_id("webhook_endpoints.replay_event_id", event)?)),
            _ => None,
        };
        let replay = match (self.replay_since, self.replay_until) {
            (Some(since), Some(until)) => Some(Replay {
                since: moment("webhook_endpoints.replay_since", since)?,
                until: moment("webhook_endpoints.replay_until", until)?,
                after,
            }),
            _ => None,
        };
        Ok(Endpoint {
            id: endpoint_id(&self.endpoint_id)?,
            url: EndpointUrl::parse(&self.url).map_err(|error| Corrupt::new("webhook_endpoints.url", error))?,
            description: EndpointDescription::parse(&self.description)
                .ok_or_else(|| Corrupt::new("webhook_endpoints.description", &self.endpoint_id))?,
            wants,
            state: coded("webhook_endpoints.state", &self.state, &EndpointState::ALL, EndpointState::code)?,
            secrets,
            created_at: moment("webhook_endpoints.created_at", self.created_at)?,
            leased_until: maybe("webhook_endpoints.leased_until", self.leased_until)?,
            paused_until: maybe("webhook_endpoints.paused_until", self.paused_until)?,
            replay,
        })
    }
}

impl SecretRow {
    fn of(endpoint_id: EndpointId, ordinal: i16, secret: &EndpointSecret) -> Self {
        Self {
            endpoint_id: endpoint_id.to_string(),
            ordinal,
            secret: secret.secret.reveal().to_owned(),
            created_at: secret.created_at.timestamp_micros(),
            expires_at: secret.expires_at.map(|at| at.timestamp_micros()),
        }
    }

    fn secret(&self) -> Result<EndpointSecret, Corrupt> {
        let secret = WebhookSecret::parse(&self.secret);
        let expires_at = self.expires_at.map(|at| moment("webhook_secrets.expires_at", at));
        Ok(EndpointSecret {
            secret: secret.ok_or_else(|| Corrupt::new("webhook_secrets.secret", "no secret"))?,
            created_at: moment("webhook_secrets.created_at", self.created_at)?,
            expires_at: expires_at.transpose()?,
        })
    }
}

impl DeliveryRow {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let (last_status, last_fault) = delivery.last.map_or((None, None), outcome_columns);
        Self {
            endpoint_id: delivery.endpoint_id.to_string(),
            event_id: delivery.event_id.to_string(),
            user_id: delivery.user_id.map(|id| id.get()),
            kind: delivery.kind.clone(),
            occurred_at: delivery.occurred_at.timestamp_micros(),
            state: delivery.state.stage().code().to_owned(),
            tries: i32::try_from(delivery.tries).unwrap_or(i32::MAX),
            attempts: i32::try_from(delivery.attempts).unwrap_or(i32::MAX),
            queued_at: delivery.queued_at.timestamp_micros(),
            due_at: delivery.state.due_at().map(|at| at.timestamp_micros()),
            settled_at: delivery.state.settled_at().map(|at| at.timestamp_micros()),
            last_status,
            last_fault,
        }
    }

    pub(super) fn delivery(self) -> Result<Delivery, Corrupt> {
        let stage = coded("event_deliveries.state", &self.state, &DeliveryStage::ALL, DeliveryStage::code)?;
        let state = match (stage, self.due_at, self.settled_at) {
            (DeliveryStage::Pending, Some(at), None) => {
                DeliveryState::Pending { due_at: moment("event_deliveries.due_at", at)? }
            }
            (DeliveryStage::Delivered, None, Some(at)) => {
                DeliveryState::Delivered { at: moment("event_deliveries.settled_at", at)? }
            }
            (DeliveryStage::Failed, None, Some(at)) => {
                DeliveryState::Failed { at: moment("event_deliveries.settled_at", at)? }
            }
            _ => return Err(Corrupt::new("event_deliveries.state", self.state)),
        };
        Ok(Delivery {
            endpoint_id: endpoint_id(&self.endpoint_id)?,
            event_id: event_id("event_deliveries.event_id", &self.event_id)?,
            user_id: self.user_id.map(user_id).transpose()?,
            kind: self.kind,
            occurred_at: moment("event_deliveries.occurred_at", self.occurred_at)?,
            state,
            tries: count("event_deliveries.tries", self.tries)?,
            attempts: count("event_deliveries.attempts", self.attempts)?,
            queued_at: moment("event_deliveries.queued_at", self.queued_at)?,
            last: outcome(("event_deliveries.last_status", self.last_status), self.last_fault.as_deref())?,
        })
    }
}

impl AttemptRow {
    pub(super) fn of(delivery: &Delivery, attempt: &Attempt) -> Self {
        let (status, fault) = outcome_columns(attempt.outcome);
        Self {
            endpoint_id: delivery.endpoint_id.to_string(),
            event_id: delivery.event_id.to_string(),
            number: i32::try_from(attempt.number).unwrap_or(i32::MAX),
            started_at: attempt.started_at.timestamp_micros(),
            took_micros: attempt.took.num_microseconds().unwrap_or(i64::MAX),
            status,
            fault,
        }
    }

    pub(super) fn attempt(self) -> Result<Attempt, Corrupt> {
        let outcome = outcome(("delivery_attempts.status", self.status), self.fault.as_deref())?;
        Ok(Attempt {
            number: count("delivery_attempts.number", self.number)?,
            started_at: moment("delivery_attempts.started_at", self.started_at)?,
            took: TimeDelta::microseconds(self.took_micros),
            outcome: outcome.ok_or_else(|| Corrupt::new("delivery_attempts.status", "nothing"))?,
        })
    }
}

fn outcome_columns(outcome: AttemptOutcome) -> (Option<i16>, Option<String>) {
    match outcome {
        AttemptOutcome::Status(status) => (Some(i16::try_from(status).unwrap_or(i16::MAX)), None),
        AttemptOutcome::Fault(fault) => (None, Some(fault.code().to_owned())),
    }
}

fn outcome(
    (column, status): (&'static str, Option<i16>),
    fault: Option<&str>,
) -> Result<Option<AttemptOutcome>, Corrupt> {
    match (status, fault) {
        (Some(status), None) => {
            let status = u16::try_from(status).map_err(|_| Corrupt::new(column, status))?;
            Ok(Some(AttemptOutcome::Status(status)))
        }
        (None, Some(fault)) => Ok(Some(AttemptOutcome::Fault(coded(column, fault, &SendFault::ALL, SendFault::code)?))),
        (None, None) => Ok(None),
        (Some(_), Some(fault)) => Err(Corrupt::new(column, fault)),
    }
}

fn count(column: &'static str, number: i32) -> Result<u32, Corrupt> {
    u32::try_from(number).map_err(|_| Corrupt::new(column, number))
}

pub(super) fn endpoint_id(text: &str) -> Result<EndpointId, Corrupt> {
    name("endpoint_id", text, EndpointId::parse)
}

pub(super) fn event_id(column: &'static str, text: &str) -> Result<EventId, Corrupt> {
    name(column, text, EventId::parse)
}

/// An endpoint, removed or not, which nobody else changes until the transaction ends.
pub(super) fn locked<R>(conn: &mut Conn<'_>, id: EndpointId) -> Result<Option<Endpoint>, TxError<R>> {
    let query = webhook_endpoints::table.find(id.to_string());
    let row: Option<EndpointRow> = lock!(conn, query, first).optional()?;
    row.map(|row| with_secrets(conn, row)).transpose()
}

/// An endpoint with its secrets.
pub(super) fn with_secrets<R>(conn: &mut Conn<'_>, row: EndpointRow) -> Result<Endpoint, TxError<R>> {
    let query = webhook_secrets::table
        .filter(webhook_secrets::endpoint_id.eq(&row.endpoint_id))
        .order(webhook_secrets::ordinal.asc());
    let secrets: Vec<SecretRow> = on!(conn, c => query.load(c))?;
    let secrets = secrets.iter().map(SecretRow::secret).collect::<Result<_, _>>()?;
    Ok(row.endpoint(secrets)?)
}

/// Stores a new endpoint.
pub(super) fn insert_endpoint(conn: &mut Conn<'_>, endpoint: &Endpoint) -> Result<(), Error> {
    let row = EndpointRow::of(endpoint);
    on!(conn, c => diesel::insert_into(webhook_endpoints::table).values(&row).execute(c))?;
    insert_secrets(conn, endpoint)
}

/// Writes what has changed of an endpoint.
pub(super) fn update_endpoint(conn: &mut Conn<'_>, was: &Endpoint, is: &Endpoint) -> Result<(), Error> {
    if was == is {
        return Ok(());
    }
    let (id, row) = (is.id.to_string(), EndpointRow::of(is));
    on!(conn, c => diesel::update(webhook_endpoints::table.find(id.as_str())).set(&row).execute(c))?;
    if was.secrets != is.secrets {
        let old = webhook_secrets::table.filter(webhook_secrets::endpoint_id.eq(id.as_str()));
        on!(conn, c => diesel::delete(old).execute(c))?;
        insert_secrets(conn, is)?;
    }
    Ok(())
}

fn insert_secrets(conn: &mut Conn<'_>, endpoint: &Endpoint) -> Result<(), Error> {
    for (secret, ordinal) in endpoint.secrets.iter().zip(0_i16..) {
        let row = SecretRow::of(endpoint.id, ordinal, secret);
        on!(conn, c => diesel::insert_into(webhook_secrets::table).values(&row).execute(c))?;
    }
    Ok(())
}

/// A delivery by its key.
pub(super) fn find_delivery<R>(
    conn: &mut Conn<'_>,
    endpoint_id: EndpointId,
    event_id: EventId,
) -> Result<Option<Delivery>, TxError<R>> {
    let query = event_deliveries::table.find((endpoint_id.to_string(), event_id.to_string()));
    let row: Option<DeliveryRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(DeliveryRow::delivery).transpose()?)
}

/// Writes a delivery that is there.
pub(super) fn update_delivery(conn: &mut Conn<'_>, delivery: &Delivery) -> Result<(), Error> {
    let row = DeliveryRow::of(delivery);
    let one = event_deliveries::table.find((delivery.endpoint_id.to_string(), delivery.event_id.to_string()));
    on!(conn, c => diesel::update(one).set(&row).execute(c))?;
    Ok(())
}

/// Stores deliveries, but for those that are there.
pub(super) fn insert_deliveries(conn: &mut Conn<'_>, deliveries: &[Delivery]) -> Result<(), Error> {
    /// PostgreSQL takes 65,535 values in a statement.
    const LOT: usize = 500;
    let rows: Vec<_> = deliveries.iter().map(DeliveryRow::of).collect();
    match conn {
        Conn::Sqlite(connection) => {
            for row in &rows {
                let insert = diesel::insert_into(event_deliveries::table).values(row).on_conflict_do_nothing();
                insert.execute(*connection)?;
            }
        }
        Conn::Postgres(connection) => {
            for rows in rows.chunks(LOT) {
                let insert = diesel::insert_into(event_deliveries::table).values(rows).on_conflict_do_nothing();
                insert.execute(*connection)?;
            }
        }
    }
    Ok(())
}
