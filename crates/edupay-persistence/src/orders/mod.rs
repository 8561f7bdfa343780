//! Orders: their rows, and the port.

mod rows;
mod store;
