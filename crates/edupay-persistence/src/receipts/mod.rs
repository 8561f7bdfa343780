//! Receipts: their rows, and the port.

pub(crate) mod rows;
mod store;
