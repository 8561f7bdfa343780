//! Statements of the money path that are written by hand. Each text lies in a file of its own beside
//! the type that binds it.
//!
//! On PostgreSQL they read and write a whole batch at once, which is measurably faster than what the
//! query builder makes. On SQLite they are the updates: diesel keeps neither an update nor a
//! `sql_query` prepared; it keeps what names itself by a type, as these do.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

/// A statement with its values.
pub(crate) trait Statement {
    /// The text, with `$1`, `$2`, … each once and in this order.
    const TEXT: &'static str;
    /// What it answers.
    type Columns;
    /// Itself, for the cache of prepared statements: one text, one type.
    type Id: 'static;
}

/// How a statement binds its values on a database.
pub(crate) trait Bind<DB: Backend>: Statement {
    /// Binds each value in the order of the text.
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, DB>) -> QueryResult<()>;
}

/// Where a statement puts its values.
pub(crate) struct Binds<'a, 'b, DB: Backend> {
    out: AstPass<'a, 'b, DB>,
    rest: &'static str,
}

impl<'b, DB: Backend> Binds<'_, 'b, DB> {
    /// Binds the next value.
    pub(crate) fn push<ST, V>(&mut self, value: &'b V) -> QueryResult<()>
    where
        DB: HasSqlType<ST>,
        V: ToSql<ST, DB> + ?Sized,
    {
        let (before, after) = self.rest.split_once('$').unwrap_or((self.rest, ""));
        self.out.push_sql(before);
        self.rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        self.out.push_bind_param(value)
    }
}

/// A statement as diesel runs it.
pub(crate) struct Prepared<S>(pub(crate) S);

impl<DB: Backend, S: Bind<DB>> QueryFragment<DB> for Prepared<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut binds = Binds { out: out.reborrow(), rest: S::TEXT };
        self.0.bind(&mut binds)?;
        let rest = binds.rest;
        out.push_sql(rest);
        Ok(())
    }
}

impl<S: Statement> QueryId for Prepared<S> {
    type QueryId = S::Id;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<S: Statement> Query for Prepared<S> {
    type SqlType = S::Columns;
}

impl<S, Conn> RunQueryDsl<Conn> for Prepared<S> {}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::debug_query;
    use diesel::sql_types::BigInt;
    use diesel::sqlite::Sqlite;

    struct Three([i64; 3]);

    impl Statement for Three {
        const TEXT: &'static str = "VALUES ($1, $2 + 1, $3) -- done";
        type Columns = (BigInt, BigInt, BigInt);
        type Id = Self;
    }

    impl<DB: Backend + HasSqlType<BigInt>> Bind<DB> for Three
    where
        i64: ToSql<BigInt, DB>,
    {
        fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b, DB>) -> QueryResult<()> {
            self.0.iter().try_for_each(|value| binds.push::<BigInt, _>(value))
        }
    }

    #[test]
    fn values_take_the_places_of_the_text_and_nothing_of_it_is_lost() {
        let statement = Prepared(Three([7, 8, 9]));
        assert_eq!(
            debug_query::<diesel::pg::Pg, _>(&statement).to_string(),
            "VALUES ($1, $2 + 1, $3) -- done -- binds: [7, 8, 9]"
        );
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        assert_eq!(
            debug_query::<Sqlite, _>(&statement).to_string(),
            "VALUES (?, ? + 1, ?) -- done -- binds: [7, 8, 9]"
        );
        assert_eq!(statement.get_result::<(i64, i64, i64)>(&mut connection), Ok((7, 9, 9)));
    }
}
