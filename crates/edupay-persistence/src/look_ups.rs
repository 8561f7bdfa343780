//! Whose token it is: the look-ups that wait together are one statement on PostgreSQL and one snapshot
//! on SQLite, on a connection that no payment waits for.

use crate::blocking::Gathered;
use crate::codes::Corrupt;
use crate::conn::Conn;
use crate::pools::{ConnectFailure, Connector, SqlitePool};
use crate::schema::{tokens, users};
use crate::tx;
use crate::users::{UserRow, principal};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::R2D2Connection;
use edupay_domain::accounts::{Principal, TokenDigest};
use edupay_domain::store::{StoreError, StoreFault};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use thiserror::Error;

/// Before each further try on a new connection.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(200)];

/// The way to the thread that looks tokens up: for some tokens at once, whose each of them is.
pub(crate) type LookUps = Gathered<Vec<TokenDigest>, Vec<Answer>>;
/// Whose one token is, if it is anybody's and can be read.
pub(crate) type Answer = Result<Option<Arc<Principal>>, StoreError>;

/// Starts the thread for a server. It connects when the first token is looked up.
pub(crate) fn on_postgres(connector: &Connector) -> io::Result<LookUps> {
    let mut reader = Reader { connector: connector.clone(), connection: None };
    Gathered::start(THREAD, move |asked: &[Vec<TokenDigest>]| {
        let found = reader.read(&asked.concat());
        answers(asked, found)
    })
}

/// Starts the thread for a file.
pub(crate) fn on_sqlite(readers: &SqlitePool) -> io::Result<LookUps> {
    let readers = readers.clone();
    Gathered::start(THREAD, move |asked: &[Vec<TokenDigest>]| {
        let found = readers.get().map_err(ReadFailure::from).and_then(|mut connection| {
            let mut found = Found::new();
            // One snapshot for all: each new one makes SQLite forget the pages that it knows.
            tx::begin_snapshot(&mut Conn::Sqlite(&mut connection))?;
            let read = asked.iter().flatten().try_for_each(|digest| select_one(&mut connection, digest, &mut found));
            tx::rollback(&mut Conn::Sqlite(&mut connection))?;
            read.map(|()| found).map_err(ReadFailure::from)
        });
        answers(asked, found)
    })
}

const THREAD: &str = "token-look-ups";

/// To each its own, or to all that nothing could be read.
fn answers(asked: &[Vec<TokenDigest>], found: Result<Found, ReadFailure>) -> Vec<Result<Vec<Answer>, StoreError>> {
    match found {
        Ok(found) => {
            asked.iter().map(|digests| Ok(digests.iter().map(|digest| own(&found, digest)).collect())).collect()
        }
        Err(error) => {
            let error = Arc::new(error);
            let unavailable = || StoreError::new(StoreFault::Unavailable, Arc::clone(&error));
            asked.iter().map(|_| Err(unavailable())).collect()
        }
    }
}

struct Reader {
    connector: Connector,
    /// Taken out for the time of a statement, so that one that broke is not used again.
    connection: Option<PgConnection>,
}

impl Reader {
    /// A connection that broke is made anew, a bounded number of times.
    fn read(&mut self, digests: &[TokenDigest]) -> Result<Found, ReadFailure> {
        for pause in PAUSES {
            match self.read_once(digests) {
                Err(_) if self.connection.is_none() => thread::sleep(pause),
                read => return read,
            }
        }
        self.read_once(digests)
    }

    fn read_once(&mut self, digests: &[TokenDigest]) -> Result<Found, ReadFailure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connector.connect()?,
        };
        let read = select(&mut connection, digests);
        if read.is_ok() || connection.ping().is_ok() {
            self.connection = Some(connection);
        }
        read.map_err(ReadFailure::Query)
    }
}

/// Why no token could be looked up.
#[derive(Debug, Error)]
enum ReadFailure {
    #[error("the database can't be reached")]
    Connect(#[from] ConnectFailure),
    #[error("no connection to the file is free")]
    Busy(#[from] diesel::r2d2::PoolError),
    #[error("the statement failed")]
    Query(#[from] diesel::result::Error),
}

/// What is stored of each token that was found. A row that can't be read fails for its token alone.
type Found = HashMap<Vec<u8>, Result<Arc<Principal>, Corrupt>>;

fn own(found: &Found, digest: &TokenDigest) -> Answer {
    Ok(found.get(digest.0.as_slice()).cloned().transpose()?)
}

/// One statement for any number of tokens, since a list becomes one array: it is prepared once.
fn select(connection: &mut PgConnection, digests: &[TokenDigest]) -> QueryResult<Found> {
    let rows: Vec<(Vec<u8>, UserRow)> = tokens::table
        .inner_join(users::table)
        .filter(tokens::token_digest.eq_any(digests.iter().map(|digest| digest.0.to_vec())))
        .select((tokens::token_digest, UserRow::as_select()))
        .load(connection)?;
    Ok(rows.into_iter().map(|(digest, row)| (digest, principal(row).map(Arc::new))).collect())
}

/// A statement per token, since none leaves the process.
fn select_one(connection: &mut SqliteConnection, digest: &TokenDigest, found: &mut Found) -> QueryResult<()> {
    let row: Option<UserRow> = tokens::table
        .inner_join(users::table)
        .filter(tokens::token_digest.eq(digest.0.as_slice()))
        .select(UserRow::as_select())
        .first(connection)
        .optional()?;
    found.extend(row.map(|row| (digest.0.to_vec(), principal(row).map(Arc::new))));
    Ok(())
}
