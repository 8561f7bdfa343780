//! Top-ups: how they lie in rows.

use crate::codes::{Corrupt, moment, money, name, user_id};
use crate::conn::{Conn, on};
use crate::schema::top_ups;
use crate::tx::TxError;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::ids::{ChargeId, TopUpNo, UserId};
use edupay_domain::top_ups::{TopUp, TopUpState};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = top_ups)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct TopUpRow {
    pub(crate) user_id: i64,
    pub(crate) top_up_no: String,
    pub(crate) amount_fen: i64,
    pub(crate) status: String,
    pub(crate) charge_id: Option<String>,
    pub(crate) credited_at: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) bonus_fen: i64,
}

impl TopUpRow {
    pub(crate) fn of(top_up: &TopUp) -> Self {
        let (status, charge_id, credited_at) = match &top_up.state {
            TopUpState::Pending => ("pending", None, None),
            TopUpState::Credited { at, charge_id } => {
                ("credited", Some(charge_id.as_str().to_owned()), Some(at.timestamp_micros()))
            }
        };
        Self {
            user_id: top_up.user_id.get(),
            top_up_no: top_up.top_up_no.as_str().to_owned(),
            amount_fen: top_up.amount.fen(),
            status: status.to_owned(),
            charge_id,
            credited_at,
            created_at: top_up.created_at.timestamp_micros(),
            bonus_fen: top_up.bonus.fen(),
        }
    }

    pub(crate) fn top_up(self) -> Result<TopUp, Corrupt> {
        let state = match (self.status.as_str(), self.charge_id, self.credited_at) {
            ("pending", None, None) => TopUpState::Pending,
            ("credited", Some(id), Some(at)) => TopUpState::Credited {
                at: moment("top_ups.credited_at", at)?,
                charge_id: name("top_ups.charge_id", &id, ChargeId::parse)?,
            },
            (other, ..) => return Err(Corrupt::new("top_ups.status", other)),
        };
        Ok(TopUp {
            user_id: user_id(self.user_id)?,
            top_up_no: name("top_ups.top_up_no", &self.top_up_no, TopUpNo::parse)?,
            amount: money("top_ups.amount_fen", self.amount_fen)?,
            bonus: money("top_ups.bonus_fen", self.bonus_fen)?,
            state,
            created_at: moment("top_ups.created_at", self.created_at)?,
        })
    }
}

/// The top-up of a number.
pub(crate) fn find<R>(conn: &mut Conn<'_>, user_id: UserId, number: &TopUpNo) -> Result<Option<TopUp>, TxError<R>> {
    let query = top_ups::table.find((user_id.get(), number.as_str())).select(top_ups::all_columns);
    let row: Option<TopUpRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(TopUpRow::top_up).transpose()?)
}

/// Stores a new top-up.
pub(super) fn insert(conn: &mut Conn<'_>, top_up: &TopUp) -> Result<(), Error> {
    let row = TopUpRow::of(top_up);
    on!(conn, c => diesel::insert_into(top_ups::table).values(&row).execute(c))?;
    Ok(())
}

/// Stores a top-up's next state.
pub(crate) fn update_top_up(conn: &mut Conn<'_>, top_up: &TopUp) -> Result<(), Error> {
    let row = TopUpRow::of(top_up);
    let key = (row.user_id, row.top_up_no.clone());
    on!(conn, c => diesel::update(top_ups::table.find(key)).set(&row).execute(c))?;
    Ok(())
}
