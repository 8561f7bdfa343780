//! A benchmark of the money path. It runs the real service beside its database, pays orders as fast
//! as it can, lets the database alone do the same writes, and compares the two within one round.
//! After every run it counts in the database what was acknowledged: a payment that is missing or
//! paid twice fails the program, a figure that misses its target does not.
//!
//! It knows the service from outside only: its command line, its HTTP face and its tables.

#![expect(clippy::float_arithmetic, reason = "rates, ratios and shares are measured, not booked")]

mod error;
mod ledger;
mod load;
mod machine;
mod options;
mod orders;
mod overload;
mod postgres;
mod progress;
mod report;
mod results;
mod seeds;
mod service;
mod sqlite;
mod start;
mod statistics;
mod workspace;

use crate::error::Failure;
use crate::machine::Fact;
use crate::options::{Options, Part, Plan};
use crate::report::Report;
use crate::workspace::Workspace;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            progress::note(format_args!("edupay-bench: {}", failure.line()));
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for in a folder of its own, which is kept when something failed.
fn run(options: &Options) -> Result<(), Failure> {
    let plan = options.plan()?;
    let mut workspace = Workspace::create(options)?;
    let measured = measure(&plan, &workspace);
    if measured.is_err() {
        workspace.keep();
    } else if workspace.is_kept() {
        postgres::hold(&plan)?;
    }
    workspace.close();
    measured
}

/// Measures each part and prints what it gave.
fn measure(plan: &Plan, workspace: &Workspace) -> Result<(), Failure> {
    let mut report = Report::new(facts(plan, workspace)?);
    if plan.has(Part::Postgres) {
        report.add(postgres::measure(plan, workspace)?);
    }
    if plan.has(Part::Sqlite) {
        report.add(sqlite::measure(plan, workspace)?);
    }
    if plan.has(Part::Growth) {
        report.add(postgres::measure_growth(plan, workspace)?);
    }
    if plan.has(Part::Overload) {
        report.set_overload(overload::measure(plan, workspace)?);
    }
    if plan.has(Part::Start) {
        report.set_start(start::measure(plan, workspace)?);
    }
    progress::say(report.render());
    Ok(())
}

/// What the figures depend on.
fn facts(plan: &Plan, workspace: &Workspace) -> Result<Vec<Fact>, Failure> {
    let mut facts = machine::facts();
    if plan.needs_postgres() {
        facts.extend(postgres::facts()?);
    }
    if plan.has(Part::Sqlite) || plan.has(Part::Start) || plan.has(Part::Overload) {
        facts.extend(sqlite::facts(workspace));
    }
    facts.push(("rounds", format!("{} of {} s a run, {} users", plan.rounds, plan.seconds, plan.users)));
    Ok(facts)
}
