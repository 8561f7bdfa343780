//! Writing on SQLite: a prepared statement per row, since none of them leaves the process.

use crate::charges::rows::{make_due, update_attempt};
use crate::conn::Conn;
use crate::journal;
use crate::orders::rows::{self as orders, UNPAID};
use crate::receipts::rows::{insert_receipt, update_receipt};
use crate::rows::Changes;
use crate::top_ups::rows::update_top_up;
use crate::wallets::update_wallet;
use diesel::prelude::*;
use diesel::result::Error;

/// Writes every change; `false` when a row was no longer as it was loaded.
pub(in crate::rows) fn write(connection: &mut SqliteConnection, changes: &Changes) -> Result<bool, Error> {
    let conn = &mut Conn::Sqlite(connection);
    for (posted, at) in &changes.entries {
        journal::insert_entry(conn, posted, *at)?;
    }
    for (was, wallet) in changes.wallets.values() {
        if !update_wallet(conn, *was, wallet)? {
            return Ok(false);
        }
    }
    for order in &changes.ended_orders {
        if !orders::update(conn, order, UNPAID)? {
            return Ok(false);
        }
    }
    orders::grant(conn, &changes.granted)?;
    for receipt in &changes.booked {
        insert_receipt(conn, receipt)?;
    }
    for receipt in &changes.receipts {
        update_receipt(conn, receipt)?;
    }
    for attempt in &changes.attempts {
        if !update_attempt(conn, attempt)? {
            return Ok(false);
        }
    }
    for top_up in &changes.top_ups {
        update_top_up(conn, top_up)?;
    }
    for (user_id, subject, at) in &changes.no_longer_awaited {
        make_due(conn, *user_id, subject, *at)?;
    }
    journal::write_events(conn, &changes.events)?;
    Ok(true)
}
