//! What a run is, and what it gave.

use crate::machine::Memory;
use crate::statistics::percentile;
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// On what a run pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Database {
    Postgres,
    Sqlite,
    SmallLedger,
    LargeLedger,
}

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// One function call per payment, from pgbench.
    Pgbench,
    /// SQLite's library, so many payments per commit.
    Library(u32),
    /// The service, over HTTP.
    Service,
}

/// Which orders are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Mix {
    /// Orders of all users by turns
    Spread,
    /// The same with 5 % that must be refused
    Refusals,
    /// Orders of one user
    Hot,
    /// No payments: the first page of the statement
    Statement,
}

/// One run of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) database: Database,
    pub(crate) mix: Mix,
    pub(crate) who: Who,
    pub(crate) clients: u32,
}

impl Run {
    pub(crate) const fn new(database: Database, who: Who, mix: Mix, clients: u32) -> Self {
        Self { database, mix, who, clients }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = match self.database {
            Database::Postgres => "PostgreSQL",
            Database::Sqlite => "SQLite",
            Database::SmallLedger => "small ledger",
            Database::LargeLedger => "large ledger",
        };
        match self.who {
            Who::Pgbench => write!(f, "{database}, pgbench, {}", self.clients)?,
            Who::Library(1) => write!(f, "{database}, library, 1 per commit")?,
            Who::Library(batch) => write!(f, "{database}, library, {batch} per commit")?,
            Who::Service => write!(f, "{database}, service, {}", self.clients)?,
        }
        f.write_str(match self.mix {
            Mix::Spread => "",
            Mix::Refusals => ", 5 % refusals",
            Mix::Hot => ", one account",
            Mix::Statement => ", statement page",
        })
    }
}

/// What a run gave.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Payments per second, or pages.
    pub(crate) rate: f64,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50: f64,
    /// 99 of 100 answers took no longer, in microseconds.
    pub(crate) p99: f64,
    /// The share of time that the host gave to others, in percent.
    pub(crate) steal: f64,
    /// The service's processor time for each answer, in microseconds.
    pub(crate) cpu: Option<f64>,
    /// The service's memory afterwards.
    pub(crate) memory: Option<Memory>,
}

impl Outcome {
    /// From what was counted and timed.
    pub(crate) fn new(payments: u64, elapsed: Duration, mut latencies: Vec<u32>, steal: f64) -> Self {
        latencies.sort_unstable();
        Self {
            rate: payments as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE),
            p50: f64::from(percentile(&latencies, 500)),
            p99: f64::from(percentile(&latencies, 990)),
            steal,
            cpu: None,
            memory: None,
        }
    }
}

impl Outcome {
    /// One line while it goes on.
    pub(crate) fn line(&self, run: Run) -> String {
        let Self { rate, p50, p99, steal, .. } = self;
        format!("  {run}: {rate:.0}/s, p50 {:.2} ms, p99 {:.2} ms, steal {steal:.1} %", p50 / 1_000.0, p99 / 1_000.0)
    }
}

/// The runs of one round.
pub(crate) type Round = BTreeMap<Run, Outcome>;

/// Puts the rounds of a part beside those of the parts before it.
pub(crate) fn merge(all: &mut Vec<Round>, part: Vec<Round>) {
    all.resize_with(all.len().max(part.len()), Round::new);
    for (round, mut more) in all.iter_mut().zip(part) {
        round.append(&mut more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_payments_and_percentiles_answers() {
        let outcome = Outcome::new(10, Duration::from_millis(500), vec![30, 10, 20], 0.0);
        assert_eq!((outcome.rate, outcome.p50, outcome.p99), (20.0, 20.0, 30.0));
    }

    #[test]
    fn parts_share_their_rounds() {
        let outcome = Outcome::new(1, Duration::from_secs(1), vec![1], 0.0);
        let one = |who| Round::from([(Run::new(Database::Sqlite, who, Mix::Spread, 1), outcome.clone())]);
        let mut all = Vec::new();
        merge(&mut all, vec![one(Who::Service)]);
        merge(&mut all, vec![one(Who::Library(1)), one(Who::Library(1))]);
        assert_eq!(all.iter().map(Round::len).collect::<Vec<_>>(), [2, 1]);
    }
}
