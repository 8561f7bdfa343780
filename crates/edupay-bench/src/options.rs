//! The command line, and the plan that it makes.

use crate::error::Failure;
use crate::orders::STRIDE;
use crate::results::Mix;
use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Measures the money path: payments from the balance through the service, against the database alone.
#[derive(Debug, Parser)]
#[command(name = "edupay-bench", version)]
pub(crate) struct Options {
    /// The service's program
    #[arg(long, value_name = "FILE")]
    pub(crate) service: PathBuf,
    /// How many rounds; ratios are formed within each [default: 3]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// How long each timed run takes [default: 10]
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// One round of two seconds a run with few rows: shows that it works, measures nothing
    #[arg(long)]
    quick: bool,
    /// Only these parts, comma-separated [default: postgres,sqlite,start]
    #[arg(long, value_name = "PARTS", value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// The growth and the overload part too
    #[arg(long, alias = "growth", conflicts_with = "only")]
    all: bool,
    /// Only runs with these counts of clients, comma-separated
    #[arg(long, value_name = "CLIENTS", value_delimiter = ',')]
    runs: Vec<u32>,
    /// Only runs with these mixes, comma-separated
    #[arg(long, value_name = "MIXES", value_enum, value_delimiter = ',')]
    mixes: Vec<Mix>,
    /// Only the service: no pgbench, no raw library
    #[arg(long, alias = "skip-pgbench")]
    skip_baseline: bool,
    /// How many users pay by turns [default: 20000; 2000 with --quick]
    #[arg(long, value_name = "N")]
    users: Option<u64>,
    /// How many orders are seeded for each second of the fastest runs
    #[arg(long, value_name = "N", default_value_t = 12_000)]
    capacity: u64,
    /// How many journal entries the large ledger of the growth part has [default: 5000000; 500000 with --quick]
    #[arg(long, value_name = "N")]
    entries: Option<u64>,
    /// In the overload part, how many requests the service works on at once (`limits.in_flight`), with a
    /// quarter as many waiting: so it holds less, and five times as much can be sent from the same machine
    /// [default: the service's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(4..=10_000))]
    in_flight: Option<u32>,
    /// Keep the databases and logs, and say where they are
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where a temporary folder is made for SQLite files and logs; not on a RAM disk [default: beside this program]
    #[arg(long, value_name = "DIR")]
    pub(crate) work_dir: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The service on PostgreSQL against pgbench
    Postgres,
    /// The service on SQLite against SQLite's library
    Sqlite,
    /// The service on a large ledger against a small one
    Growth,
    /// The size of the program and its start
    Start,
    /// More than the service can hold, and connections that drip
    Overload,
}

/// What is measured, and how.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) service: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) users: u64,
    pub(crate) small_entries: u64,
    pub(crate) large_entries: u64,
    parts: Vec<Part>,
    clients: Vec<u32>,
    mixes: Vec<Mix>,
    capacity: u64,
    baseline: bool,
    /// The `limits.in_flight` of the service that is overloaded, if it is not the default.
    pub(crate) in_flight: Option<u32>,
}

impl Options {
    /// What these options ask for.
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let service = self.service.canonicalize();
        let service =
            service.map_err(|_| Failure::new(format!("--service: there is no {}", self.service.display())))?;
        let users = self.users.unwrap_or(if self.quick { 2_000 } else { 20_000 });
        if users == 0 || users.is_multiple_of(STRIDE) {
            return Err(Failure::new(format!("--users: above zero, and no multiple of {STRIDE}")));
        }
        let parts = match (self.all, self.only.is_empty()) {
            (true, _) => vec![Part::Postgres, Part::Sqlite, Part::Growth, Part::Start, Part::Overload],
            (false, true) => vec![Part::Postgres, Part::Sqlite, Part::Start],
            (false, false) => self.only.clone(),
        };
        Ok(Plan {
            service,
            rounds: self.rounds.unwrap_or(if self.quick { 1 } else { 3 }).max(1),
            seconds: self.seconds.unwrap_or(if self.quick { 2 } else { 10 }).max(1),
            users,
            small_entries: 100_000,
            large_entries: self.entries.unwrap_or(if self.quick { 500_000 } else { 5_000_000 }),
            parts,
            clients: self.runs.clone(),
            mixes: self.mixes.clone(),
            capacity: self.capacity,
            baseline: !self.skip_baseline,
            in_flight: self.in_flight,
        })
    }
}

impl Plan {
    /// Whether this part is measured.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Whether any part needs a cluster.
    pub(crate) fn needs_postgres(&self) -> bool {
        self.has(Part::Postgres) || self.has(Part::Growth) || self.has(Part::Overload)
    }

    /// Whether a run of so many clients and this mix is measured.
    pub(crate) fn includes(&self, clients: u32, mix: Mix) -> bool {
        (self.clients.is_empty() || self.clients.contains(&clients)) && self.includes_mix(mix)
    }

    /// Whether runs of this mix are measured.
    pub(crate) fn includes_mix(&self, mix: Mix) -> bool {
        self.mixes.is_empty() || self.mixes.contains(&mix)
    }

    /// Whether the database alone is measured too.
    pub(crate) fn has_baseline(&self) -> bool {
        self.baseline
    }

    /// How long a run is warmed up.
    pub(crate) fn warm_seconds(&self) -> u64 {
        self.seconds.div_euclid(10).max(1)
    }

    /// This rate in percent of the fastest that orders are seeded for, and a little more.
    pub(crate) fn percent(&self, rate: f64) -> u64 {
        let percent = (rate / self.capacity.max(1) as f64 * 100.0).ceil();
        // A rate is no more than a few million per second.
        u64::try_from(percent as i64).unwrap_or_default().saturating_add(1)
    }

    /// How many orders to seed for so many seconds at so many percent of the fastest rate.
    pub(crate) fn capacity(&self, percent: u64, seconds: u64) -> u64 {
        self.capacity.saturating_mul(percent).div_euclid(100).saturating_mul(seconds).max(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &[&str]) -> Plan {
        let service = std::env::current_exe().unwrap().display().to_string();
        let line = ["edupay-bench", "--service", &service].into_iter().chain(line.iter().copied());
        Options::try_parse_from(line).unwrap().plan().unwrap()
    }

    #[test]
    fn growth_and_overload_are_measured_only_when_they_are_asked_for() {
        assert!(!plan(&[]).has(Part::Growth) && !plan(&[]).has(Part::Overload));
        assert!(plan(&["--all"]).has(Part::Growth) && plan(&["--all"]).has(Part::Overload));
        let growth = plan(&["--only", "growth"]);
        assert!(growth.has(Part::Growth) && !growth.has(Part::Sqlite));
    }

    #[test]
    fn runs_are_chosen_by_clients_and_mix() {
        let plan = plan(&["--runs", "32,64", "--mixes", "spread"]);
        assert!(plan.includes(64, Mix::Spread));
        assert!(!plan.includes(8, Mix::Spread));
        assert!(!plan.includes(32, Mix::Hot));
    }

    #[test]
    fn a_rate_is_seeded_for_with_something_to_spare() {
        assert_eq!([0.0, 6_000.0, 12_001.0, 60_000.0].map(|rate| plan(&[]).percent(rate)), [1, 51, 102, 501]);
    }

    #[test]
    fn quick_is_one_short_round_unless_told_otherwise() {
        let quick = plan(&["--quick", "--rounds", "2"]);
        assert_eq!((quick.rounds, quick.seconds, quick.users), (2, 2, 2_000));
    }
}
