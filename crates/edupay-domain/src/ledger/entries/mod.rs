//! The entries, one file each, named by their verb and listing their legs.

mod adjust_balance;
mod claw_back_app_store_purchase;
mod claw_back_top_up;
mod confirm_order_charge;
mod confirm_purchase_charge;
mod credit_app_store_purchase;
mod credit_top_up;
mod keep_unapplied_receipt;
mod money_back;
mod pay_from_balance;
mod refund_order;
mod refund_purchase;
mod refund_unapplied_receipt;
mod restore_app_store_purchase;

pub use adjust_balance::adjust_balance;
pub use claw_back_app_store_purchase::{claw_back_app_store_play_money, claw_back_app_store_purchase};
pub use claw_back_top_up::claw_back_top_up;
pub use confirm_order_charge::confirm_order_charge;
pub use confirm_purchase_charge::confirm_purchase_charge;
pub use credit_app_store_purchase::{credit_app_store_play_money, credit_app_store_purchase};
pub use credit_top_up::credit_top_up;
pub use keep_unapplied_receipt::keep_unapplied_receipt;
pub use money_back::MoneyBack;
pub use pay_from_balance::pay_from_balance;
pub use refund_order::refund_order;
pub use refund_purchase::refund_purchase;
pub use refund_unapplied_receipt::refund_unapplied_receipt;
pub use restore_app_store_purchase::{restore_app_store_play_money, restore_app_store_purchase};
