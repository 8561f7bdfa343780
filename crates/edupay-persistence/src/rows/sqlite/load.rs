//! Loading on SQLite: a statement per row, since none of them leaves the process.

use super::purchases::load_purchase;
use crate::charges::rows::AttemptRow;
use crate::orders::rows::{LineRow, OrderRow};
use crate::receipts::rows::ReceiptRow;
use crate::rows::held::Rows;
use crate::rows::keys::Keys;
use crate::schema::{charge_attempts, entitlements, order_lines, orders, receipts, top_ups, wallets};
use crate::top_ups::rows::TopUpRow;
use crate::wallets::WalletRow;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, OrderNo, TopUpNo, UserId};

/// The immediate transaction is the lock.
pub(in crate::rows) fn load(connection: &mut SqliteConnection, keys: &[&Keys]) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    for keys in keys {
        let user_id = keys.user_id;
        let wallet: Option<WalletRow> = wallets::table.find(user_id.get()).first(connection).optional()?;
        if let Some(wallet) = wallet {
            rows.wallets.insert(user_id, wallet.wallet());
        }
        if let Some(number) = &keys.order_no {
            load_order(connection, &mut rows, user_id, number)?;
        }
        if let Some(number) = &keys.gateway_order_no {
            load_attempt(connection, &mut rows, user_id, number)?;
        }
        if let Some(charge_id) = &keys.charge_id {
            load_receipt(connection, &mut rows, user_id, charge_id)?;
        }
        if let Some(number) = &keys.top_up_no {
            load_top_up(connection, &mut rows, user_id, number)?;
        }
        if let Some(number) = &keys.purchase_no {
            load_purchase(connection, &mut rows, user_id, number)?;
        }
    }
    Ok(rows)
}

fn load_order(
    connection: &mut SqliteConnection,
    rows: &mut Rows,
    user_id: UserId,
    number: &OrderNo,
) -> Result<(), Error> {
    let query = orders::table
        .inner_join(
            order_lines::table
                .on(order_lines::user_id.eq(orders::user_id).and(order_lines::order_no.eq(orders::order_no))),
        )
        .left_join(
            entitlements::table
                .on(entitlements::user_id.eq(orders::user_id).and(entitlements::course_id.eq(order_lines::course_id))),
        )
        .filter(orders::user_id.eq(user_id.get()))
        .filter(orders::order_no.eq(number.as_str()))
        .order(order_lines::line.asc())
        .select((orders::all_columns, order_lines::all_columns, entitlements::course_id.nullable()));
    let found: Vec<(OrderRow, LineRow, Option<i64>)> = query.load(connection)?;
    let mut lines = Vec::with_capacity(found.len());
    let mut order = None;
    for (row, line, owned) in found {
        order.get_or_insert(row);
        lines.push((line, owned));
    }
    if let Some(order) = order {
        rows.add_order(user_id, number, order, lines);
    }
    Ok(())
}

fn load_attempt(
    connection: &mut SqliteConnection,
    rows: &mut Rows,
    user_id: UserId,
    number: &GatewayOrderNo,
) -> Result<(), Error> {
    let query = charge_attempts::table.find((user_id.get(), number.as_str()));
    let row: Option<AttemptRow> = query.first(connection).optional()?;
    rows.attempts.extend(row.map(|row| ((user_id, number.clone()), row.attempt())));
    Ok(())
}

fn load_receipt(
    connection: &mut SqliteConnection,
    rows: &mut Rows,
    user_id: UserId,
    charge_id: &ChargeId,
) -> Result<(), Error> {
    let query = receipts::table.find((user_id.get(), charge_id.as_str()));
    let row: Option<ReceiptRow> = query.first(connection).optional()?;
    rows.receipts.extend(row.map(|row| ((user_id, charge_id.clone()), row.receipt())));
    Ok(())
}

fn load_top_up(
    connection: &mut SqliteConnection,
    rows: &mut Rows,
    user_id: UserId,
    number: &TopUpNo,
) -> Result<(), Error> {
    let query = top_ups::table.find((user_id.get(), number.as_str()));
    let row: Option<TopUpRow> = query.first(connection).optional()?;
    rows.top_ups.extend(row.map(|row| ((user_id, number.clone()), row.top_up())));
    Ok(())
}
