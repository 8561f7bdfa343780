//! Attempts and their routes in memory.

use super::{MemoryStore, State, at_most, corrupt};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, UserId};
use edupay_domain::orders::{ChargeView, OpenChargePlan, OpenOrderCharge, OpenedCharge, Order, OrderState};
use edupay_domain::packages::PurchaseState;
use edupay_domain::payments::{
    AttemptStatus, Awaited, ChargeAttempt, ChargeRoute, ChargeStore, ChargeSubject, ClaimLook, ClaimLookRule,
    CloseAttempt, CloseAttemptRule, LookWay, RecordChargeReply, RecordChargeReplyRule, ScheduleLook, ScheduleLookRule,
};
use edupay_domain::store::StoreError;
use edupay_domain::top_ups::TopUpState;

impl State {
    pub(super) fn attempt(&self, user_id: UserId, number: &GatewayOrderNo) -> Result<&ChargeAttempt, StoreError> {
        let attempts = self.attempts.get(&user_id).into_iter().flatten();
        attempts
            .into_iter()
            .find(|attempt| attempt.gateway_order_no == *number)
            .ok_or_else(|| corrupt("no such attempt"))
    }

    pub(super) fn put_attempt(&mut self, attempt: ChargeAttempt) {
        let attempts = self.attempts.entry(attempt.user_id).or_default();
        match attempts.iter_mut().find(|other| other.gateway_order_no == attempt.gateway_order_no) {
            Some(other) => *other = attempt,
            None => attempts.push(attempt),
        }
    }

    /// Stores a new attempt with its route; `false` when its number is taken by anybody.
    pub(super) fn add_attempt(&mut self, attempt: ChargeAttempt) -> bool {
        if self.routes.contains_key(&attempt.gateway_order_no) {
            return false;
        }
        let route = ChargeRoute {
            user_id: attempt.user_id,
            gateway_order_no: attempt.gateway_order_no.clone(),
            subject: attempt.subject.clone(),
        };
        self.routes.insert(attempt.gateway_order_no.clone(), route);
        self.put_attempt(attempt);
        true
    }

    pub(super) fn attempts_of(&self, user_id: UserId, subject: &ChargeSubject) -> Vec<ChargeAttempt> {
        let attempts = self.attempts.get(&user_id).into_iter().flatten();
        attempts.filter(|attempt| attempt.subject == *subject).cloned().collect()
    }

    pub(super) fn charge_view(&self, command: &OpenOrderCharge) -> ChargeView {
        let order = self.order(command.user_id, &command.order_no);
        ChargeView {
            owned: self.owned_of(order),
            order: order.cloned(),
            attempts: self.attempts_of(command.user_id, &ChargeSubject::Order(command.order_no.clone())),
        }
    }

    pub(super) fn write_open_charge(&mut self, order: Order, plan: OpenChargePlan) -> OpenedCharge {
        match &plan {
            OpenChargePlan::Open(attempt) if !self.add_attempt(attempt.clone()) => OpenedCharge::NumberTaken,
            OpenChargePlan::Open(_) | OpenChargePlan::Reuse(_) | OpenChargePlan::AskAgain(_) => {
                OpenedCharge::Planned { order, plan }
            }
        }
    }

    fn waits_for_payment(&self, attempt: &ChargeAttempt) -> bool {
        match &attempt.subject {
            ChargeSubject::Order(order_no) => {
                self.order(attempt.user_id, order_no).is_some_and(|order| order.state == OrderState::Unpaid)
            }
            ChargeSubject::TopUp(top_up_no) => {
                self.top_ups.get(top_up_no).is_some_and(|top_up| top_up.state == TopUpState::Pending)
            }
            ChargeSubject::Purchase(purchase_no) => {
                let purchase = self.purchase(attempt.user_id, purchase_no);
                purchase.is_some_and(|purchase| purchase.state == PurchaseState::Unpaid)
            }
        }
    }

    /// Makes the unfinished attempts for a subject due: it no longer waits for payment.
    pub(super) fn make_due(&mut self, user_id: UserId, subject: &ChargeSubject, at: Timestamp) {
        for attempt in self.attempts.entry(user_id).or_default() {
            if attempt.subject == *subject && is_unfinished(attempt) {
                attempt.look_at = at;
            }
        }
    }
}

pub(super) fn is_unfinished(attempt: &ChargeAttempt) -> bool {
    matches!(attempt.status, AttemptStatus::Requested | AttemptStatus::Open)
}

#[async_trait]
impl ChargeStore for MemoryStore {
    async fn find_route(&self, number: &GatewayOrderNo) -> Result<Option<ChargeRoute>, StoreError> {
        self.transaction(|state| Ok(state.routes.get(number).cloned()))
    }

    async fn find_attempt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<ChargeAttempt>, StoreError> {
        self.transaction(|state| {
            let mut attempts = state.attempts.get(&user_id).into_iter().flatten();
            Ok(attempts.find(|attempt| attempt.charge_id.as_ref() == Some(charge_id)).cloned())
        })
    }

    async fn attempts_of(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<ChargeAttempt>, StoreError> {
        self.transaction(|state| Ok(state.attempts_of(user_id, subject)))
    }

    async fn record_reply(
        &self,
        command: &RecordChargeReply,
        rule: RecordChargeReplyRule,
    ) -> Result<ChargeAttempt, StoreError> {
        self.transaction(|state| {
            let next = rule(command, state.attempt(command.user_id, &command.gateway_order_no)?);
            state.put_attempt(next.clone());
            Ok(next)
        })
    }

    async fn close_attempt(&self, command: &CloseAttempt, rule: CloseAttemptRule) -> Result<ChargeAttempt, StoreError> {
        self.transaction(|state| {
            let next = rule(command, state.attempt(command.user_id, &command.gateway_order_no)?);
            state.put_attempt(next.clone());
            Ok(next)
        })
    }

    async fn due_attempts(&self, way: LookWay, now: Timestamp, limit: u32) -> Result<Vec<ChargeAttempt>, StoreError> {
        self.transaction(|state| {
            let attempts = state.attempts.values().flatten().filter(|attempt| LookWay::of(attempt) == way);
            let mut due: Vec<_> = attempts.filter(|attempt| is_unfinished(attempt) && attempt.look_at <= now).collect();
            due.sort_by_key(|attempt| attempt.look_at);
            Ok(at_most(due.into_iter().cloned(), limit))
        })
    }

    async fn claim_look(
        &self,
        command: &ClaimLook,
        rule: ClaimLookRule,
    ) -> Result<Option<(ChargeAttempt, Awaited)>, StoreError> {
        self.transaction(|state| {
            let Some(next) = rule(command, state.attempt(command.user_id, &command.gateway_order_no)?) else {
                return Ok(None);
            };
            state.put_attempt(next.clone());
            let awaited = if state.waits_for_payment(&next) { Awaited::Yes } else { Awaited::No };
            Ok(Some((next, awaited)))
        })
    }

    async fn schedule_look(&self, command: &ScheduleLook, rule: ScheduleLookRule) -> Result<ChargeAttempt, StoreError> {
        self.transaction(|state| {
            let next = rule(command, state.attempt(command.user_id, &command.gateway_order_no)?);
            state.put_attempt(next.clone());
            Ok(next)
        })
    }
}
