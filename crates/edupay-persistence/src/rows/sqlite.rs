//! The rows of SQLite.

mod load;
mod write;

pub(super) use load::load;
pub(super) use write::write;
