//! Keys of requests that are done once.

pub(crate) mod rows;
mod store;
