//! The port of top-ups.

use super::rows::{find, insert};
use crate::charges::rows::insert_attempt;
use crate::confirmations::write_confirmation;
use crate::database::SqlStore;
use crate::idempotency::rows::note_made;
use crate::rows::Keys;
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use edupay_domain::ids::{TopUpNo, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::payments::Confirmation;
use edupay_domain::store::{EffectError, StoreError};
use edupay_domain::top_ups::{
    ConfirmTopUp, ConfirmTopUpRule, OpenTopUp, OpenTopUpRule, OpenedTopUp, TopUp, TopUpRefusal, TopUpStore, TopUpView,
};

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
                    Some(top_up) if again && top_up == plan.top_up => OpenedTopUp::Opened(plan.started()),
                    _ => OpenedTopUp::NumberTaken,
                });
            }
            insert(conn, &plan.top_up)?;
            note_made(conn, command.claim.as_ref(), command.top_up_no.as_str())?;
            Ok(OpenedTopUp::Opened(plan.started()))
        })
        .await
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmTopUp,
        rule: ConfirmTopUpRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        let command = command.clone();
        let keys = Keys {
            gateway_order_no: Some(command.route.gateway_order_no.clone()),
            charge_id: Some(command.charge.id.clone()),
            top_up_no: Some(command.top_up_no.clone()),
            ..Keys::wallet(command.route.user_id)
        };
        self.decide(keys, move |rows| {
            let user_id = command.route.user_id;
            let view = TopUpView {
                wallet: rows.known_wallet(user_id)?,
                attempt: rows.attempt(user_id, &command.route.gateway_order_no)?,
                top_up: rows.top_up(user_id, &command.top_up_no)?,
                receipt: rows.receipt(user_id, &command.charge.id)?,
            };
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            Ok(write_confirmation(rows, plan, command.at, |rows, top_up| rows.end_pending_top_up(top_up, command.at)))
        })
        .await
    }

    async fn find(&self, user_id: UserId, top_up_no: &TopUpNo) -> Result<Option<TopUp>, StoreError> {
        let number = top_up_no.clone();
        self.read(move |conn| find(conn, user_id, &number)).await
    }
}
