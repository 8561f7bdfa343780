//! Tries whether a pooler keeps prepared statements apart: the same client runs one again and
//! again, on one server connection after another, and must get its own answer each time.

use super::look::{Trouble, hold, release};
use super::signs::{Answer, Echo, kept_apart};
use crate::pools::establish;
use crate::statements::StatementCache;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Integer, Text};
use std::hash::{BuildHasher, Hasher, RandomState};

/// How often the statement runs while another client may hold the server connection it ran on.
const ROUNDS: u32 = 6;
/// How many values it takes: no other statement takes as many texts, so another client's statement
/// of the same name fails rather than answers.
const VALUES: usize = 7;

/// Repeats its values behind a word of its own. The word stands in the text, not among the values:
/// where another start of this program tried the same, and left its statement behind, that
/// statement answers with another word.
struct Repeat {
    word: String,
    values: [String; VALUES],
}

impl QueryFragment<Pg> for Repeat {
    // Not marked as unsafe to keep prepared: that it is kept is what is tried here.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT pg_backend_pid(), '");
        // Hexadecimal digits, see `word`.
        out.push_sql(&self.word);
        out.push_sql("'");
        for value in &self.values {
            out.push_sql(" || ' ' || ");
            out.push_bind_param::<Text, _>(value)?;
        }
        Ok(())
    }
}

impl Query for Repeat {
    type SqlType = (Integer, Text);
}

impl QueryId for Repeat {
    type QueryId = ();
    // The text differs from word to word, so it is its own key in the cache.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<PgConnection> for Repeat {}

/// Whether this client's prepared statements are its own wherever they run. Any error is a no.
pub(super) fn are_kept_apart(url: &str) -> bool {
    match echoes(url) {
        Ok(echoes) => kept_apart(&echoes),
        Err(Trouble::Connect(failure)) => {
            tracing::debug!(error = &failure as &dyn std::error::Error, "prepared statements could not be tried");
            false
        }
        Err(Trouble::Answer(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a prepared statement was not found again");
            false
        }
    }
}

fn echoes(url: &str) -> Result<Vec<Echo>, Trouble> {
    let mut own = establish(url, StatementCache::On)?;
    let mut other = establish(url, StatementCache::Off)?;
    let word = word();
    let mut echoes = Vec::new();
    for _ in 0..ROUNDS {
        echoes.push(echo(&mut own, &word)?);
        // Takes the server connection that was just used, so that the next run needs another.
        hold(&mut other)?;
        echoes.push(echo(&mut own, &word)?);
        release(&mut other)?;
    }
    Ok(echoes)
}

fn echo(connection: &mut PgConnection, own_word: &str) -> QueryResult<Echo> {
    let values: [String; VALUES] = std::array::from_fn(|_| word());
    let expected = format!("{own_word} {}", values.join(" "));
    let repeat = Repeat { word: own_word.to_owned(), values };
    let (pid, answered): (i32, String) = repeat.get_result(connection)?;
    Ok(Echo { pid, answer: if answered == expected { Answer::Ours } else { Answer::Foreign } })
}

/// Sixteen hexadecimal digits that nobody else has: the keys of a `RandomState` are random.
fn word() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}
