//! Whether a pooler lies between us and PostgreSQL, and what follows for prepared statements.
//!
//! A pooler that gives a server connection to another client after each transaction mixes up
//! prepared statements: diesel counts their names per client, so another client's statement of the
//! same name runs, with our values, and nobody is told. What is absent: a list of poolers. What
//! counts is what a connection does, not what calls itself how.

mod echo;
mod look;
mod signs;

use crate::pools::ConnectFailure;
use crate::statements::{CacheReason, PreparedStatements, StatementCache, Statements};
use look::Trouble;
use signs::{Seen, judge, seen, undecided};
use std::sync::mpsc;
use std::time::Duration;

/// How often the connections are looked at, where the first look leaves a doubt.
const LOOKS: usize = 2;

/// How long finding out may take. Usually it takes milliseconds, but a pooler whose server
/// connections are all taken lets its clients wait for minutes.
const LIMIT: Duration = Duration::from_secs(10);

/// Decides whether statements are kept prepared on this server's connections, and logs it. Blocks.
pub(crate) fn decide(url: &str, setting: PreparedStatements) -> Result<Statements, ConnectFailure> {
    let (seen, kept_apart) = match setting {
        PreparedStatements::Auto => find_out_in_time(url)?,
        PreparedStatements::On | PreparedStatements::Off => (Seen::Unclear, false),
    };
    let statements = judge(setting, seen, kept_apart);
    tell(statements, seen);
    Ok(statements)
}

/// Finds out on a thread of its own, which is left behind where it takes too long: it ends when
/// its connections do.
fn find_out_in_time(url: &str) -> Result<(Seen, bool), ConnectFailure> {
    let (answer, answered) = mpsc::channel();
    let url = url.to_owned();
    std::thread::spawn(move || {
        let found = inspect(&url).map(|seen| (seen, matches!(seen, Seen::Pooler(_)) && echo::are_kept_apart(&url)));
        // Nobody waits for it any more: then it was too late.
        let _ = answer.send(found);
    });
    answered.recv_timeout(LIMIT).unwrap_or(Ok((Seen::Unclear, false)))
}

fn inspect(url: &str) -> Result<Seen, ConnectFailure> {
    let mut looks = Vec::new();
    for _ in 0..LOOKS {
        match look::look(url) {
            Ok(look) => looks.push(look),
            Err(Trouble::Connect(failure)) => return Err(failure),
            // One more look; if that fails too, nothing was seen.
            Err(Trouble::Answer(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a look for a pooler was cut short");
            }
        }
        if !undecided(&looks) {
            break;
        }
    }
    Ok(seen(&looks))
}

/// One line at the start. A pooler costs speed or money, so whoever runs the service should know.
fn tell(statements: Statements, seen: Seen) {
    let sign = match seen {
        Seen::Pooler(sign) => sign.code(),
        Seen::Direct | Seen::Unclear => "none",
    };
    match (statements.reason, statements.cache) {
        (CacheReason::Pooler, _) => tracing::warn!(
            sign,
            "a pooler lies before the database and was not seen to keep prepared statements apart, so they are not \
             used and payments take longer: connect to the server itself, or give pgbouncer 1.21 or newer a \
             max_prepared_statements above 0"
        ),
        (CacheReason::Unclear, _) => tracing::warn!(
            "whether a pooler lies before the database could not be told, so prepared statements are not used: if \
             there is none, set database.prepared_statements to on"
        ),
        (CacheReason::PoolerKeepsThemApart, _) => {
            tracing::info!(sign, "prepared statements are used: the pooler before the database keeps them apart");
        }
        (CacheReason::Setting, StatementCache::Off) => {
            tracing::info!("prepared statements are not used: database.prepared_statements says so");
        }
        (CacheReason::Setting, StatementCache::On) => {
            tracing::info!("prepared statements are used: database.prepared_statements says so");
        }
        (CacheReason::Direct | CacheReason::File, _) => {
            tracing::info!("prepared statements are used: no pooler lies before the database");
        }
    }
}
