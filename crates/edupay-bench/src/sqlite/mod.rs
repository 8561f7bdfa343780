//! On SQLite: the service against SQLite's own library, on files of the same disk.

mod database;
mod library;
mod seeding;

use crate::error::Failure;
use crate::ledger::{self, Ledger, RICH};
use crate::machine::{Fact, Ticks, file_system};
use crate::options::Plan;
use crate::progress::note;
use crate::results::{Database, Mix, Outcome, Round, Who};
use crate::seeds::{Planned, Seeds, chosen, turn};
use crate::service;
use crate::workspace::Workspace;
pub(crate) use database::SqliteLedger;

/// The runs of a round in their order, each with its rate in percent of the fastest that orders are
/// seeded for.
const RUNS: &[(Who, Mix, u32, u64)] = &[
    (Who::Library(1), Mix::Spread, 1, 60),
    (Who::Service, Mix::Spread, 1, 40),
    (Who::Service, Mix::Spread, 4, 60),
    (Who::Service, Mix::Spread, 32, 100),
    (Who::Library(64), Mix::Spread, 1, 100),
    (Who::Service, Mix::Spread, 64, 100),
];

/// All rounds.
pub(crate) fn measure(plan: &Plan, workspace: &Workspace) -> Result<Vec<Round>, Failure> {
    let folder = workspace.folder("sqlite")?;
    note(format_args!("SQLite: {} users", plan.users));
    let mut ledger = SqliteLedger::create(&plan.service, &folder)?;
    let mut seeds = Seeds::plant(&mut ledger, plan.users, RICH)?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        note(format_args!("SQLite, round {number} of {}: orders", plan.rounds));
        let mut planned = Vec::new();
        for (run, percent) in chosen(plan, Database::Sqlite, RUNS) {
            planned.push(seeds.add(&mut ledger, plan, run, percent)?);
        }
        ledger.tidy()?;
        turn(&mut planned, number);
        let mut round = Round::new();
        for one in &planned {
            let outcome = match one.run.who {
                Who::Library(batch) => library_run(plan, &mut ledger, one, batch)?,
                Who::Service | Who::Pgbench => service::measure(plan, &folder, &mut ledger, one, seeds.broke())?,
            };
            note(outcome.line(one.run));
            round.insert(one.run, outcome);
        }
        ledger::verify(&plan.service, ledger.url(), &folder)?;
        rounds.push(round);
    }
    Ok(rounds)
}

/// Which library, and where its files lie.
pub(crate) fn facts(workspace: &Workspace) -> Vec<Fact> {
    let kind = file_system(workspace.path());
    vec![("SQLite", rusqlite::version().to_owned()), ("SQLite's files", kind)]
}

fn library_run(plan: &Plan, ledger: &mut SqliteLedger, planned: &Planned, batch: u32) -> Result<Outcome, Failure> {
    ledger.checkpoint()?;
    let mut library = ledger.library()?;
    let warmed = library.pay(&planned.warm, batch, plan.warm_seconds())?;
    let ticks = Ticks::now();
    let measured = library.pay(&planned.timed, batch, plan.seconds)?;
    let steal = ticks.stolen_since();
    drop(library);
    let acknowledged = [(planned.warm, warmed.payments), (planned.timed, measured.payments)];
    ledger::check(ledger, planned.run, &acknowledged)?;
    Ok(Outcome::new(measured.payments, measured.elapsed, measured.latencies, steal))
}
