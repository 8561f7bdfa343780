//! The cashier page, as a browser gets it.

mod failures;
mod headers;
mod live;
mod pages;
mod payments;
mod tampering;
mod till;
