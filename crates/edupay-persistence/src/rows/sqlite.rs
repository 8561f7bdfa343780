//! The rows of SQLite.

mod load;
mod purchases;
mod updates;
mod write;

pub(super) use load::load;
pub(super) use write::write;
