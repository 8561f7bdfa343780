//! What only charges change, as the arrays of `write_charges.sql` and `write_no_longer_awaited.sql`.

use crate::charges::rows::{AttemptRow, subject_columns};
use crate::prepared::{Bind, Binds, Statement};
use crate::receipts::rows::ReceiptRow;
use crate::rows::changes::Changes;
use crate::top_ups::rows::TopUpRow;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

type Numbers = Array<BigInt>;
type NullableNumbers = Array<Nullable<BigInt>>;
type Texts = Array<Text>;
type NullableTexts = Array<Nullable<Text>>;

/// One column of many rows.
macro_rules! column {
    ($rows:expr, $field:ident) => {
        $rows.iter().map(|row| row.$field.clone()).collect()
    };
}

/// `write_charges.sql`.
pub(super) struct WriteCharges {
    booked: Receipts,
    receipts: Receipts,
    attempts: Attempts,
    top_ups: TopUps,
}

impl WriteCharges {
    pub(super) fn of(changes: &Changes) -> Self {
        Self {
            booked: Receipts::of(&changes.booked.iter().map(ReceiptRow::of).collect::<Vec<_>>()),
            receipts: Receipts::of(&changes.receipts.iter().map(ReceiptRow::of).collect::<Vec<_>>()),
            attempts: Attempts::of(&changes.attempts.iter().map(AttemptRow::of).collect::<Vec<_>>()),
            top_ups: TopUps::of(&changes.top_ups.iter().map(TopUpRow::of).collect::<Vec<_>>()),
        }
    }
}

impl Statement for WriteCharges {
    const TEXT: &'static str = include_str!("write_charges.sql");
    type Columns = BigInt;
    type Id = Self;
}

impl Bind<Pg> for WriteCharges {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        self.booked.bind_claims(binds)?;
        self.booked.bind_whole(binds)?;
        self.receipts.bind_changes(binds)?;
        self.attempts.bind(binds)?;
        self.top_ups.bind(binds)
    }
}

struct Receipts {
    users: Vec<i64>,
    charges: Vec<String>,
    attempts: Vec<String>,
    amounts: Vec<i64>,
    status: Vec<String>,
    reasons: Vec<Option<String>>,
    refunds: Vec<Option<String>>,
    received_at: Vec<i64>,
    next_try_at: Vec<i64>,
    due_at: Vec<Option<i64>>,
}

impl Receipts {
    fn of(rows: &[ReceiptRow]) -> Self {
        Self {
            users: column!(rows, user_id),
            charges: column!(rows, charge_id),
            attempts: column!(rows, gateway_order_no),
            amounts: column!(rows, amount_fen),
            status: column!(rows, status),
            reasons: column!(rows, reason),
            refunds: column!(rows, refund_id),
            received_at: column!(rows, received_at),
            next_try_at: column!(rows, next_try_at),
            due_at: column!(rows, due_at),
        }
    }

    fn bind_claims<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.charges)?;
        binds.push::<Texts, _>(&self.attempts)
    }

    fn bind_whole<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        self.bind_claims(binds)?;
        binds.push::<Numbers, _>(&self.amounts)?;
        self.bind_state(binds)?;
        binds.push::<Numbers, _>(&self.received_at)?;
        self.bind_tries(binds)
    }

    fn bind_changes<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.charges)?;
        self.bind_state(binds)?;
        self.bind_tries(binds)
    }

    fn bind_state<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Texts, _>(&self.status)?;
        binds.push::<NullableTexts, _>(&self.reasons)?;
        binds.push::<NullableTexts, _>(&self.refunds)
    }

    fn bind_tries<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.next_try_at)?;
        binds.push::<NullableNumbers, _>(&self.due_at)
    }
}

struct Attempts {
    users: Vec<i64>,
    numbers: Vec<String>,
    status: Vec<String>,
    charges: Vec<Option<String>>,
    documents: Vec<Option<String>>,
    expires_at: Vec<i64>,
    look_at: Vec<i64>,
    due_at: Vec<Option<i64>>,
}

impl Attempts {
    fn of(rows: &[AttemptRow]) -> Self {
        Self {
            users: column!(rows, user_id),
            numbers: column!(rows, gateway_order_no),
            status: column!(rows, status),
            charges: column!(rows, charge_id),
            documents: column!(rows, document),
            expires_at: column!(rows, expires_at),
            look_at: column!(rows, look_at),
            due_at: column!(rows, due_at),
        }
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.numbers)?;
        binds.push::<Texts, _>(&self.status)?;
        binds.push::<NullableTexts, _>(&self.charges)?;
        binds.push::<NullableTexts, _>(&self.documents)?;
        binds.push::<Numbers, _>(&self.expires_at)?;
        binds.push::<Numbers, _>(&self.look_at)?;
        binds.push::<NullableNumbers, _>(&self.due_at)
    }
}

struct TopUps {
    users: Vec<i64>,
    numbers: Vec<String>,
    status: Vec<String>,
    charges: Vec<Option<String>>,
    credited_at: Vec<Option<i64>>,
}

impl TopUps {
    fn of(rows: &[TopUpRow]) -> Self {
        Self {
            users: column!(rows, user_id),
            numbers: column!(rows, top_up_no),
            status: column!(rows, status),
            charges: column!(rows, charge_id),
            credited_at: column!(rows, credited_at),
        }
    }

    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.numbers)?;
        binds.push::<Texts, _>(&self.status)?;
        binds.push::<NullableTexts, _>(&self.charges)?;
        binds.push::<NullableNumbers, _>(&self.credited_at)
    }
}

/// `write_no_longer_awaited.sql`.
#[derive(Default)]
pub(super) struct WriteNoLongerAwaited<'a> {
    users: Vec<i64>,
    subjects: Vec<&'static str>,
    numbers: Vec<&'a str>,
    at: Vec<i64>,
}

impl<'a> WriteNoLongerAwaited<'a> {
    pub(super) fn of(changes: &'a Changes) -> Self {
        let mut statement = Self::default();
        for (user_id, subject, at) in &changes.no_longer_awaited {
            let (kind, number) = subject_columns(subject);
            statement.users.push(user_id.get());
            statement.subjects.push(kind);
            statement.numbers.push(number);
            statement.at.push(at.timestamp_micros());
        }
        statement
    }
}

impl Statement for WriteNoLongerAwaited<'_> {
    const TEXT: &'static str = include_str!("write_no_longer_awaited.sql");
    type Columns = ();
    type Id = WriteNoLongerAwaited<'static>;
}

impl Bind<Pg> for WriteNoLongerAwaited<'_> {
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, Pg>) -> QueryResult<()> {
        binds.push::<Numbers, _>(&self.users)?;
        binds.push::<Texts, _>(&self.subjects)?;
        binds.push::<Texts, _>(&self.numbers)?;
        binds.push::<Numbers, _>(&self.at)
    }
}
