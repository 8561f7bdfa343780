//! From the events that were noted to their deliveries, in one transaction.

use super::rows::{self, EndpointRow};
use crate::codes::{moment, user_id};
use crate::conn::{Conn, on};
use crate::schema::{outbox_fanout, webhook_endpoints};
use crate::tx::{Never, TxError};
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::event_delivery::{Endpoint, EndpointState, EventHead, FanOut, FanOutRule};

/// When, whose, which, of which type.
type Note = (i64, i64, String, String);

/// Whether any event waits.
pub(super) fn is_anything_noted(conn: &mut Conn<'_>) -> Result<bool, TxError<Never>> {
    let query = outbox_fanout::table.select(outbox_fanout::occurred_at).limit(1);
    let found: Option<i64> = on!(conn, c => query.first(c)).optional()?;
    Ok(found.is_some())
}

pub(super) fn fan_out(conn: &mut Conn<'_>, command: &FanOut, rule: FanOutRule) -> Result<u32, TxError<Never>> {
    let notes = taken(conn, i64::from(command.limit))?;
    let events = notes.iter().map(head).collect::<Result<Vec<_>, _>>()?;
    let deliveries = rule(command, &events, &active(conn)?);
    rows::insert_deliveries(conn, &deliveries)?;
    for (at, user, event, _) in &notes {
        let note = outbox_fanout::table.find((*at, *user, event.as_str()));
        on!(conn, c => diesel::delete(note).execute(c))?;
    }
    Ok(u32::try_from(notes.len()).unwrap_or(u32::MAX))
}

/// The longest noted events, which nobody else takes until the transaction ends; those that another
/// worker has taken are left out.
fn taken(conn: &mut Conn<'_>, limit: i64) -> Result<Vec<Note>, Error> {
    use outbox_fanout::{event_id, occurred_at, table, user_id};
    let query = table.order((occurred_at.asc(), user_id.asc(), event_id.asc())).limit(limit);
    match conn {
        Conn::Sqlite(connection) => query.load(*connection),
        Conn::Postgres(connection) => query.for_update().skip_locked().load(*connection),
    }
}

fn head((at, user, event, kind): &Note) -> Result<EventHead, TxError<Never>> {
    Ok(EventHead {
        user_id: user_id(*user)?,
        event_id: rows::event_id("outbox_fanout.event_id", event)?,
        kind: kind.clone(),
        occurred_at: moment("outbox_fanout.occurred_at", *at)?,
    })
}

fn active(conn: &mut Conn<'_>) -> Result<Vec<Endpoint>, TxError<Never>> {
    let query = webhook_endpoints::table.filter(webhook_endpoints::state.eq(EndpointState::Active.code()));
    let rows: Vec<EndpointRow> = on!(conn, c => query.load(c))?;
    rows.into_iter().map(|row| rows::with_secrets(conn, row)).collect()
}
