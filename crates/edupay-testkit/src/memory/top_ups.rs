//! Top-ups in memory.

use super::{MemoryStore, corrupt, wall};
use async_trait::async_trait;
use edupay_domain::ids::{TopUpNo, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::payments::{ChargeSubject, Confirmation};
use edupay_domain::store::{EffectError, StoreError};
use edupay_domain::top_ups::{
    ConfirmTopUp, ConfirmTopUpRule, OpenTopUp, OpenTopUpRule, OpenedTopUp, TopUp, TopUpRefusal, TopUpStore, TopUpView,
};

#[async_trait]
impl TopUpStore for MemoryStore {
    async fn open(&self, command: &OpenTopUp, rule: OpenTopUpRule) -> Result<OpenedTopUp, EffectError<TopUpRefusal>> {
        self.transaction(|state| {
            let plan = rule(command).map_err(EffectError::Refused)?;
            wall(state.users.contains_key(&plan.top_up.user_id), "the top-up has no user")?;
            let noted = state.noted(command.claim.as_ref(), command.top_up_no.as_str())?;
            if state.top_ups.contains_key(&plan.top_up.top_up_no) || !state.add_attempt(plan.attempt.clone()) {
                return Ok(OpenedTopUp::NumberTaken);
            }
            state.top_ups.insert(plan.top_up.top_up_no.clone(), plan.top_up.clone());
            noted.into_iter().for_each(|record| state.put_key(record));
            Ok(OpenedTopUp::Opened(plan.started()))
        })
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmTopUp,
        rule: ConfirmTopUpRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        self.transaction(|state| {
            let user_id = command.route.user_id;
            let own = |top_up: &&TopUp| top_up.user_id == user_id;
            let view = TopUpView {
                wallet: state.wallet(user_id).ok_or_else(|| corrupt("the attempt has no user"))?,
                attempt: state.attempt(user_id, &command.route.gateway_order_no)?.clone(),
                top_up: state.top_ups.get(&command.top_up_no).filter(own).cloned(),
                receipt: state.receipt(user_id, &command.charge.id).cloned(),
            };
            let plan = rule(command, &view).map_err(EffectError::Refused)?;
            state.check_confirmation(&plan)?;
            Ok(state.write_confirmation(plan, command.at, |state, top_up| {
                state.make_due(user_id, &ChargeSubject::TopUp(top_up.top_up_no.clone()), command.at);
                state.top_ups.insert(top_up.top_up_no.clone(), top_up);
            }))
        })
    }

    async fn find(&self, user_id: UserId, top_up_no: &TopUpNo) -> Result<Option<TopUp>, StoreError> {
        self.transaction(|state| Ok(state.top_ups.get(top_up_no).filter(|top_up| top_up.user_id == user_id).cloned()))
    }
}
