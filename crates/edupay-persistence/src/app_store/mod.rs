//! Purchases in the App Store: the claim on a transaction is locked first, the wallet of its user then.

mod claims;
mod inbox;
mod rows;
mod store;
