//! The payment service: reads the settings, wires adapters to services, runs the command.

mod adapters;
mod app;
mod app_store;
mod commands;
mod demo_campus;
mod demo_data;
mod error;
mod gateway;
mod hasty_gateway;
mod logs;
mod operations;
mod prices;
mod settings;
mod signals;
mod webhooks;
mod worker;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    match actix_web::rt::System::new().block_on(commands::run(arguments)) {
        Ok(code) => code,
        Err(error) => {
            error.print();
            ExitCode::FAILURE
        }
    }
}
