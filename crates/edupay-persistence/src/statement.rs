//! Statements of PostgreSQL that are written by hand, where the query builder's are measurably
//! slower: those of the money path, which read and write a whole batch at once. Each text lies in a
//! file of its own beside the type that binds it.
//!
//! diesel never keeps a `sql_query` prepared; it keeps what names itself by a type, as these do.

use diesel::pg::Pg;
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

    /// Binds each value in the order of the text.
    fn bind<'b>(&'b self, binds: &mut Binds<'_, 'b>) -> QueryResult<()>;
}

/// Where a statement puts its values.
pub(crate) struct Binds<'a, 'b> {
    out: AstPass<'a, 'b, Pg>,
    rest: &'static str,
}

impl<'b> Binds<'_, 'b> {
    /// Binds the next value.
    pub(crate) fn push<ST, V>(&mut self, value: &'b V) -> QueryResult<()>
    where
        Pg: HasSqlType<ST>,
        V: ToSql<ST, Pg> + ?Sized,
    {
        let (before, after) = self.rest.split_once('$').unwrap_or((self.rest, ""));
        self.out.push_sql(before);
        self.rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        self.out.push_bind_param(value)
    }
}

/// A statement as diesel runs it.
pub(crate) struct Prepared<S>(pub(crate) S);

impl<S: Statement> QueryFragment<Pg> for Prepared<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
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

impl<S> RunQueryDsl<PgConnection> for Prepared<S> {}
