//! A large ledger against a small one: the same payments and the same page on both, in turns.

use super::cluster::Cluster;
use super::database::PostgresLedger;
use crate::error::Failure;
use crate::ledger::{self, Ledger, Wealth};
use crate::options::Plan;
use crate::progress::note;
use crate::results::{Database, Mix, Round, Run, Who};
use crate::seeds::Seeds;
use crate::service;
use crate::workspace::Workspace;

/// Few enough that each has a full page of entries in the small ledger too.
const USERS: u64 = 5_000;
/// Ten thousand yuan in each entry.
const FEN_PER_ENTRY: u64 = 1_000_000;
/// In percent of the fastest rate.
const RUNS: [(Mix, u32, u64); 2] = [(Mix::Spread, 32, 100), (Mix::Statement, 1, 100)];

struct Side {
    database: Database,
    ledger: PostgresLedger,
    seeds: Seeds,
}

/// All rounds.
pub(crate) fn measure(plan: &Plan, workspace: &Workspace) -> Result<Vec<Round>, Failure> {
    let cluster = Cluster::find()?;
    let folder = workspace.folder("growth")?;
    let mut sides = Vec::new();
    for (database, name, entries) in [
        (Database::SmallLedger, "edupay_bench_small", plan.small_entries),
        (Database::LargeLedger, "edupay_bench_large", plan.large_entries),
    ] {
        note(format_args!("Growth: {entries} entries of {USERS} users"));
        let mut ledger = PostgresLedger::create(&cluster, name, &plan.service, &folder)?;
        let wealth = Wealth { entries: entries.div_euclid(USERS), fen_per_entry: FEN_PER_ENTRY };
        let seeds = Seeds::plant(&mut ledger, USERS, wealth)?;
        ledger.tidy()?;
        sides.push(Side { database, ledger, seeds });
    }
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        note(format_args!("Growth, round {number} of {}: orders", plan.rounds));
        rounds.push(round(plan, &folder, &mut sides)?);
        // Neither is always the first.
        sides.reverse();
    }
    if !workspace.is_kept() {
        for side in sides {
            side.ledger.remove(&cluster)?;
        }
    }
    Ok(rounds)
}

/// Each run on one ledger and then on the other.
fn round(plan: &Plan, folder: &std::path::Path, sides: &mut [Side]) -> Result<Round, Failure> {
    let mut planned = Vec::new();
    for (mix, clients, percent) in RUNS {
        for (index, side) in sides.iter_mut().enumerate() {
            let run = Run::new(side.database, Who::Service, mix, clients);
            planned.push((index, side.seeds.add(&mut side.ledger, plan, run, percent)?));
        }
    }
    for side in sides.iter_mut() {
        side.ledger.tidy()?;
    }
    let mut round = Round::new();
    for (index, one) in &planned {
        let Some(side) = sides.get_mut(*index) else { continue };
        let outcome = service::measure(plan, folder, &mut side.ledger, one, side.seeds.broke())?;
        note(outcome.line(one.run));
        round.insert(one.run, outcome);
    }
    for side in sides {
        ledger::verify(&plan.service, side.ledger.url(), folder)?;
    }
    Ok(round)
}
