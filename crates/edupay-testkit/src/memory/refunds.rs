//! Refunds in memory.

use super::{MemoryStore, State, at_most, corrupt, wall};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{RefundNo, UserId};
use edupay_domain::money::Money;
use edupay_domain::packages::ServicePeriod;
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{
    ClaimRefundWork, ClaimRefundWorkRule, ClaimedRefund, DecideRefund, DecideRefundRule, DecisionRefusal, FailRefund,
    FailRefundRule, GatewayRefundView, RecordGatewayRefund, RecordGatewayRefundRule, Refund, RefundChange,
    RefundCursor, RefundRefusal, RefundStage, RefundStore, RefundView, Refundable, RefundingPlan, RequestRefund,
    RequestRefundRule,
};
use edupay_domain::store::{EffectError, StoreError};

impl State {
    pub(super) fn refund(&self, user_id: UserId, refund_no: &RefundNo) -> Option<&Refund> {
        self.refunds.get(&user_id)?.iter().find(|refund| refund.refund_no == *refund_no)
    }

    /// Oldest first.
    pub(super) fn refunds_of(&self, user_id: UserId, subject: &ChargeSubject) -> Vec<Refund> {
        let refunds = self.refunds.get(&user_id).into_iter().flatten();
        let mut found: Vec<_> = refunds.filter(|refund| refund.subject == *subject).cloned().collect();
        found.sort_by(|one, other| (one.requested_at, &one.refund_no).cmp(&(other.requested_at, &other.refund_no)));
        found
    }

    pub(super) fn refund_view(
        &self,
        user_id: UserId,
        subject: &ChargeSubject,
        named: Option<&RefundNo>,
    ) -> Result<RefundView, StoreError> {
        let periods_in = |project_id| {
            let periods = self.periods.get(&user_id).into_iter().flatten();
            periods.filter(move |held: &&ServicePeriod| held.project_id == project_id).cloned().collect()
        };
        let paid = match subject {
            ChargeSubject::Order(number) => self.order(user_id, number).cloned().map(Refundable::Order),
            ChargeSubject::Purchase(number) => self.purchase(user_id, number).map(|purchase| Refundable::Purchase {
                purchase: purchase.clone(),
                periods: periods_in(purchase.project_id),
            }),
            ChargeSubject::TopUp(number) => {
                let top_up = self.top_ups.get(number).filter(|top_up| top_up.user_id == user_id);
                top_up.cloned().map(Refundable::TopUp)
            }
        };
        Ok(RefundView {
            wallet: self.wallet(user_id).ok_or_else(|| corrupt("the refund has no user"))?,
            paid,
            refunds: self.refunds_of(user_id, subject),
            named: named.and_then(|refund_no| self.refund(user_id, refund_no)).cloned(),
        })
    }

    /// No more is reserved than was paid, and a refund of the gateway is booked for one refund.
    pub(super) fn check_refunding(&self, plan: &RefundingPlan) -> Result<(), StoreError> {
        let RefundingPlan::Change(change) = plan else { return Ok(()) };
        let refund = &change.refund;
        if let Some(totals) = change.totals {
            let others = self.refunds_of(refund.user_id, &refund.subject);
            let others = others.iter().filter(|other| other.refund_no != refund.refund_no);
            let reserved = Money::checked_sum(others.map(Refund::reserved).chain([refund.reserved()]));
            wall(reserved.is_some_and(|reserved| reserved <= totals.amount), "more goes back than was paid")?;
        }
        if let Some(refund_id) = &refund.refund_id {
            let claim = (refund.user_id, refund.refund_no.clone());
            let is_free = self.refund_claims.get(refund_id).is_none_or(|claimed| *claimed == claim);
            wall(is_free, "the gateway's refund is booked for another one")?;
        }
        change.posted.as_ref().map_or(Ok(()), |posted| self.check_booking(posted))
    }

    pub(super) fn write_refunding(&mut self, plan: RefundingPlan, at: Timestamp) -> Refund {
        let change = match plan {
            RefundingPlan::Keep(refund) => return refund,
            RefundingPlan::Change(change) => change,
        };
        let RefundChange { refund, order, ended_courses, purchase, periods, posted, events, .. } = change;
        if let Some(posted) = posted {
            self.book(&posted, at);
        }
        if let Some(order) = order {
            for course_id in ended_courses {
                let key = (order.user_id, course_id);
                if self.entitlements.get(&key).is_some_and(|given| given.order_no == order.order_no) {
                    self.entitlements.remove(&key);
                }
            }
            self.put_order(order);
        }
        if let Some(purchase) = purchase {
            self.put_purchase(purchase);
        }
        for next in periods {
            let stored = self.periods.get_mut(&next.user_id).into_iter().flatten();
            if let Some(held) = stored.into_iter().find(|held| held.record_id == next.record_id) {
                *held = next;
            }
        }
        self.put_refund(refund.clone());
        self.outbox.extend(events);
        refund
    }

    fn put_refund(&mut self, refund: Refund) {
        if let Some(refund_id) = &refund.refund_id {
            self.refund_claims.insert(refund_id.clone(), (refund.user_id, refund.refund_no.clone()));
        }
        let refunds = self.refunds.entry(refund.user_id).or_default();
        match refunds.iter_mut().find(|other| other.refund_no == refund.refund_no) {
            Some(other) => *other = refund,
            None => refunds.push(refund),
        }
    }

    fn checked_refunding(&mut self, plan: RefundingPlan, at: Timestamp) -> Result<Refund, StoreError> {
        self.check_refunding(&plan)?;
        Ok(self.write_refunding(plan, at))
    }
}

#[async_trait]
impl RefundStore for MemoryStore {
    async fn find_refundable(&self, subject: &ChargeSubject) -> Result<Option<UserId>, StoreError> {
        self.transaction(|state| {
            Ok(match subject {
                ChargeSubject::Order(number) => state.order_numbers.get(number).copied(),
                ChargeSubject::Purchase(number) => state.purchase_numbers.get(number).copied(),
                ChargeSubject::TopUp(_) => None,
            })
        })
    }

    async fn request(
        &self,
        command: &RequestRefund,
        rule: RequestRefundRule,
    ) -> Result<Refund, EffectError<RefundRefusal>> {
        self.transaction(|state| {
            let view = state.refund_view(command.user_id, &command.subject, Some(&command.refund_no))?;
            let plan = rule(command, &view).map_err(EffectError::Refused)?;
            Ok(state.checked_refunding(plan, command.at)?)
        })
    }

    async fn decide(
        &self,
        command: &DecideRefund,
        rule: DecideRefundRule,
    ) -> Result<Refund, EffectError<DecisionRefusal>> {
        self.transaction(|state| {
            let view = state.refund_view(command.user_id, &command.subject, Some(&command.refund_no))?;
            let plan = rule(command, &view).map_err(EffectError::Refused)?;
            Ok(state.checked_refunding(plan, command.at)?)
        })
    }

    async fn claim(&self, command: &ClaimRefundWork, rule: ClaimRefundWorkRule) -> Result<ClaimedRefund, StoreError> {
        self.transaction(|state| {
            let Some(refund) = state.refund(command.user_id, &command.refund_no) else {
                return Ok(ClaimedRefund::Denied);
            };
            let claimed = rule(command, refund);
            if let ClaimedRefund::Ask(refund) | ClaimedRefund::LookFirst(refund) = &claimed {
                state.put_refund(refund.clone());
            }
            Ok(claimed)
        })
    }

    async fn record(
        &self,
        command: &RecordGatewayRefund,
        rule: RecordGatewayRefundRule,
    ) -> Result<Option<Refund>, StoreError> {
        self.transaction(|state| {
            let view = state.refund_view(command.user_id, &command.subject, None)?;
            let claimed_for = state.refund_claims.get(&command.refund.id).map(|(_, refund_no)| refund_no.clone());
            let plan = rule(command, &GatewayRefundView { view, claimed_for }).map_err(corrupt)?;
            plan.map(|plan| state.checked_refunding(plan, command.at)).transpose()
        })
    }

    async fn fail(&self, command: &FailRefund, rule: FailRefundRule) -> Result<Option<Refund>, StoreError> {
        self.transaction(|state| {
            let view = state.refund_view(command.user_id, &command.subject, Some(&command.refund_no))?;
            rule(command, &view).map(|plan| state.checked_refunding(plan, command.at)).transpose()
        })
    }

    async fn find(&self, user_id: UserId, refund_no: &RefundNo) -> Result<Option<Refund>, StoreError> {
        self.transaction(|state| Ok(state.refund(user_id, refund_no).cloned()))
    }

    async fn of_subject(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<Refund>, StoreError> {
        self.transaction(|state| Ok(state.refunds_of(user_id, subject)))
    }

    async fn list(
        &self,
        stage: Option<RefundStage>,
        below: Option<RefundCursor>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError> {
        self.transaction(|state| {
            let key = |refund: &Refund| (refund.requested_at, refund.user_id, refund.refund_no.clone());
            let below = below.map(|cursor| (cursor.requested_at, cursor.user_id, cursor.refund_no));
            let refunds = state.refunds.values().flatten();
            let mut page: Vec<_> = refunds
                .filter(|refund| stage.is_none_or(|stage| refund.stage == stage))
                .filter(|refund| below.as_ref().is_none_or(|below| key(refund) < *below))
                .collect();
            page.sort_by_key(|refund| std::cmp::Reverse(key(refund)));
            Ok(at_most(page.into_iter().cloned(), limit))
        })
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError> {
        self.transaction(|state| {
            let refunds = state.refunds.values().flatten();
            let due = |refund: &&Refund| refund.stage.is_at_gateway() && refund.next_try_at <= now;
            let mut due: Vec<_> = refunds.filter(due).collect();
            due.sort_by_key(|refund| refund.next_try_at);
            Ok(at_most(due.into_iter().cloned(), limit))
        })
    }
}
