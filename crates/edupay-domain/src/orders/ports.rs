//! Where orders are kept. Each effect is one transaction; the rule decides inside it.

use super::confirm::ConfirmOrderView;
use super::error::{CancelRefusal, CreateOrderRefusal, PayRefusal};
use super::model::{
    CancelOrder, CloseOrder, ConfirmOrderCharge, CreateOrder, Entitlement, OpenOrderCharge, Order, PaidOrder,
    PayFromBalance,
};
use super::pay::{ChargeView, PayPlan, PayView};
use super::rules::{CreateOrderView, EndPlan};
use crate::clock::Timestamp;
use crate::idempotency::{KeyedOutcome, Once};
use crate::ids::{CourseId, OrderNo, OrderPk, UserId};
use crate::ledger::LedgerError;
use crate::payments::{Confirmation, ConfirmationPlan, OpenChargePlan};
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of making an order.
pub type CreateOrderRule = fn(&CreateOrder, &CreateOrderView) -> Result<Order, CreateOrderRefusal>;
/// The pure rule of cancelling; `None` when the buyer has no such order.
pub type CancelOrderRule = fn(&CancelOrder, &Option<Order>) -> Result<EndPlan, CancelRefusal>;
/// The pure rule of closing.
pub type CloseOrderRule = fn(&CloseOrder, &Order) -> EndPlan;
/// The pure rule of paying from the balance.
pub type PayFromBalanceRule = fn(&PayFromBalance, &PayView) -> Result<PayPlan, PayRefusal>;
/// The pure rule of opening a charge.
pub type OpenOrderChargeRule = fn(&OpenOrderCharge, &ChargeView) -> Result<OpenChargePlan, PayRefusal>;
/// The pure rule of confirming a charge.
pub type ConfirmOrderChargeRule =
    fn(&ConfirmOrderCharge, &ConfirmOrderView) -> Result<ConfirmationPlan<(Order, Vec<Entitlement>)>, LedgerError>;

/// Whether an order was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedOrder {
    /// It was.
    Created(Order),
    /// Its number is taken; nothing was written. Draw another.
    NumberTaken,
}

/// What is known of an order's charge after the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "made and taken apart once per call, never stored")]
pub enum OpenedCharge {
    /// The plan of the rule, stored as far as it needs storing, with the order it is for.
    Planned {
        /// The order.
        order: Order,
        /// What is to be done.
        plan: OpenChargePlan,
    },
    /// The candidate number is taken; nothing was written. Draw another.
    NumberTaken,
}

/// Orders and entitlements.
///
/// What every implementation MUST hold, whoever else writes at the same time: an order is paid at
/// most once; a course is owned at most once per user; a balance never falls below zero; a plan is
/// written whole or not at all, with its entry and its events.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OrderStore: Send + Sync {
    /// Stores the order that the rule makes; under a claim its number is noted with it.
    async fn create(
        &self,
        command: &CreateOrder,
        rule: CreateOrderRule,
    ) -> Result<CreatedOrder, EffectError<CreateOrderRefusal>>;

    /// One order of the buyer. Someone else's is `None`.
    async fn find(&self, user_id: UserId, order_no: &OrderNo) -> Result<Option<Order>, StoreError>;

    /// The buyer's visible orders below a pk, newest first.
    async fn list(&self, user_id: UserId, below: Option<OrderPk>, limit: u32) -> Result<Vec<Order>, StoreError>;

    /// The courses that the user owns.
    async fn owned_courses(&self, user_id: UserId) -> Result<Vec<CourseId>, StoreError>;

    /// Locks the order, applies the rule, writes the plan; answers the order after it.
    async fn cancel(&self, command: &CancelOrder, rule: CancelOrderRule) -> Result<Order, EffectError<CancelRefusal>>;

    /// Unpaid orders whose time has passed at `now`, oldest first.
    async fn expired(&self, now: Timestamp, limit: u32) -> Result<Vec<(UserId, OrderNo)>, StoreError>;

    /// Locks the order, applies the rule, writes the plan; answers the order after it, `None` when
    /// there is none.
    async fn close(&self, command: &CloseOrder, rule: CloseOrderRule) -> Result<Option<Order>, StoreError>;

    /// Locks the wallet, then the order; loads the view, applies the rule, writes the plan.
    async fn pay_from_balance(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
    ) -> Result<PaidOrder, EffectError<PayRefusal>>;

    /// The same once per key: what the key is known for is said; else the effect happens, and the key is
    /// written with the reply in the same transaction, a refusal's reply too. An effect whose reply can't be
    /// made MUST NOT happen and is corrupt.
    async fn pay_from_balance_once(
        &self,
        command: &PayFromBalance,
        rule: PayFromBalanceRule,
        once: &Once<Result<PaidOrder, PayRefusal>>,
    ) -> Result<KeyedOutcome, StoreError>;

    /// Locks the wallet, then the order; loads the view, applies the rule, stores a new attempt with
    /// its route. MUST be seen by a callback that comes at once.
    async fn open_charge(
        &self,
        command: &OpenOrderCharge,
        rule: OpenOrderChargeRule,
    ) -> Result<OpenedCharge, EffectError<PayRefusal>>;

    /// Locks the wallet, then the order; loads the view, applies the rule, writes the plan. MUST
    /// claim the charge id over all users in the same transaction.
    async fn confirm_charge(
        &self,
        command: &ConfirmOrderCharge,
        rule: ConfirmOrderChargeRule,
    ) -> Result<Confirmation, EffectError<LedgerError>>;
}
