//! Orders and entitlements in memory.

use super::{MemoryStore, State, at_most, corrupt, wall};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::idempotency::{KeyedOutcome, Once};
use edupay_domain::ids::{CourseId, OrderNo, OrderPk, UserId};
use edupay_domain::ledger::{LedgerError, Wallet};
use edupay_domain::orders::{
    CancelOrder, CancelOrderRule, CancelRefusal, CloseOrder, CloseOrderRule, ConfirmOrderCharge,
    ConfirmOrderChargeRule, ConfirmOrderView, CreateOrder, CreateOrderRefusal, CreateOrderRule, CreateOrderView,
    CreatedOrder, EndPlan, Entitlement, OpenOrderCharge, OpenOrderChargeRule, OpenedCharge, Order, OrderState,
    OrderStore, PaidOrder, PayFromBalance, PayFromBalanceRule, PayPlan, PayRefusal, PayView, Visibility,
};
use edupay_domain::payments::{ChargeSubject, Confirmation, ConfirmationPlan};
use edupay_domain::store::{EffectError, StoreError};

impl State {
    pub(super) fn order(&self, user_id: UserId, order_no: &OrderNo) -> Option<&Order> {
        self.orders.get(&user_id)?.iter().find(|order| order.order_no == *order_no)
    }

    /// Those of the order's courses that the buyer owns.
    pub(super) fn owned_of(&self, order: Option<&Order>) -> Vec<CourseId> {
        let lines = order.into_iter().flat_map(|order| order.lines.iter().map(|line| (order.user_id, line.course_id)));
        lines.filter(|key| self.entitlements.contains_key(key)).map(|(_, course_id)| course_id).collect()
    }

    pub(super) fn put_order(&mut self, order: Order) {
        let orders = self.orders.entry(order.user_id).or_default();
        match orders.iter_mut().find(|other| other.order_no == order.order_no) {
            Some(other) => *other = order,
            None => orders.push(order),
        }
    }

    /// No course is owned twice.
    pub(super) fn check_entitlements(&self, entitlements: &[Entitlement]) -> Result<(), StoreError> {
        let free = |given: &Entitlement| !self.entitlements.contains_key(&(given.user_id, given.course_id));
        wall(entitlements.iter().all(free), "the course is owned")
    }

    pub(super) fn put_entitlements(&mut self, entitlements: Vec<Entitlement>) {
        self.entitlements.extend(entitlements.into_iter().map(|given| ((given.user_id, given.course_id), given)));
    }

    pub(super) fn pay_view(&self, command: &PayFromBalance) -> PayView {
        let order = self.order(command.user_id, &command.order_no);
        PayView {
            wallet: self.wallet(command.user_id).unwrap_or(Wallet::new(command.user_id)),
            owned: self.owned_of(order),
            order: order.cloned(),
        }
    }

    pub(super) fn check_payment(&self, plan: &PayPlan) -> Result<(), StoreError> {
        match plan {
            PayPlan::Pay { entitlements, posted, .. } => {
                self.check_entitlements(entitlements)?;
                self.check_booking(posted)
            }
            PayPlan::AlreadyPaid { .. } => Ok(()),
        }
    }

    pub(super) fn write_payment(&mut self, plan: PayPlan, at: Timestamp) -> PaidOrder {
        match plan {
            PayPlan::Pay { order, entitlements, posted, events } => {
                self.book(&posted, at);
                self.end_waiting(&order, at);
                self.put_order(order.clone());
                self.put_entitlements(entitlements);
                self.outbox.extend(events);
                PaidOrder::Paid { order, wallet: posted.wallet }
            }
            PayPlan::AlreadyPaid { order, wallet } => PaidOrder::AlreadyPaid { order, wallet },
        }
    }

    /// The view of a confirmation. An attempt that the route does not lead to contradicts the rules.
    pub(super) fn confirm_view(&self, command: &ConfirmOrderCharge) -> Result<ConfirmOrderView, StoreError> {
        let user_id = command.route.user_id;
        let order = self.order(user_id, &command.order_no);
        Ok(ConfirmOrderView {
            wallet: self.wallet(user_id).ok_or_else(|| corrupt("the attempt has no user"))?,
            attempt: self.attempt(user_id, &command.route.gateway_order_no)?.clone(),
            owned: self.owned_of(order),
            order: order.cloned(),
            receipt: self.receipt(user_id, &command.charge.id).cloned(),
        })
    }

    pub(super) fn check_confirmed_order(
        &self,
        plan: &ConfirmationPlan<(Order, Vec<Entitlement>)>,
    ) -> Result<(), StoreError> {
        match plan {
            ConfirmationPlan::Apply { subject: (_, entitlements), .. } => self.check_entitlements(entitlements)?,
            ConfirmationPlan::Keep { .. } | ConfirmationPlan::AlreadyConfirmed(_) => {}
        }
        self.check_confirmation(plan)
    }

    pub(super) fn write_confirmed_order(
        &mut self,
        plan: ConfirmationPlan<(Order, Vec<Entitlement>)>,
        at: Timestamp,
    ) -> Confirmation {
        self.write_confirmation(plan, at, |state, (order, entitlements)| {
            state.end_waiting(&order, at);
            state.put_order(order);
            state.put_entitlements(entitlements);
        })
    }

    fn end_waiting(&mut self, order: &Order, at: Timestamp) {
        self.make_due(order.user_id, &ChargeSubject::Order(order.order_no.clone()), at);
    }

    fn write_end(&mut self, plan: EndPlan, at: Timestamp) -> Order {
        match plan {
            EndPlan::End { order, events } => {
                self.end_waiting(&order, at);
                self.put_order(order.clone());
                self.outbox.extend(events);
                order
            }
            EndPlan::Keep(order) => order,
        }
    }
}

#[async_trait]
impl OrderStore for MemoryStore {
    async fn create(
        &self,
        command: &CreateOrder,
        rule: CreateOrderRule,
    ) -> Result<CreatedOrder, EffectError<CreateOrderRefusal>> {
        self.transaction(|state| {
            wall(state.users.contains_key(&command.user_id), "the order has no buyer")?;
            let named = &command.course_ids;
            let owned = |id: &&CourseId| state.entitlements.contains_key(&(command.user_id, **id));
            let last = state.orders.get(&command.user_id).and_then(|orders| orders.last());
            let next_pk = last.map_or(0, |order| order.pk.get()).saturating_add(1);
            let view = CreateOrderView {
                courses: named.iter().filter_map(|id| state.courses.get(id)).cloned().collect(),
                owned: named.iter().filter(owned).copied().collect(),
                next_pk: OrderPk::try_new(next_pk).map_err(corrupt)?,
            };
            let order = rule(command, &view).map_err(EffectError::Refused)?;
            if state.order_numbers.contains_key(&order.order_no) {
                return Ok(CreatedOrder::NumberTaken);
            }
            let noted = state.noted(command.claim.as_ref(), order.order_no.as_str())?;
            noted.into_iter().for_each(|record| state.put_key(record));
            state.order_numbers.insert(order.order_no.clone(), order.user_id);
            state.put_order(order.clone());
            Ok(CreatedOrder::Created(order))
        })
    }

    async fn find(&self, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, StoreError> {
        self.transaction(|state| Ok(state.order(user_id, order_no).cloned()))
    }

    async fn list(&self, user_id: UserId, below: Option<OrderPk>, limit: u32) -> Result<Vec<Order>, StoreError> {
        self.transaction(|state| {
            let orders = state.orders.get(&user_id).into_iter().flatten().rev();
            let visible = orders.filter(|order| order.visibility == Visibility::Visible);
            Ok(at_most(visible.filter(|order| below.is_none_or(|below| order.pk < below)).cloned(), limit))
        })
    }

    async fn owned_courses(&self, user_id: UserId) -> Result<Vec<CourseId>, StoreError> {
        self.transaction(|state| {
            let keys = state.entitlements.keys().filter(|(owner, _)| *owner == user_id);
            Ok(keys.map(|(_, course_id)| *course_id).collect())
        })
    }

    async fn cancel(&self, command: &CancelOrder, rule: CancelOrderRule) -> Result<Order, EffectError<CancelRefusal>> {
        self.transaction(|state| {
            let order = state.order(command.user_id, &command.order_no).cloned();
            let plan = rule(command, &order).map_err(EffectError::Refused)?;
            Ok(state.write_end(plan, command.at))
        })
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, OrderNo)>, StoreError> {
        self.transaction(|state| {
            let unpaid = state.orders.values().flatten().filter(|order| order.state == OrderState::Unpaid);
            let mut expired: Vec<_> = unpaid.filter(|order| order.expires_at <= now).collect();
            expired.sort_by_key(|order| order.expires_at);
            Ok(at_most(expired.into_iter().map(|order| (order.user_id, order.order_no.clone())), limit))
        })
    }

    async fn close(&self, command: &CloseOrder, rule: CloseOrderRule) -> Result<Option<Order>, StoreError> {
        self.transaction(|state| {
            let plan = state.order(command.user_id, &command.order_no).map(|order| rule(command, order));
            Ok(plan.map(|plan| state.write_end(plan, command.at)))
        })
    }

    async fn pay_from_balance(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
    ) -> Result<PaidOrder, EffectError<PayRefusal>> {
        self.transaction(|state| {
            let plan = rule(command, &state.pay_view(command)).map_err(EffectError::Refused)?;
            state.check_payment(&plan)?;
            Ok(state.write_payment(plan, command.at))
        })
    }

    async fn pay_from_balance_once(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError> {
        self.transaction(|state| state.pay_once(command, rule, once))
    }

    async fn open_charge(
        &self,
        command: &OpenOrderCharge,
        rule: OpenOrderChargeRule,
    ) -> Result<OpenedCharge, EffectError<PayRefusal>> {
        self.transaction(|state| {
            let view = state.charge_view(command);
            let plan = rule(command, &view).map_err(EffectError::Refused)?;
            let order = view.order.ok_or_else(|| corrupt("a charge was planned for no order"))?;
            Ok(state.write_open_charge(order, plan))
        })
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmOrderCharge,
        rule: ConfirmOrderChargeRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        self.transaction(|state| {
            let plan = rule(command, &state.confirm_view(command)?).map_err(EffectError::Refused)?;
            state.check_confirmed_order(&plan)?;
            Ok(state.write_confirmed_order(plan, command.at))
        })
    }
}
