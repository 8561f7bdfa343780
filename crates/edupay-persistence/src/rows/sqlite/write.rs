//! Writing on SQLite: a prepared statement per row, since none of them leaves the process.

use super::purchases::{PayPurchase, SupersedePeriod};
use super::updates::{EndOrder, MakeDue, UpdateWallet};
use crate::charges::rows::update_attempt;
use crate::conn::Conn;
use crate::journal;
use crate::orders::rows::grant;
use crate::packages::rows::insert_period;
use crate::prepared::Prepared;
use crate::receipts::rows::{insert_receipt, update_receipt};
use crate::rows::changes::Changes;
use crate::top_ups::rows::update_top_up;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_mischief::planted;

/// Writes every change; `false` when a row was no longer as it was loaded.
pub(in crate::rows) fn write(connection: &mut SqliteConnection, changes: &Changes) -> Result<bool, Error> {
    for (was, wallet) in changes.wallets.values() {
        if planted!("wallet_not_written", 40) {
            continue;
        }
        if Prepared(UpdateWallet::of(*was, wallet)).execute(connection)? != 1 {
            return Ok(false);
        }
    }
    for order in &changes.ended_orders {
        if Prepared(EndOrder::of(order)).execute(connection)? != 1 {
            return Ok(false);
        }
    }
    for purchase in &changes.paid_purchases {
        if Prepared(PayPurchase::of(purchase)).execute(connection)? != 1 {
            return Ok(false);
        }
    }
    for period in &changes.superseded {
        if Prepared(SupersedePeriod::of(period)).execute(connection)? != 1 {
            return Ok(false);
        }
    }
    for (user_id, subject, at) in &changes.no_longer_awaited {
        Prepared(MakeDue::of(*user_id, subject, *at)).execute(connection)?;
    }
    let conn = &mut Conn::Sqlite(connection);
    for (posted, at) in &changes.entries {
        journal::insert_entry(conn, posted, *at)?;
    }
    grant(conn, &changes.granted)?;
    for period in &changes.given {
        insert_period(conn, period)?;
    }
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
    journal::write_events(conn, &changes.events)?;
    Ok(true)
}
