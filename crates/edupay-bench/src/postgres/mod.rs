//! On PostgreSQL: the service against pgbench, and a large ledger against a small one.

mod cluster;
mod database;
mod growth;
mod pgbench;
mod seeding;

pub(crate) use cluster::{Cluster, facts, hold};
pub(crate) use database::PostgresLedger;
pub(crate) use growth::measure as measure_growth;

use crate::error::Failure;
use crate::ledger::{self, Ledger, RICH};
use crate::machine::Ticks;
use crate::options::Plan;
use crate::progress::note;
use crate::results::{Database, Mix, Outcome, Round, Who};
use crate::seeds::{Planned, Seeds, chosen, turn};
use crate::service;
use crate::workspace::Workspace;

/// The runs of a round in their order, those to compare beside each other, each with its rate in
/// percent of the fastest that orders are seeded for.
const RUNS: &[(Who, Mix, u32, u64)] = &[
    (Who::Pgbench, Mix::Spread, 1, 40),
    (Who::Service, Mix::Spread, 1, 40),
    (Who::Pgbench, Mix::Spread, 8, 75),
    (Who::Service, Mix::Spread, 4, 75),
    (Who::Pgbench, Mix::Spread, 32, 75),
    (Who::Service, Mix::Spread, 32, 100),
    (Who::Service, Mix::Refusals, 32, 100),
    (Who::Service, Mix::Spread, 64, 100),
    (Who::Pgbench, Mix::Hot, 8, 40),
    (Who::Pgbench, Mix::Hot, 32, 40),
    (Who::Service, Mix::Hot, 32, 100),
];

/// All rounds.
pub(crate) fn measure(plan: &Plan, workspace: &Workspace) -> Result<Vec<Round>, Failure> {
    let cluster = Cluster::find()?;
    let folder = workspace.folder("postgres")?;
    note(format_args!("PostgreSQL: {} users", plan.users));
    let mut ledger = PostgresLedger::create(&cluster, "edupay_bench", &plan.service, &folder)?;
    let mut seeds = Seeds::plant(&mut ledger, plan.users, RICH)?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        note(format_args!("PostgreSQL, round {number} of {}: orders", plan.rounds));
        let mut planned = Vec::new();
        for (run, percent) in chosen(plan, Database::Postgres, RUNS) {
            planned.push(seeds.add(&mut ledger, plan, run, percent)?);
        }
        ledger.tidy()?;
        turn(&mut planned, number);
        let mut round = Round::new();
        for one in &planned {
            let outcome = match one.run.who {
                Who::Pgbench => pgbench_run(plan, &cluster, &mut ledger, one, workspace)?,
                Who::Service | Who::Library(_) => service::measure(plan, &folder, &mut ledger, one, seeds.broke())?,
            };
            note(outcome.line(one.run));
            round.insert(one.run, outcome);
        }
        ledger::verify(&plan.service, ledger.url(), &folder)?;
        rounds.push(round);
    }
    if !workspace.is_kept() {
        ledger.remove(&cluster)?;
    }
    Ok(rounds)
}

fn pgbench_run(
    plan: &Plan,
    cluster: &Cluster,
    ledger: &mut PostgresLedger,
    planned: &Planned,
    workspace: &Workspace,
) -> Result<Outcome, Failure> {
    let folder = workspace.folder("pgbench")?;
    ledger.checkpoint()?;
    let bench = pgbench::Pgbench { program: cluster.pgbench()?, url: ledger.url(), folder: &folder };
    let clients = planned.run.clients;
    let warmed = bench.run(&planned.warm, clients, plan.warm_seconds())?;
    let ticks = Ticks::now();
    let measured = bench.run(&planned.timed, clients, plan.seconds)?;
    let steal = ticks.stolen_since();
    let acknowledged = [(planned.warm, warmed.payments), (planned.timed, measured.payments)];
    ledger::check(ledger, planned.run, &acknowledged)?;
    Ok(Outcome::new(measured.payments, measured.elapsed, measured.latencies, steal))
}
