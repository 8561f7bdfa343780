//! Top-ups.

use crate::charges::{attempt, insert_attempt, make_due};
use crate::codes::{Corrupt, moment, money, name, user_id};
use crate::confirmations::write_confirmation;
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::receipts::receipt_of;
use crate::schema::top_ups;
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::ids::{ChargeId, TopUpNo, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::payments::{ChargeSubject, Confirmation};
use edupay_domain::store::{EffectError, StoreError};
use edupay_domain::top_ups::{
    ConfirmTopUp, ConfirmTopUpRule, OpenTopUp, OpenTopUpRule, OpenedTopUp, TopUp, TopUpRefusal, TopUpState, TopUpStore,
    TopUpView,
};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = top_ups)]
#[diesel(treat_none_as_null = true)]
struct TopUpRow {
    user_id: i64,
    top_up_no: String,
    amount_fen: i64,
    status: String,
    charge_id: Option<String>,
    credited_at: Option<i64>,
    created_at: i64,
}

impl TopUpRow {
    fn of(top_up: &TopUp) -> Self {
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
        }
    }

    fn top_up(self) -> Result<TopUp, Corrupt> {
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
            state,
            created_at: moment("top_ups.created_at", self.created_at)?,
        })
    }
}

fn find<R>(conn: &mut Conn<'_>, user_id: UserId, number: &TopUpNo) -> Result<Option<TopUp>, TxError<R>> {
    let query = top_ups::table.find((user_id.get(), number.as_str())).select(top_ups::all_columns);
    let row: Option<TopUpRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(TopUpRow::top_up).transpose()?)
}

#[async_trait]
impl TopUpStore for SqlStore {
    async fn open(&self, command: &OpenTopUp, rule: OpenTopUpRule) -> Result<OpenedTopUp, EffectError<TopUpRefusal>> {
        let command = command.clone();
        let mut tried = false;
        self.effect(move |conn| {
            let again = std::mem::replace(&mut tried, true);
            let plan = rule(&command).map_err(TxError::Refused)?;
            lock_known_wallet(conn, command.user_id)?;
            if !insert_attempt(conn, &plan.attempt)? {
                // Taken by somebody else, or by an earlier try of this very command whose answer was lost.
                return Ok(match find(conn, command.user_id, &command.top_up_no)? {
                    Some(top_up) if again && top_up == plan.top_up => OpenedTopUp::Opened(plan.attempt),
                    _ => OpenedTopUp::NumberTaken,
                });
            }
            let row = TopUpRow::of(&plan.top_up);
            on!(conn, c => diesel::insert_into(top_ups::table).values(&row).execute(c))?;
            Ok(OpenedTopUp::Opened(plan.attempt))
        })
        .await
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmTopUp,
        rule: ConfirmTopUpRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        let command = command.clone();
        self.effect(move |conn| {
            let user_id = command.route.user_id;
            let wallet = lock_known_wallet(conn, user_id)?;
            let view = TopUpView {
                wallet,
                attempt: attempt(conn, user_id, &command.route.gateway_order_no)?,
                top_up: find(conn, user_id, &command.top_up_no)?,
                receipt: receipt_of(conn, user_id, &command.charge.id)?,
            };
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            write_confirmation(conn, plan, command.at, |conn, top_up| {
                let row = TopUpRow::of(top_up);
                let key = (row.user_id, row.top_up_no.clone());
                on!(conn, c => diesel::update(top_ups::table.find(key)).set(&row).execute(c))?;
                make_due(conn, top_up.user_id, &ChargeSubject::TopUp(top_up.top_up_no.clone()), command.at)
            })
        })
        .await
    }

    async fn find(&self, user_id: UserId, top_up_no: &TopUpNo) -> Result<Option<TopUp>, StoreError> {
        let number = top_up_no.clone();
        self.read(move |conn| find(conn, user_id, &number)).await
    }
}
