//! Sending again what happened since a moment. The outbox has no index on time, which every payment would
//! have to keep: it is gone through by its key, a page at a time, whoever it concerns.

use super::rows::{self, DeliveryRow};
use crate::codes::{moment, user_id};
use crate::conn::{Conn, on};
use crate::schema::{event_deliveries, outbox, webhook_endpoints};
use crate::tx::{Never, TxError};
use diesel::prelude::*;
use edupay_domain::event_delivery::{Delivery, EndpointId, EndpointState, EventHead, ReplayRule, ReplayStep};
use edupay_domain::ids::{EventId, UserId};
use std::collections::HashMap;

/// Whether an endpoint has a replay.
pub(super) fn is_under_way(conn: &mut Conn<'_>, id: EndpointId) -> Result<bool, TxError<Never>> {
    let query = webhook_endpoints::table.find(id.to_string()).select(webhook_endpoints::replay_since);
    let since: Option<Option<i64>> = on!(conn, c => query.first(c)).optional()?;
    Ok(since.flatten().is_some())
}

/// Whether the replay goes on.
pub(super) fn step(conn: &mut Conn<'_>, command: &ReplayStep, rule: ReplayRule) -> Result<bool, TxError<Never>> {
    let Some(endpoint) = rows::locked(conn, command.endpoint_id)? else { return Ok(false) };
    let Some(replay) = endpoint.replay else { return Ok(false) };
    let events = page(conn, replay.after, i64::from(command.limit))?;
    let mut known = known(conn, command, &events)?;
    let page: Vec<_> = events
        .into_iter()
        .map(|event| {
            let delivery = known.remove(&event.event_id);
            (event, delivery)
        })
        .collect();
    let plan = rule(command, &endpoint, &page);
    let (there, new): (Vec<_>, Vec<_>) = plan
        .deliveries
        .into_iter()
        .partition(|one| page.iter().any(|(event, delivery)| delivery.is_some() && event.event_id == one.event_id));
    for delivery in &there {
        rows::update_delivery(conn, delivery)?;
    }
    rows::insert_deliveries(conn, &new)?;
    rows::update_endpoint(conn, &endpoint, &plan.endpoint)?;
    Ok(plan.endpoint.replay.is_some() && plan.endpoint.state == EndpointState::Active)
}

/// The events after one of them, by user.
fn page(conn: &mut Conn<'_>, after: Option<(UserId, EventId)>, limit: i64) -> Result<Vec<EventHead>, TxError<Never>> {
    use outbox::{event_id, occurred_at, table, user_id as of};
    let (user, event) = after.map_or((0, String::new()), |(user, event)| (user.get(), event.to_string()));
    // The range of the index begins at the user; only that user's own events are told apart.
    let query = table
        .filter(of.ge(user))
        .filter(of.gt(user).or(event_id.gt(event)))
        .order((of.asc(), event_id.asc()))
        .limit(limit)
        .select((of, event_id, outbox::kind, occurred_at));
    let rows: Vec<(i64, String, String, i64)> = on!(conn, c => query.load(c))?;
    rows.into_iter()
        .map(|(user, event, kind, at)| {
            Ok(EventHead {
                user_id: user_id(user)?,
                event_id: rows::event_id("outbox.event_id", &event)?,
                kind,
                occurred_at: moment("outbox.occurred_at", at)?,
            })
        })
        .collect()
}

fn known(
    conn: &mut Conn<'_>,
    command: &ReplayStep,
    events: &[EventHead],
) -> Result<HashMap<EventId, Delivery>, TxError<Never>> {
    let ids: Vec<String> = events.iter().map(|event| event.event_id.to_string()).collect();
    let query = event_deliveries::table
        .filter(event_deliveries::endpoint_id.eq(command.endpoint_id.to_string()))
        .filter(event_deliveries::event_id.eq_any(&ids));
    let rows: Vec<DeliveryRow> = on!(conn, c => query.load(c))?;
    let delivery = |row: DeliveryRow| row.delivery().map(|delivery| (delivery.event_id, delivery));
    Ok(rows.into_iter().map(delivery).collect::<Result<_, _>>()?)
}
