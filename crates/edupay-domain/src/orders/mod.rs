//! Course orders: made, paid from the balance or by a charge, cancelled, closed.

mod confirm;
mod error;
mod model;
mod pay;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod service;

pub use crate::payments::OpenChargePlan;
pub use confirm::{ConfirmOrderView, confirm_order_charge};
pub use error::{CancelRefusal, CreateOrderRefusal, PayRefusal};
pub use model::{
    CancelOrder, CloseOrder, ConfirmOrderCharge, CreateOrder, Entitlement, OpenOrderCharge, Order, OrderLine,
    OrderState, PaidOrder, PayFromBalance, Payment, Tender, Visibility,
};
pub use pay::{ChargeView, PayPlan, PayView, open_order_charge, pay_from_balance};
pub use ports::{
    CancelOrderRule, CloseOrderRule, ConfirmOrderChargeRule, CreateOrderRule, CreatedOrder, OpenOrderChargeRule,
    OpenedCharge, OrderStore, PayFromBalanceRule,
};
pub use rules::{CreateOrderView, EndPlan, cancel_order, close_order, create_order};
pub use service::{ConfirmOrders, OrderPolicy, OrderService, Orders};

#[cfg(feature = "mocks")]
pub use ports::MockOrderStore;
