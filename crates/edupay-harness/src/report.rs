//! What is said about a run: a line per round, one line of JSON at the end.

use crate::checks::{Applied, Violation};
use crate::faults::Done;
use crate::options::Options;
use crate::say::{note, say};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The figures so far.
pub(crate) struct Report {
    begun: Instant,
    seed: u64,
    faults: BTreeMap<String, u64>,
    ready: Vec<u64>,
    longest_rest: Duration,
    checks: u64,
    applied: Applied,
    violations: Vec<Violation>,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            begun: Instant::now(),
            seed,
            faults: BTreeMap::new(),
            ready: Vec::new(),
            longest_rest: Duration::ZERO,
            checks: 0,
            applied: Applied::default(),
            violations: Vec::new(),
        }
    }

    /// A round is over.
    pub(crate) fn add_round(&mut self, round: u32, done: Done, (acknowledged, refused, unknown): (u64, u64, u64)) {
        let count = self.faults.entry(done.fault.to_string()).or_default();
        *count = count.saturating_add(1);
        let ready = done.ready.map(milliseconds);
        let after = ready.map_or_else(String::new, |ready| format!(", ready after {ready} ms"));
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

    /// The last line.
    pub(crate) fn finish(mut self, options: &Options, rounds: u32, counts: (u64, u64, u64), looks: u64) {
        self.ready.sort_unstable();
        let median = self.ready.get(self.ready.len().div_euclid(2)).copied();
        let violations: Vec<String> = self.violations.iter().map(ToString::to_string).collect();
        say(json!({
            "db": options.db.to_string(),
            "fault": options.fault.to_string(),
            "planted": options.planted,
            "seed": self.seed,
            "rounds": rounds,
            "faults": self.faults,
            "seconds": self.begun.elapsed().as_secs(),
            "acknowledged": counts.0,
            "refused": counts.1,
            "unknown": counts.2,
            "unknown_that_can_be_seen": self.applied.unknown,
            "of_which_applied": self.applied.applied,
            "ready_ms_median": median,
            "ready_ms_max": self.ready.last(),
            "rest_ms_max": milliseconds(self.longest_rest),
            "checks": self.checks,
            "snapshots": looks,
            "violations": violations,
        }));
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
