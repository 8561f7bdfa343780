//! A fault harness. It runs the real service and the real sandbox beside a real database, lets clients
//! pay and be paid as fast as they are answered, kills, stops, cuts and confuses whatever is asked for,
//! and then compares three things that must agree: what the clients were told, what the gateway knows,
//! and what is in the database.
//!
//! It knows the service from outside only: its command line, its HTTP face and its tables.

mod app_store;
mod checks;
mod database;
mod error;
mod failpoints;
mod faults;
mod history;
mod http;
mod kinds;
mod load;
mod mischief;
mod observer;
mod options;
mod plans;
mod process;
mod proxy;
mod quiescence;
mod random;
mod receiver;
mod report;
mod run;
mod sandbox;
mod say;
mod service;
mod stage;
mod world;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let plans = match options::Options::parse().plans() {
        Ok(plans) => plans,
        Err(objection) => {
            say::note(format_args!("edupay-harness: {objection}"));
            return ExitCode::from(2);
        }
    };
    let mut is_well = true;
    for plan in plans {
        match run::run(&plan) {
            Ok(ended_well) => is_well &= ended_well,
            Err(failure) => {
                say::note(format_args!("edupay-harness: {failure}"));
                return ExitCode::from(2);
            }
        }
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
