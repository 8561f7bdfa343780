//! What is printed: facts of the machine, figures of each run, ratios against their targets.

mod overload;
mod table;
mod targets;

use crate::machine::Fact;
use crate::overload::Overload;
use crate::results::{self, Outcome, Round, Run};
use crate::start::Start;
use crate::statistics::Spread;
use std::collections::BTreeSet;
use table::Table;
use targets::Verdict;

const RUNS_HEAD: &str = "\n## Runs\n\n\
    Median of the rounds (lowest–highest); after the name of a run its count of clients. After each run the \
    database held exactly what was acknowledged. Only payments count in \"per second\", but for the statement page, \
    and not the refusals. CPU is the service's own time for one answer; steal is what the host gave to others.\n\n";
const RATIOS_HEAD: &str = "\n## Targets\n\n\
    A ratio is formed within a round; median of the rounds (lowest–highest). A missed target fails nothing.\n\n";

/// The report, as far as it is known.
pub(crate) struct Report {
    facts: Vec<Fact>,
    rounds: Vec<Round>,
    start: Option<Start>,
    overload: Vec<Overload>,
}

impl Report {
    pub(crate) fn new(facts: Vec<Fact>) -> Self {
        Self { facts, rounds: Vec::new(), start: None, overload: Vec::new() }
    }

    /// The rounds of one more part.
    pub(crate) fn add(&mut self, rounds: Vec<Round>) {
        results::merge(&mut self.rounds, rounds);
    }

    pub(crate) fn set_start(&mut self, start: Start) {
        self.start = Some(start);
    }

    pub(crate) fn set_overload(&mut self, overload: Vec<Overload>) {
        self.overload = overload;
    }

    /// The whole report as Markdown.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        for (name, fact) in &self.facts {
            text.push_str(&format!("- {name}: {fact}\n"));
        }
        if self.rounds.iter().any(|round| !round.is_empty()) {
            text.push_str(RUNS_HEAD);
            text.push_str(&runs(&self.rounds).render());
        }
        if !self.overload.is_empty() {
            text.push_str(overload::HEAD);
            text.push_str(&overload::table(&self.overload).render());
        }
        let verdicts = targets::verdicts(&self.rounds, self.start.as_ref());
        if !verdicts.is_empty() {
            text.push_str(RATIOS_HEAD);
            text.push_str(&ratios(&verdicts).render());
        }
        text
    }
}

/// One line per run.
fn runs(rounds: &[Round]) -> Table {
    let mut table = Table::new(&["run", "per second", "p50 ms", "p99 ms", "CPU µs", "memory MiB (peak)", "steal %"]);
    let known: BTreeSet<Run> = rounds.iter().flat_map(|round| round.keys().copied()).collect();
    for run in known {
        let outcomes: Vec<&Outcome> = rounds.iter().filter_map(|round| round.get(&run)).collect();
        let of = |figure: fn(&Outcome) -> f64| Spread::of(outcomes.iter().map(|outcome| figure(outcome)));
        let cpu = Spread::of(outcomes.iter().filter_map(|outcome| outcome.cpu));
        let memory = outcomes.iter().filter_map(|outcome| outcome.memory);
        let resident = Spread::of(memory.clone().map(|memory| memory.resident));
        let peak = Spread::of(memory.map(|memory| memory.peak));
        let memory = resident.zip(peak).map(|(resident, peak)| format!("{:.0} ({:.0})", resident.median, peak.max));
        table.row(vec![
            run.to_string(),
            spread(of(|outcome| outcome.rate), 0, 1.0),
            spread(of(|outcome| outcome.p50), 2, 1_000.0),
            spread(of(|outcome| outcome.p99), 2, 1_000.0),
            cpu.map_or_else(String::new, |cpu| format!("{:.0}", cpu.median)),
            memory.unwrap_or_default(),
            of(|outcome| outcome.steal)
                .map_or_else(String::new, |steal| format!("{:.1} (to {:.1})", steal.median, steal.max)),
        ]);
    }
    table
}

/// One line per target.
fn ratios(verdicts: &[Verdict]) -> Table {
    let mut table = Table::new(&["what", "measured", "target", ""]);
    for verdict in verdicts {
        table.row(vec![
            verdict.what.to_owned(),
            spread(Some(verdict.measured), verdict.decimals, 1.0),
            verdict.target(),
            if verdict.is_met() { "met" } else { "missed" }.to_owned(),
        ]);
    }
    table
}

/// `median (lowest–highest)`, in units of so much.
fn spread(spread: Option<Spread>, decimals: usize, unit: f64) -> String {
    let Some(Spread { median, min, max }) = spread else { return String::new() };
    let (median, min, max) = (median / unit, min / unit, max / unit);
    if min == max {
        return format!("{median:.decimals$}");
    }
    format!("{median:.decimals$} ({min:.decimals$}–{max:.decimals$})")
}
