//! The memory store under the contract, the domain's services on it, and random histories.

mod app_store;
mod app_store_histories;
mod bills;
mod catalogue;
mod charges_of_orders;
mod contract;
mod event_delivery;
mod expiry;
mod histories;
mod looks;
mod money_histories;
mod packages;
mod reconciliation;
mod recovery;
mod refunds;
mod refunds_of_orders;
mod sessions;
mod top_ups;
