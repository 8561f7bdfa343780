//! The updates of every payment.

use crate::charges::rows::subject_columns;
use crate::orders::rows::OrderRow;
use crate::prepared::{Bind, Binds, Statement};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::Sqlite;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::Wallet;
use edupay_domain::orders::Order;
use edupay_domain::payments::ChargeSubject;

/// `update_wallet.sql`: the balances, the entries, whose, and the entries as they were loaded.
pub(super) struct UpdateWallet([i64; 7]);

impl UpdateWallet {
    pub(super) fn of(was: i64, wallet: &Wallet) -> Self {
        let Wallet { user_id, cash, iap, bonus, debt, entries } = wallet;
        Self([cash.fen(), iap.fen(), bonus.fen(), debt.fen(), *entries, user_id.get(), was])
    }
}

impl Statement for UpdateWallet {
    const TEXT: &'static str = include_str!("update_wallet.sql");
    type Columns = ();
    type Id = Self;
}

impl Bind<Sqlite> for UpdateWallet {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.iter().try_for_each(|value| binds.push::<BigInt, _>(value))
    }
}

/// `end_order.sql`.
pub(super) struct EndOrder(OrderRow);

impl EndOrder {
    pub(super) fn of(order: &Order) -> Self {
        Self(OrderRow::of(order))
    }
}

impl Statement for EndOrder {
    const TEXT: &'static str = include_str!("end_order.sql");
    type Columns = ();
    type Id = Self;
}

impl Bind<Sqlite> for EndOrder {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Sqlite>) -> QueryResult<()> {
        let row = &self.0;
        binds.push::<Text, _>(&row.status)?;
        binds.push::<Nullable<BigInt>, _>(&row.paid_at)?;
        binds.push::<Nullable<Text>, _>(&row.paid_through)?;
        binds.push::<Nullable<Text>, _>(&row.paid_charge_id)?;
        binds.push::<BigInt, _>(&row.paid_bonus_fen)?;
        binds.push::<BigInt, _>(&row.paid_iap_fen)?;
        binds.push::<BigInt, _>(&row.paid_cash_fen)?;
        binds.push::<BigInt, _>(&row.user_id)?;
        binds.push::<Text, _>(&row.order_no)
    }
}

/// `make_due.sql`.
pub(super) struct MakeDue<'a> {
    at: i64,
    user_id: i64,
    subject: (&'static str, &'a str),
}

impl<'a> MakeDue<'a> {
    pub(super) fn of(user_id: UserId, subject: &'a ChargeSubject, at: Timestamp) -> Self {
        Self { at: at.timestamp_micros(), user_id: user_id.get(), subject: subject_columns(subject) }
    }
}

impl Statement for MakeDue<'_> {
    const TEXT: &'static str = include_str!("make_due.sql");
    type Columns = ();
    type Id = MakeDue<'static>;
}

impl Bind<Sqlite> for MakeDue<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Sqlite>) -> QueryResult<()> {
        binds.push::<BigInt, _>(&self.at)?;
        binds.push::<BigInt, _>(&self.at)?;
        binds.push::<BigInt, _>(&self.user_id)?;
        binds.push::<Text, _>(self.subject.0)?;
        binds.push::<Text, _>(self.subject.1)
    }
}
