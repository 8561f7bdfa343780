//! The rows of a batch: loaded and locked, held in memory while the rules run, written in the end. A
//! rule reads its view from what is held, so it sees the effects before it in the batch as if they
//! were committed.
//!
//! What is absent: decisions. The rules come from the domain, and the second walls (guards and
//! constraints) are the database's.

mod campus;
mod changes;
mod held;
mod keyed;
mod keys;
mod postgres;
mod purchases;
mod sqlite;

pub(crate) use held::Rows;
pub(crate) use keys::Keys;

use crate::conn::Conn;
use diesel::result::Error;

/// Locks the wallets of all these keys in the order of their users, and loads the rows.
pub(crate) fn load(conn: &mut Conn<'_>, keys: &[&Keys]) -> Result<Rows, Error> {
    let mut rows = match conn {
        Conn::Sqlite(connection) => sqlite::load(connection, keys),
        Conn::Postgres(connection) => postgres::load(connection, keys),
    }?;
    keyed::load(conn, keys, &mut rows)?;
    Ok(rows)
}

/// Writes what was changed. `false` when a row was no longer as it was loaded: nothing may then be
/// committed, and another try sees the truth.
pub(crate) fn write(conn: &mut Conn<'_>, rows: &Rows) -> Result<bool, Error> {
    let written = match conn {
        Conn::Sqlite(connection) => sqlite::write(connection, rows.changes()),
        Conn::Postgres(connection) => postgres::write(connection, rows.changes()),
    }?;
    Ok(written && keyed::write(conn, rows.changes())?)
}
