//! What staff changes is decided on what is there, so staff's transactions are in line.

use crate::conn::Conn;
use diesel::prelude::*;
use diesel::result::Error;

/// What one transaction at a time changes.
#[derive(Clone, Copy)]
pub(super) enum StaffTable {
    /// Schools.
    Schools,
    /// Students with users of their own, and whose card is whose. Nobody else adds a user meanwhile, so
    /// no id is drawn that is being taken.
    Students,
    /// Whose card is whose.
    Cards,
    /// Projects.
    Projects,
    /// Packages.
    Packages,
}

impl StaffTable {
    /// The query builder has no such statement. The lock lets everybody read and lock rows, as the
    /// foreign keys of payments do; it keeps out who writes the table.
    fn lock(self) -> &'static str {
        match self {
            Self::Schools => "LOCK TABLE schools IN SHARE ROW EXCLUSIVE MODE",
            Self::Students => "LOCK TABLE users, cards IN SHARE ROW EXCLUSIVE MODE",
            Self::Cards => "LOCK TABLE cards IN SHARE ROW EXCLUSIVE MODE",
            Self::Projects => "LOCK TABLE projects IN SHARE ROW EXCLUSIVE MODE",
            Self::Packages => "LOCK TABLE packages IN SHARE ROW EXCLUSIVE MODE",
        }
    }
}

/// Waits until this transaction is the only one that changes it. On SQLite it is the only one anyway.
pub(super) fn lock(conn: &mut Conn<'_>, what: StaffTable) -> Result<(), Error> {
    if let Conn::Postgres(connection) = conn {
        diesel::sql_query(what.lock()).execute(*connection)?;
    }
    Ok(())
}
