//! How an entry and its events are written, in the transaction of the effect that causes them.

use crate::conn::{Conn, on};
use crate::schema::{journal_entries, journal_lines, outbox};
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::clock::Timestamp;
use edupay_domain::events::{Event, EventField};
use edupay_domain::ids::{EventId, UserId};
use edupay_domain::ledger::PostedEntry;
use edupay_mischief::planted;
use serde_json::{Map, Value};

#[derive(Insertable)]
#[diesel(table_name = journal_lines)]
struct LineRow {
    user_id: i64,
    number: i64,
    line: i16,
    debit: &'static str,
    credit: &'static str,
    amount_fen: i64,
}

/// Writes an entry with its lines; the wallet after it is written by its own statement.
pub(crate) fn insert_entry(conn: &mut Conn<'_>, posted: &PostedEntry, at: Timestamp) -> Result<(), Error> {
    let user_id = posted.wallet.user_id.get();
    let entry = (
        journal_entries::user_id.eq(user_id),
        journal_entries::number.eq(posted.number),
        journal_entries::kind.eq(posted.entry.kind().code()),
        journal_entries::reference.eq(posted.entry.reference()),
        journal_entries::balance_before_fen.eq(posted.balance_before.fen()),
        journal_entries::balance_after_fen.eq(posted.balance_after.fen()),
        journal_entries::occurred_at.eq(at.timestamp_micros()),
    );
    on!(conn, c => diesel::insert_into(journal_entries::table).values(entry).execute(c))?;
    for (transfer, line) in posted.entry.transfers().iter().zip(0_i16..) {
        if planted!("line_not_written", 40) {
            continue;
        }
        let row = LineRow {
            user_id,
            number: posted.number,
            line,
            debit: transfer.debit.code(),
            credit: transfer.credit.code(),
            amount_fen: transfer.amount.fen(),
        };
        on!(conn, c => diesel::insert_into(journal_lines::table).values(&row).execute(c))?;
    }
    Ok(())
}

/// Writes the events into the outbox.
pub(crate) fn write_events(conn: &mut Conn<'_>, events: &[Event]) -> Result<(), Error> {
    for event in events {
        if planted!("event_not_written", 10) {
            continue;
        }
        let row = (
            outbox::user_id.eq(event.user_id.get()),
            outbox::event_id.eq(event.id.to_string()),
            outbox::kind.eq(event.body.kind()),
            outbox::payload.eq(payload(event)),
            outbox::occurred_at.eq(event.at.timestamp_micros()),
        );
        on!(conn, c => diesel::insert_into(outbox::table).values(row).execute(c))?;
    }
    Ok(())
}

/// What an event says, as JSON.
pub(crate) fn payload(event: &Event) -> String {
    let field = |(name, value): (&str, EventField)| {
        let value = match value {
            EventField::Text(text) => Value::from(text),
            EventField::Money(money) => Value::from(money.fen()),
        };
        (name.to_owned(), value)
    };
    Value::Object(event.body.fields().into_iter().map(field).collect::<Map<_, _>>()).to_string()
}

/// Whether an event lies in the outbox: how an effect that was committed without an answer knows
/// itself again.
pub(crate) fn is_recorded(conn: &mut Conn<'_>, user_id: UserId, event_id: EventId) -> Result<bool, Error> {
    let query = outbox::table.find((user_id.get(), event_id.to_string())).select(outbox::user_id);
    let found: Option<i64> = on!(conn, c => query.first(c)).optional()?;
    Ok(found.is_some())
}
