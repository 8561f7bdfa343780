//! Looks at which server processes answer three new connections.
//!
//! Nothing is prepared here. The transactions hold a server connection, as any client's
//! transaction does behind a pooler; they read no table and write nothing.

use super::signs::{Age, Look, Process};
use crate::conn::Conn;
use crate::pools::{ConnectFailure, establish};
use crate::statements::StatementCache;
use crate::tx::{begin_as, rollback};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable};
use std::time::{Duration, Instant};

/// How often the connections are asked. One round gives an idle pooler away. Where others keep its
/// server connections busy, one may show nothing by chance; in 625 tries none needed a third.
const ROUNDS: usize = 4;

/// Ends by itself, so that a pooler with a single server connection does not let us wait for
/// ourselves.
const HOLD: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '2s'";

/// Raw SQL, because this is the server's own function, in no schema of ours. It is what the view
/// `pg_stat_activity` asks, at a fifth of the time; a role always sees its own processes.
const WHO: &str = "SELECT pid, CAST(EXTRACT(EPOCH FROM backend_start) * 1000000 AS BIGINT) AS started_at, \
     CAST(EXTRACT(EPOCH FROM clock_timestamp() - backend_start) * 1000000 AS BIGINT) AS age \
     FROM pg_stat_get_activity(pg_backend_pid())";

/// Why nothing was seen.
pub(super) enum Trouble {
    Connect(ConnectFailure),
    Answer(diesel::result::Error),
}

impl From<ConnectFailure> for Trouble {
    fn from(failure: ConnectFailure) -> Self {
        Self::Connect(failure)
    }
}

impl From<diesel::result::Error> for Trouble {
    fn from(error: diesel::result::Error) -> Self {
        Self::Answer(error)
    }
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Nullable<BigInt>)]
    started_at: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    age: Option<i64>,
}

/// Opens three connections and asks who answers them, until something gives a pooler away or the
/// rounds are over.
pub(super) fn look(url: &str) -> Result<Look, Trouble> {
    let mut look = Look::default();
    let mut own = open(url, &mut look)?;
    let mut holders = [open(url, &mut look)?, open(url, &mut look)?];
    for _ in 0..ROUNDS {
        round(&mut look, &mut own, &mut holders)?;
    }
    Ok(look)
}

/// Asks while none, one and two processes are held: others who use the pooler at an even pace could
/// let a connection meet the same process each time, if nothing came between. Stops at the first
/// sign, since a connection may then wait for what another one holds.
fn round(look: &mut Look, own: &mut PgConnection, holders: &mut [PgConnection]) -> Result<(), Trouble> {
    if look.sign().is_none() {
        look.own.push(process(&ask(own)?));
    }
    let Some((holder, others)) = holders.split_first_mut() else { return Ok(()) };
    if look.sign().is_some() {
        return Ok(());
    }
    look.others.push(hold(holder)?);
    let asked = round(look, own, others);
    release(holder)?;
    asked
}

fn open(url: &str, look: &mut Look) -> Result<PgConnection, Trouble> {
    let begun = Instant::now();
    let mut connection = establish(url, StatementCache::Off)?;
    let answer = ask(&mut connection)?;
    let of_connection = begun.elapsed();
    if let Some(of_process) = answer.age.and_then(|age| u64::try_from(age).ok()).map(Duration::from_micros) {
        look.ages.push(Age { of_process, of_connection });
    }
    Ok(connection)
}

fn ask(connection: &mut PgConnection) -> Result<Answer, diesel::result::Error> {
    diesel::sql_query(WHO).get_result(connection)
}

fn process(answer: &Answer) -> Process {
    Process { pid: answer.pid, started_at: answer.started_at }
}

/// Begins a transaction, so that the server process that answers it answers nobody else.
pub(super) fn hold(connection: &mut PgConnection) -> Result<Process, diesel::result::Error> {
    begin_as(&mut Conn::Postgres(connection), HOLD)?;
    ask(connection).map(|answer| process(&answer))
}

pub(super) fn release(connection: &mut PgConnection) -> Result<(), diesel::result::Error> {
    rollback(&mut Conn::Postgres(connection))
}
