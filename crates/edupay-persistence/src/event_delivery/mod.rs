//! Endpoints, and events on their way to them.

mod deliveries;
mod endpoints;
mod fan_out;
mod forget;
mod replay;
mod rows;
