//! The rows of PostgreSQL.

mod charges;
mod load;
mod payments;
mod purchases;

use super::changes::Changes;
use crate::prepared::Prepared;
use charges::{WriteCharges, WriteNoLongerAwaited};
use diesel::prelude::*;
use diesel::result::Error;
pub(super) use load::load;
use payments::WritePayments;
use purchases::WritePurchases;

/// Writes every change, with one statement for what every payment changes and one each for what
/// only charges do or only purchases; `false` when a row was no longer as it was loaded.
pub(super) fn write(connection: &mut PgConnection, changes: &Changes) -> Result<bool, Error> {
    let (wallets, orders): (i64, i64) = Prepared(WritePayments::of(changes)).get_result(connection)?;
    if !all(wallets, changes.wallets.len()) || !all(orders, changes.ended_orders.len()) {
        return Ok(false);
    }
    if changes.touch_a_charge() {
        let attempts: i64 = Prepared(WriteCharges::of(changes)).get_result(connection)?;
        if !all(attempts, changes.attempts.len()) {
            return Ok(false);
        }
    }
    if changes.pay_a_purchase() {
        let (paid, replaced): (i64, i64) = Prepared(WritePurchases::of(changes)).get_result(connection)?;
        if !all(paid, changes.paid_purchases.len()) || !all(replaced, changes.superseded.len()) {
            return Ok(false);
        }
    }
    if !changes.no_longer_awaited.is_empty() {
        Prepared(WriteNoLongerAwaited::of(changes)).execute(connection)?;
    }
    Ok(true)
}

fn all(written: i64, expected: usize) -> bool {
    usize::try_from(written) == Ok(expected)
}
