//! What is compared with what, and what it should be. A target that is missed is printed as such and
//! nothing else: the figures are those of the machine they were measured on.

use crate::results::{Database, Mix, Outcome, Round, Run, Who};
use crate::start::Start;
use crate::statistics::Spread;

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure against its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    pub(super) what: &'static str,
    pub(super) measured: Spread,
    pub(super) decimals: usize,
    limit: Limit,
}

impl Verdict {
    /// The target, in words.
    pub(super) fn target(&self) -> String {
        let decimals = self.decimals.min(1);
        match self.limit {
            Limit::AtLeast(limit) => format!("≥ {limit:.decimals$}"),
            Limit::AtMost(limit) => format!("≤ {limit:.decimals$}"),
        }
    }

    /// Whether the median keeps to it.
    pub(super) fn is_met(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.measured.median >= limit,
            Limit::AtMost(limit) => self.measured.median <= limit,
        }
    }
}

/// A target over the runs of one round.
struct Target {
    what: &'static str,
    limit: Limit,
    decimals: usize,
    measure: fn(&Round) -> Option<f64>,
}

const fn ratio(what: &'static str, limit: Limit, measure: fn(&Round) -> Option<f64>) -> Target {
    Target { what, limit, decimals: 2, measure }
}

const TARGETS: &[Target] = &[
    ratio("PostgreSQL: service with 32 clients / best of pgbench with 8 and 32", Limit::AtLeast(2.0), |round| {
        Some(rate(round, service(Mix::Spread, 32))? / best_pgbench(round, Mix::Spread)?)
    }),
    ratio("PostgreSQL: service with 64 clients / best of pgbench with 8 and 32", Limit::AtLeast(2.5), |round| {
        Some(rate(round, service(Mix::Spread, 64))? / best_pgbench(round, Mix::Spread)?)
    }),
    ratio("PostgreSQL: p99 of service with 32 clients / of pgbench with 32", Limit::AtMost(1.0), |round| {
        Some(round.get(&service(Mix::Spread, 32))?.p99 / round.get(&pgbench(Mix::Spread, 32))?.p99)
    }),
    ratio("PostgreSQL: p50 of service with 1 client / of pgbench with 1", Limit::AtMost(2.0), |round| {
        Some(round.get(&service(Mix::Spread, 1))?.p50 / round.get(&pgbench(Mix::Spread, 1))?.p50)
    }),
    ratio("PostgreSQL: payments with 5 % refusals among them / without", Limit::AtLeast(0.9), |round| {
        Some(rate(round, service(Mix::Refusals, 32))? / rate(round, service(Mix::Spread, 32))?)
    }),
    ratio(
        "PostgreSQL: one account, service with 32 clients / best of pgbench with 8 and 32",
        Limit::AtLeast(3.0),
        |round| Some(rate(round, service(Mix::Hot, 32))? / best_pgbench(round, Mix::Hot)?),
    ),
    Target {
        what: "PostgreSQL: memory of the service after 64 clients, MiB",
        limit: Limit::AtMost(64.0),
        decimals: 0,
        measure: |round| Some(round.get(&service(Mix::Spread, 64))?.memory?.resident),
    },
    ratio("SQLite: service with 32 clients / library with 1 payment per commit", Limit::AtLeast(1.5), |round| {
        Some(rate(round, on_sqlite(Who::Service, 32))? / rate(round, on_sqlite(Who::Library(1), 1))?)
    }),
    ratio("SQLite: service with 32 clients / library with 64 payments per commit", Limit::AtLeast(0.6), |round| {
        Some(rate(round, on_sqlite(Who::Service, 32))? / rate(round, on_sqlite(Who::Library(64), 1))?)
    }),
    ratio("growth: payments on the large ledger / on the small one", Limit::AtLeast(0.9), |round| {
        let on = |database| rate(round, Run::new(database, Who::Service, Mix::Spread, 32));
        Some(on(Database::LargeLedger)? / on(Database::SmallLedger)?)
    }),
    ratio("growth: p50 of the statement page on the large ledger / on the small one", Limit::AtMost(1.1), |round| {
        let on = |database| round.get(&Run::new(database, Who::Service, Mix::Statement, 1)).map(|run| run.p50);
        Some(on(Database::LargeLedger)? / on(Database::SmallLedger)?)
    }),
];

/// Every target whose runs were made, with what was measured.
pub(super) fn verdicts(rounds: &[Round], start: Option<&Start>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for Target { what, limit, decimals, measure } in TARGETS {
        if let Some(measured) = Spread::of(rounds.iter().filter_map(measure)) {
            verdicts.push(Verdict { what, measured, decimals: *decimals, limit: *limit });
        }
    }
    if let Some(Start { size, cold }) = start {
        let megabytes = *size as f64 / 1e6;
        let measured = Spread { median: megabytes, min: megabytes, max: megabytes };
        verdicts.push(Verdict { what: "size of the program, MB", measured, decimals: 1, limit: Limit::AtMost(25.0) });
        let what = "start on a new SQLite file, ms";
        verdicts.push(Verdict { what, measured: *cold, decimals: 0, limit: Limit::AtMost(100.0) });
    }
    verdicts
}

fn service(mix: Mix, clients: u32) -> Run {
    Run::new(Database::Postgres, Who::Service, mix, clients)
}

fn pgbench(mix: Mix, clients: u32) -> Run {
    Run::new(Database::Postgres, Who::Pgbench, mix, clients)
}

fn on_sqlite(who: Who, clients: u32) -> Run {
    Run::new(Database::Sqlite, who, Mix::Spread, clients)
}

fn rate(round: &Round, run: Run) -> Option<f64> {
    round.get(&run).map(|outcome: &Outcome| outcome.rate)
}

/// Both must have run: the better of one is no best.
fn best_pgbench(round: &Round, mix: Mix) -> Option<f64> {
    Some(rate(round, pgbench(mix, 8))?.max(rate(round, pgbench(mix, 32))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn round(rates: &[(Run, u64)]) -> Round {
        let outcome = |rate| Outcome::new(rate, Duration::from_secs(1), vec![1_000], 0.0);
        rates.iter().map(|(run, rate)| (*run, outcome(*rate))).collect()
    }

    #[test]
    fn a_ratio_is_formed_within_its_round_and_only_then_compared() {
        let round = |pgbench_8, pgbench_32, paid| {
            round(&[
                (pgbench(Mix::Spread, 8), pgbench_8),
                (pgbench(Mix::Spread, 32), pgbench_32),
                (service(Mix::Spread, 32), paid),
            ])
        };
        let rounds = [round(1_000, 500, 3_000), round(100, 200, 380), round(10, 20, 40)];
        let verdicts = verdicts(&rounds, None);
        let verdict = verdicts.first().unwrap();
        assert_eq!(verdict.measured, Spread { median: 2.0, min: 1.9, max: 3.0 });
        assert!(verdict.is_met());
        assert_eq!(verdict.target(), "≥ 2.0");
    }

    #[test]
    fn what_was_not_run_has_no_verdict() {
        assert_eq!(verdicts(&[round(&[(pgbench(Mix::Spread, 8), 1_000)])], None), []);
        assert_eq!(verdicts(&[], None), []);
    }
}
