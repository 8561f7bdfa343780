//! Loading on PostgreSQL: one statement locks and reads a whole batch, a second one reads what only
//! charges need, and what only purchases need comes after it.

use super::purchases::load_purchases;
use crate::charges::rows::AttemptRow;
use crate::orders::rows::{LineRow, OrderRow};
use crate::prepared::{Bind, Binds, Prepared, Statement};
use crate::receipts::rows::ReceiptRow;
use crate::rows::held::Rows;
use crate::rows::keys::{Keys, nth};
use crate::schema::{charge_attempts, order_lines, orders, receipts, top_ups, wallets};
use crate::top_ups::rows::TopUpRow;
use crate::wallets::WalletRow;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};

/// `load_payments.sql`: by user and order number.
struct LoadPayments<'a> {
    users: Vec<i64>,
    orders: Vec<Option<&'a str>>,
}

impl Statement for LoadPayments<'_> {
    const TEXT: &'static str = include_str!("load_payments.sql");
    type Columns = (
        BigInt,
        wallets::SqlType,
        BigInt,
        Nullable<orders::SqlType>,
        Nullable<order_lines::SqlType>,
        Nullable<BigInt>,
        Bool,
    );
    type Id = LoadPayments<'static>;
}

impl Bind<Pg> for LoadPayments<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Array<BigInt>, _>(&self.users)?;
        binds.push::<Array<Nullable<Text>>, _>(&self.orders)
    }
}

/// Which keys, wallet, the wallet's entries when the statement began, order, line, the course of it
/// that is owned, whether the order has unfinished attempts.
type PaymentRow = (i64, WalletRow, i64, Option<OrderRow>, Option<LineRow>, Option<i64>, bool);

/// `load_charges.sql`: by user and the names of a charge.
struct LoadCharges<'a> {
    users: Vec<i64>,
    attempts: Vec<Option<&'a str>>,
    charges: Vec<Option<&'a str>>,
    top_ups: Vec<Option<&'a str>>,
}

impl Statement for LoadCharges<'_> {
    const TEXT: &'static str = include_str!("load_charges.sql");
    type Columns =
        (BigInt, Nullable<charge_attempts::SqlType>, Nullable<receipts::SqlType>, Nullable<top_ups::SqlType>);
    type Id = LoadCharges<'static>;
}

impl Bind<Pg> for LoadCharges<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Array<BigInt>, _>(&self.users)?;
        binds.push::<Array<Nullable<Text>>, _>(&self.attempts)?;
        binds.push::<Array<Nullable<Text>>, _>(&self.charges)?;
        binds.push::<Array<Nullable<Text>>, _>(&self.top_ups)
    }
}

type ChargeRow = (i64, Option<AttemptRow>, Option<ReceiptRow>, Option<TopUpRow>);

pub(in crate::rows) fn load(connection: &mut PgConnection, keys: &[&Keys]) -> Result<Rows, Error> {
    let mut found = load_payments(connection, keys)?;
    if found.iter().any(|(_, wallet, seen, ..)| wallet.entries() != *seen) {
        // Somebody paid while we waited for the lock. Now that we have it, the rows stay as they are.
        found = load_payments(connection, keys)?;
    }
    let mut rows = Rows::default();
    rows.add_payments(keys, found);
    let of_charges: Vec<&Keys> = keys.iter().copied().filter(|keys| keys.names_a_charge()).collect();
    if !of_charges.is_empty() {
        let found = load_charges(connection, &of_charges)?;
        rows.add_charges(&of_charges, found);
    }
    let of_purchases: Vec<&Keys> = keys.iter().copied().filter(|keys| keys.names_a_purchase()).collect();
    if !of_purchases.is_empty() {
        load_purchases(connection, &of_purchases, &mut rows)?;
    }
    Ok(rows)
}

fn load_payments(connection: &mut PgConnection, keys: &[&Keys]) -> Result<Vec<PaymentRow>, Error> {
    let statement = LoadPayments {
        users: keys.iter().map(|keys| keys.user_id.get()).collect(),
        orders: keys.iter().map(|keys| keys.order_no.as_ref().map(|number| number.as_str())).collect(),
    };
    Prepared(statement).load(connection)
}

fn load_charges(connection: &mut PgConnection, keys: &[&Keys]) -> Result<Vec<ChargeRow>, Error> {
    let statement = LoadCharges {
        users: keys.iter().map(|keys| keys.user_id.get()).collect(),
        attempts: keys.iter().map(|keys| keys.gateway_order_no.as_ref().map(|number| number.as_str())).collect(),
        charges: keys.iter().map(|keys| keys.charge_id.as_ref().map(|id| id.as_str())).collect(),
        top_ups: keys.iter().map(|keys| keys.top_up_no.as_ref().map(|number| number.as_str())).collect(),
    };
    Prepared(statement).load(connection)
}

impl Rows {
    fn add_payments(&mut self, keys: &[&Keys], found: Vec<PaymentRow>) {
        let mut found = found.into_iter().peekable();
        while let Some((number, wallet, _, order, line, owned, has_attempts)) = found.next() {
            let Some(keys) = nth(keys, number) else { continue };
            self.wallets.entry(keys.user_id).or_insert_with(|| wallet.wallet());
            let (Some(order), Some(line), Some(order_no)) = (order, line, &keys.order_no) else { continue };
            let mut lines = vec![(line, owned)];
            while let Some((.., line, owned, _)) = found.next_if(|next| next.0 == number) {
                lines.extend(line.map(|line| (line, owned)));
            }
            self.add_order(keys.user_id, order_no, order, lines);
            if !has_attempts {
                self.without_attempts.insert((keys.user_id, order_no.clone()));
            }
        }
    }

    fn add_charges(&mut self, keys: &[&Keys], found: Vec<ChargeRow>) {
        for (number, attempt, receipt, top_up) in found {
            let Some(keys) = nth(keys, number) else { continue };
            if let (Some(row), Some(number)) = (attempt, &keys.gateway_order_no) {
                self.attempts.insert((keys.user_id, number.clone()), row.attempt());
            }
            if let (Some(row), Some(id)) = (receipt, &keys.charge_id) {
                self.receipts.insert((keys.user_id, id.clone()), row.receipt());
            }
            if let (Some(row), Some(number)) = (top_up, &keys.top_up_no) {
                self.top_ups.insert((keys.user_id, number.clone()), row.top_up());
            }
        }
    }
}
