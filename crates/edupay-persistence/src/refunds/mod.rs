//! Refunds of what was paid: their rows, what their rules see, how a plan is written, and the port.
//!
//! They are rare, so none of them goes through a lane: each effect is a transaction of its own that locks
//! the wallet first. The entry, the wallet and the events are written as those of every payment are.

mod rows;
mod store;
mod view;
