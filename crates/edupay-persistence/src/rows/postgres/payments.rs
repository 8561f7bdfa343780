//! What every payment changes, as the arrays of `write_payments.sql`.

use crate::journal::payload;
use crate::prepared::{Bind, Binds, Statement};
use crate::rows::changes::Changes;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text};
use edupay_domain::clock::Timestamp;
use edupay_domain::events::Event;
use edupay_domain::ledger::{PostedEntry, Split, Wallet};
use edupay_domain::orders::{Entitlement, Order, Tender};
use edupay_mischief::planted;

/// `write_payments.sql`.
#[derive(Default)]
pub(super) struct WritePayments<'a> {
    wallets: Wallets,
    orders: Orders<'a>,
    granted: Granted<'a>,
    entries: Entries<'a>,
    lines: Lines,
    events: Events,
}

impl<'a> WritePayments<'a> {
    pub(super) fn of(changes: &'a Changes) -> Self {
        let mut statement = Self::default();
        for (was, wallet) in changes.wallets.values() {
            statement.wallets.push(*was, wallet);
        }
        for order in &changes.ended_orders {
            statement.orders.push(order);
        }
        for entitlement in &changes.granted {
            statement.granted.push(entitlement);
        }
        for (posted, at) in &changes.entries {
            statement.entries.push(posted, *at);
            statement.lines.push(posted);
        }
        for event in &changes.events {
            statement.events.push(event);
        }
        statement
    }
}

impl Statement for WritePayments<'_> {
    const TEXT: &'static str = include_str!("write_payments.sql");
    type Columns = (BigInt, BigInt);
    type Id = WritePayments<'static>;
}

impl Bind<Pg> for WritePayments<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        self.wallets.bind(binds)?;
        self.orders.bind(binds)?;
        self.granted.bind(binds)?;
        self.entries.bind(binds)?;
        self.lines.bind(binds)?;
        self.events.bind(binds)
    }
}

type Numbers = Array<BigInt>;
type Texts = Array<Text>;

#[derive(Default)]
struct Wallets {
    users: Vec<i64>,
    was: Vec<i64>,
    cash: Vec<i64>,
    iap: Vec<i64>,
    bonus: Vec<i64>,
    debt: Vec<i64>,
    entries: Vec<i64>,
}

impl Wallets {
    fn push(&mut self, was: i64, wallet: &Wallet) {
        self.users.push(wallet.user_id.get());
        self.was.push(was);
        self.cash.push(wallet.cash.fen());
        self.iap.push(wallet.iap.fen());
        self.bonus.push(wallet.bonus.fen());
        self.debt.push(wallet.debt.fen());
        self.entries.push(wallet.entries);
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        for column in [&self.users, &self.was, &self.cash, &self.iap, &self.bonus, &self.debt, &self.entries] {
            binds.push::<Numbers, _>(column)?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Orders<'a> {
    users: Vec<i64>,
    numbers: Vec<&'a str>,
    status: Vec<&'static str>,
    paid_at: Vec<Option<i64>>,
    paid_through: Vec<Option<&'static str>>,
    charges: Vec<Option<&'a str>>,
    bonus: Vec<i64>,
    iap: Vec<i64>,
    cash: Vec<i64>,
}

impl<'a> Orders<'a> {
    fn push(&mut self, order: &'a Order) {
        let payment = order.state.payment();
        let (split, charge) = match payment.map(|payment| &payment.tender) {
            Some(Tender::Balance(split)) => (*split, None),
            Some(Tender::Charge { charge_id, .. }) => (Split::default(), Some(charge_id.as_str())),
            None => (Split::default(), None),
        };
        self.users.push(order.user_id.get());
        self.numbers.push(order.order_no.as_str());
        self.status.push(order.state.code());
        self.paid_at.push(payment.map(|payment| payment.at.timestamp_micros()));
        self.paid_through.push(payment.map(|payment| payment.tender.channel_code()));
        self.charges.push(charge);
        self.bonus.push(split.bonus.fen());
        self.iap.push(split.iap.fen());
        self.cash.push(split.cash.fen());
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.numbers)?;
        binds.push::<Texts, _>(&self.status)?;
        binds.push::<Array<Nullable<BigInt>>, _>(&self.paid_at)?;
        binds.push::<Array<Nullable<Text>>, _>(&self.paid_through)?;
        binds.push::<Array<Nullable<Text>>, _>(&self.charges)?;
        binds.push::<Numbers, _>(&self.bonus)?;
        binds.push::<Numbers, _>(&self.iap)?;
        binds.push::<Numbers, _>(&self.cash)
    }
}

#[derive(Default)]
struct Granted<'a> {
    users: Vec<i64>,
    courses: Vec<i64>,
    orders: Vec<&'a str>,
    at: Vec<i64>,
}

impl<'a> Granted<'a> {
    fn push(&mut self, entitlement: &'a Entitlement) {
        self.users.push(entitlement.user_id.get());
        self.courses.push(entitlement.course_id.get());
        self.orders.push(entitlement.order_no.as_str());
        self.at.push(entitlement.granted_at.timestamp_micros());
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Numbers, _>(&self.courses)?;
        binds.push::<Texts, _>(&self.orders)?;
        binds.push::<Numbers, _>(&self.at)
    }
}

#[derive(Default)]
struct Entries<'a> {
    users: Vec<i64>,
    numbers: Vec<i64>,
    kinds: Vec<&'static str>,
    references: Vec<&'a str>,
    before: Vec<i64>,
    after: Vec<i64>,
    at: Vec<i64>,
}

impl<'a> Entries<'a> {
    fn push(&mut self, posted: &'a PostedEntry, at: Timestamp) {
        self.users.push(posted.wallet.user_id.get());
        self.numbers.push(posted.number);
        self.kinds.push(posted.entry.kind().code());
        self.references.push(posted.entry.reference());
        self.before.push(posted.balance_before.fen());
        self.after.push(posted.balance_after.fen());
        self.at.push(at.timestamp_micros());
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Numbers, _>(&self.numbers)?;
        binds.push::<Texts, _>(&self.kinds)?;
        binds.push::<Texts, _>(&self.references)?;
        binds.push::<Numbers, _>(&self.before)?;
        binds.push::<Numbers, _>(&self.after)?;
        binds.push::<Numbers, _>(&self.at)
    }
}

#[derive(Default)]
struct Lines {
    users: Vec<i64>,
    numbers: Vec<i64>,
    lines: Vec<i16>,
    debits: Vec<&'static str>,
    credits: Vec<&'static str>,
    amounts: Vec<i64>,
}

impl Lines {
    fn push(&mut self, posted: &PostedEntry) {
        for (transfer, line) in posted.entry.transfers().iter().zip(0_i16..) {
            if planted!("line_not_written", 40) {
                continue;
            }
            self.users.push(posted.wallet.user_id.get());
            self.numbers.push(posted.number);
            self.lines.push(line);
            self.debits.push(transfer.debit.code());
            self.credits.push(transfer.credit.code());
            self.amounts.push(transfer.amount.fen());
        }
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Numbers, _>(&self.numbers)?;
        binds.push::<Array<SmallInt>, _>(&self.lines)?;
        binds.push::<Texts, _>(&self.debits)?;
        binds.push::<Texts, _>(&self.credits)?;
        binds.push::<Numbers, _>(&self.amounts)
    }
}

#[derive(Default)]
struct Events {
    users: Vec<i64>,
    ids: Vec<String>,
    kinds: Vec<&'static str>,
    payloads: Vec<String>,
    at: Vec<i64>,
}

impl Events {
    fn push(&mut self, event: &Event) {
        if planted!("event_not_written", 10) {
            return;
        }
        self.users.push(event.user_id.get());
        self.ids.push(event.id.to_string());
        self.kinds.push(event.body.kind());
        self.payloads.push(payload(event));
        self.at.push(event.at.timestamp_micros());
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.ids)?;
        binds.push::<Texts, _>(&self.kinds)?;
        binds.push::<Texts, _>(&self.payloads)?;
        binds.push::<Numbers, _>(&self.at)
    }
}
