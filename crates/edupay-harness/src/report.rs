//! What is said about a run: a line per round, one line of JSON at the end.

use crate::checks::{Applied, Violation};
use crate::error::{Doing, Failure};
use crate::faults::Done;
use crate::history::Counts;
use crate::options::Plan;
use crate::say::{note, say};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

/// The figures so far.
pub(crate) struct Report {
    begun: Instant,
    faults: BTreeMap<String, u64>,
    ready: Vec<u64>,
    longest_rest: Duration,
    checks: u64,
    applied: Applied,
    violations: Vec<Violation>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            faults: BTreeMap::new(),
            ready: Vec::new(),
            longest_rest: Duration::ZERO,
            checks: 0,
            applied: Applied::default(),
            violations: Vec::new(),
        }
    }

    /// A round is over.
    pub(crate) fn add_round(&mut self, round: u32, done: Done, counts: Counts) {
        let count = self.faults.entry(done.fault.to_string()).or_default();
        *count = count.saturating_add(1);
        let ready = done.ready.map(milliseconds);
        let after = ready.map_or_else(String::new, |ready| format!(", ready after {ready} ms"));
        let Counts { acknowledged, refused, unknown, .. } = counts;
        say(format_args!(
            "round {round}: {} ({}){after}; acknowledged {acknowledged}, refused {refused}, unknown {unknown}",
            done.fault, done.detail
        ));
        self.ready.extend(ready);
        self.add(done.violations);
    }

    /// Everything was checked.
    pub(crate) fn add_check(&mut self, rest: Duration, applied: Applied, found: Vec<Violation>) {
        self.checks = self.checks.saturating_add(1);
        self.longest_rest = self.longest_rest.max(rest);
        self.applied = applied;
        say(format_args!("checked: at rest after {} ms, {} violations", milliseconds(rest), found.len()));
        self.add(found);
    }

    /// Violations, each said once.
    pub(crate) fn add(&mut self, found: Vec<Violation>) {
        for violation in found {
            if !self.violations.contains(&violation) {
                note(format_args!("VIOLATION {violation}"));
                self.violations.push(violation);
            }
        }
    }

    /// Whether all is well so far.
    pub(crate) fn is_well(&self) -> bool {
        self.violations.is_empty()
    }

    /// The invariants that were broken.
    pub(crate) fn broken(&self) -> String {
        let names: std::collections::BTreeSet<&str> =
            self.violations.iter().map(|violation| violation.invariant).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// The last line, and the row of the table that is wanted.
    pub(crate) fn finish(mut self, plan: &Plan, rounds: u32, counts: Counts, looks: u64) -> Result<(), Failure> {
        self.ready.sort_unstable();
        let median = self.ready.get(self.ready.len().div_euclid(2)).copied();
        if let Some(file) = &plan.options.report {
            let mut file = File::options().create(true).append(true).open(file).doing("--report")?;
            writeln!(file, "{}", self.row(plan, counts, median)).doing("--report")?;
        }
        let violations: Vec<String> = self.violations.iter().map(ToString::to_string).collect();
        say(json!({
            "db": plan.db.to_string(),
            "fault": plan.fault.to_string(),
            "planted": plan.planted,
            "seed": plan.seed,
            "rounds": rounds,
            "faults": self.faults,
            "seconds": self.begun.elapsed().as_secs(),
            "acknowledged": counts.acknowledged,
            "acknowledged_about_money": counts.about_money,
            "orders": counts.orders,
            "refused": counts.refused,
            "unknown": counts.unknown,
            "unknown_that_can_be_seen": self.applied.unknown,
            "of_which_applied": self.applied.applied,
            "ready_ms_median": median,
            "ready_ms_max": self.ready.last(),
            "rest_ms_max": milliseconds(self.longest_rest),
            "checks": self.checks,
            "snapshots": looks,
            "violations": violations,
        }));
        Ok(())
    }

    fn row(&self, plan: &Plan, counts: Counts, median: Option<u64>) -> String {
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let faults: Vec<String> = self.faults.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let violations = match self.is_well() {
            true => "0".to_owned(),
            false => format!("{} ({})", self.violations.len(), self.broken()),
        };
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} / {} | {} / {} | {} | {violations} |",
            plan.db,
            plan.fault,
            plan.planted.unwrap_or("-"),
            plan.seed,
            faults.join(", "),
            counts.acknowledged,
            counts.about_money,
            counts.orders,
            self.applied.unknown,
            self.applied.applied,
            number(median),
            number(self.ready.last().copied()),
            milliseconds(self.longest_rest),
        )
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
