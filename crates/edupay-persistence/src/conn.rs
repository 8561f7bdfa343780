//! One connection of either database, and how a statement is written once for both.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A borrowed connection, inside a transaction or not.
pub(crate) enum Conn<'a> {
    /// SQLite.
    Sqlite(&'a mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'a mut PgConnection),
}

/// Runs one diesel expression on whichever connection it is: `on!(conn, c => query.load(c))`.
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::conn::Conn::Sqlite(connection) => {
                let $c: &mut ::diesel::sqlite::SqliteConnection = connection;
                $body
            }
            $crate::conn::Conn::Postgres(connection) => {
                let $c: &mut ::diesel::pg::PgConnection = connection;
                $body
            }
        }
    };
}

/// Reads rows and locks them until the transaction ends. SQLite has one writer, whose immediate
/// transaction is the lock.
macro_rules! lock {
    ($conn:expr, $query:expr, $load:ident) => {
        match $conn {
            $crate::conn::Conn::Sqlite(connection) => {
                let c: &mut ::diesel::sqlite::SqliteConnection = connection;
                $query.$load(c)
            }
            $crate::conn::Conn::Postgres(connection) => {
                let c: &mut ::diesel::pg::PgConnection = connection;
                $query.for_update().$load(c)
            }
        }
    };
}

pub(crate) use lock;
pub(crate) use on;
