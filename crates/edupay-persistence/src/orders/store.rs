//! The port of orders: lock the wallet, load the view, call the rule, write its plan.

use super::rows::{UNPAID, find, insert, list, owned, update};
use crate::catalogue::{CourseRow, course};
use crate::charges::rows::{attempts_of, insert_attempt, make_due};
use crate::codes::{Corrupt, course_id, name, user_id};
use crate::confirmations::write_confirmation;
use crate::conn::{Conn, on};
use crate::database::SqlStore;
use crate::effects::never_refused;
use crate::idempotency::rows::note_made;
use crate::journal;
use crate::rows::{Keys, Rows};
use crate::schema::{courses, entitlements, orders};
use crate::tx::TxError;
use crate::wallets::lock_known_wallet;
use async_trait::async_trait;
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::events::Event;
use edupay_domain::idempotency::{KeyRecord, KeyedOutcome, Once, known_outcome};
use edupay_domain::ids::{CourseId, OrderNo, OrderPk, UserId};
use edupay_domain::ledger::LedgerError;
use edupay_domain::orders::{
    CancelOrder, CancelOrderRule, CancelRefusal, ChargeView, CloseOrder, CloseOrderRule, ConfirmOrderCharge,
    ConfirmOrderChargeRule, ConfirmOrderView, CreateOrder, CreateOrderRefusal, CreateOrderRule, CreateOrderView,
    CreatedOrder, EndPlan, OpenChargePlan, OpenOrderCharge, OpenOrderChargeRule, OpenedCharge, Order, OrderStore,
    PaidOrder, PayFromBalance, PayFromBalanceRule, PayPlan, PayRefusal, PayView,
};
use edupay_domain::payments::{ChargeSubject, Confirmation};
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_mischief::planted;

// The word stands in the statement, not among its values: the index of unpaid orders is only used
// where the plan can see that it holds what is asked for.
diesel::postfix_operator!(IsUnpaid, " = 'unpaid'");

fn create_view<R>(conn: &mut Conn<'_>, command: &CreateOrder) -> Result<CreateOrderView, TxError<R>> {
    let ids: Vec<i64> = command.course_ids.iter().map(|id| id.get()).collect();
    let rows = courses::table.filter(courses::course_id.eq_any(&ids));
    let rows: Vec<CourseRow> = on!(conn, c => rows.load(c))?;
    let last = orders::table.filter(orders::user_id.eq(command.user_id.get())).select(diesel::dsl::max(orders::pk));
    let last: Option<i64> = on!(conn, c => last.first(c))?;
    let next = last.unwrap_or_default().saturating_add(1);
    Ok(CreateOrderView {
        courses: rows.into_iter().map(course).collect::<Result<_, _>>()?,
        owned: owned(conn, command.user_id, command.course_ids.iter().copied())?,
        next_pk: OrderPk::try_new(next).map_err(|_| Corrupt::new("orders.pk", next))?,
    })
}

fn owned_of<R>(conn: &mut Conn<'_>, order: &Option<Order>) -> Result<Vec<CourseId>, TxError<R>> {
    match order {
        Some(order) => owned(conn, order.user_id, order.lines.iter().map(|line| line.course_id)),
        None => Ok(Vec::new()),
    }
}

fn pay_view<R>(rows: &Rows, command: &PayFromBalance) -> Result<PayView, TxError<R>> {
    let wallet = rows.known_wallet(command.user_id)?;
    let order = rows.order(command.user_id, &command.order_no)?;
    let owned = rows.owned(order.as_ref());
    Ok(PayView { wallet, order, owned })
}

fn write_payment(rows: &mut Rows, plan: PayPlan, at: Timestamp) -> PaidOrder {
    match plan {
        PayPlan::AlreadyPaid { order, wallet } => PaidOrder::AlreadyPaid { order, wallet },
        PayPlan::Pay { order, entitlements, posted, events } => {
            let wallet = posted.wallet;
            rows.end_unpaid_order(&order, at);
            rows.grant(entitlements);
            rows.post(posted, at);
            rows.record(events);
            PaidOrder::Paid { order, wallet }
        }
    }
}

/// Writes how an unpaid order ended.
fn write_end<R>(conn: &mut Conn<'_>, order: &Order, events: &[Event], at: Timestamp) -> Result<(), TxError<R>> {
    if !update(conn, order, UNPAID)? {
        return Err(Corrupt::new("orders.status", "changed while it was locked").into());
    }
    make_due(conn, order.user_id, &ChargeSubject::Order(order.order_no.clone()), at)?;
    Ok(journal::write_events(conn, events)?)
}

#[async_trait]
impl OrderStore for SqlStore {
    async fn create(
        &self,
        command: &CreateOrder,
        rule: CreateOrderRule,
    ) -> Result<CreatedOrder, EffectError<CreateOrderRefusal>> {
        let command = command.clone();
        let mut tried = false;
        self.effect(move |conn| {
            let again = std::mem::replace(&mut tried, true);
            lock_known_wallet(conn, command.user_id)?;
            let order = rule(&command, &create_view(conn, &command)?).map_err(TxError::Refused)?;
            if insert(conn, &order)? {
                note_made(conn, command.claim.as_ref(), order.order_no.as_str())?;
                return Ok(CreatedOrder::Created(order));
            }
            // Taken by somebody else, or by an earlier try of this very command whose answer was lost.
            Ok(match find(conn, command.user_id, &command.order_no)? {
                Some(found) if again && found.created_at == order.created_at && found.lines == order.lines => {
                    CreatedOrder::Created(found)
                }
                _ => CreatedOrder::NumberTaken,
            })
        })
        .await
    }

    async fn find(&self, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, StoreError> {
        let order_no = order_no.clone();
        self.read(move |conn| find(conn, user_id, &order_no)).await
    }

    async fn list(&self, user_id: UserId, below: Option<OrderPk>, limit: u32) -> Result<Vec<Order>, StoreError> {
        self.read(move |conn| list(conn, user_id, below, limit)).await
    }

    async fn owned_courses(&self, user_id: UserId) -> Result<Vec<CourseId>, StoreError> {
        self.read(move |conn| {
            let query = entitlements::table
                .filter(entitlements::user_id.eq(user_id.get()))
                .order(entitlements::course_id.asc())
                .select(entitlements::course_id);
            let ids: Vec<i64> = on!(conn, c => query.load(c))?;
            Ok(ids.into_iter().map(course_id).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn cancel(&self, command: &CancelOrder, rule: CancelOrderRule) -> Result<Order, EffectError<CancelRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let order = find(conn, command.user_id, &command.order_no)?;
            match rule(&command, &order).map_err(TxError::Refused)? {
                EndPlan::Keep(order) => Ok(order),
                EndPlan::End { order, events } => {
                    write_end(conn, &order, &events, command.at)?;
                    Ok(order)
                }
            }
        })
        .await
    }

    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, OrderNo)>, StoreError> {
        self.read(move |conn| {
            let query = orders::table
                .filter(IsUnpaid::new(orders::status))
                .filter(orders::expires_at.le(now.timestamp_micros()))
                .order(orders::expires_at.asc())
                .limit(i64::from(limit))
                .select((orders::user_id, orders::order_no));
            let rows: Vec<(i64, String)> = on!(conn, c => query.load(c))?;
            rows.into_iter()
                .map(|(id, number)| Ok((user_id(id)?, name("orders.order_no", &number, OrderNo::parse)?)))
                .collect()
        })
        .await
    }

    async fn close(&self, command: &CloseOrder, rule: CloseOrderRule) -> Result<Option<Order>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let Some(order) = find(conn, command.user_id, &command.order_no)? else { return Ok(None) };
            match rule(&command, &order) {
                EndPlan::Keep(order) => Ok(Some(order)),
                EndPlan::End { order, events } => {
                    write_end(conn, &order, &events, command.at)?;
                    Ok(Some(order))
                }
            }
        })
        .await
    }

    async fn pay_from_balance(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
    ) -> Result<PaidOrder, EffectError<PayRefusal>> {
        let command = command.clone();
        let keys = Keys { order_no: Some(command.order_no.clone()), ..Keys::wallet(command.user_id) };
        self.decide(keys, move |rows| {
            let plan = rule(&command, &pay_view(rows, &command)?).map_err(TxError::Refused)?;
            Ok(write_payment(rows, plan, command.at))
        })
        .await
    }

    async fn pay_from_balance_once(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError> {
        let (command, once) = (command.clone(), once.clone());
        let keys = Keys {
            order_no: Some(command.order_no.clone()),
            idempotency_key: Some(once.request.key.clone()),
            ..Keys::wallet(command.user_id)
        };
        let said = self.decide(keys, move |rows| {
            if let Some(known) = known_outcome(&once.request, rows.keyed(&once.request)?.as_ref()) {
                return Ok(known);
            }
            let plan = rule(&command, &pay_view(rows, &command)?);
            let outcome = plan.as_ref().map(PayPlan::outcome).map_err(Clone::clone);
            // Before anything is carried into the rows: an effect without a reply must not happen.
            let reply = (once.render)(&outcome)
                .ok_or_else(|| StoreError::new(StoreFault::Corrupt, "the reply could not be made"))?;
            if let Ok(plan) = plan {
                write_payment(rows, plan, command.at);
            }
            rows.keep_reply(KeyRecord::answered(once.request.clone(), reply.clone()));
            Ok(KeyedOutcome::First(reply))
        });
        said.await.map_err(never_refused)
    }

    async fn open_charge(
        &self,
        command: &OpenOrderCharge,
        rule: OpenOrderChargeRule,
    ) -> Result<OpenedCharge, EffectError<PayRefusal>> {
        let command = command.clone();
        self.effect(move |conn| {
            lock_known_wallet(conn, command.user_id)?;
            let order = find(conn, command.user_id, &command.order_no)?;
            let owned = owned_of(conn, &order)?;
            let attempts = attempts_of(conn, command.user_id, &ChargeSubject::Order(command.order_no.clone()))?;
            let view = ChargeView { order, owned, attempts };
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            let order = view.order.ok_or_else(|| Corrupt::new("orders", "planned a charge for no order"))?;
            if let OpenChargePlan::Open(attempt) = &plan
                && !insert_attempt(conn, attempt)?
            {
                return Ok(OpenedCharge::NumberTaken);
            }
            Ok(OpenedCharge::Planned { order, plan })
        })
        .await
    }

    async fn confirm_charge(
        &self,
        command: &ConfirmOrderCharge,
        rule: ConfirmOrderChargeRule,
    ) -> Result<Confirmation, EffectError<LedgerError>> {
        let command = command.clone();
        let keys = Keys {
            order_no: Some(command.order_no.clone()),
            gateway_order_no: Some(command.route.gateway_order_no.clone()),
            charge_id: Some(command.charge.id.clone()),
            ..Keys::wallet(command.route.user_id)
        };
        self.decide(keys, move |rows| {
            let user_id = command.route.user_id;
            let order = rows.order(user_id, &command.order_no)?;
            let mut view = ConfirmOrderView {
                wallet: rows.known_wallet(user_id)?,
                attempt: rows.attempt(user_id, &command.route.gateway_order_no)?,
                owned: rows.owned(order.as_ref()),
                order,
                receipt: rows.receipt(user_id, &command.charge.id)?,
            };
            if planted!("amount_not_compared") {
                view.attempt.amount = command.charge.amount;
            }
            let plan = rule(&command, &view).map_err(TxError::Refused)?;
            Ok(write_confirmation(rows, plan, command.at, |rows, (order, entitlements)| {
                rows.end_unpaid_order(order, command.at);
                rows.grant(entitlements.clone());
            }))
        })
        .await
    }
}
