//! The command line: one file per command.

mod accounts;
mod catalogue;
mod config;
mod database;
mod demo;
mod directory;
mod sandbox;
mod serve;

use crate::error::Failure;
use crate::settings::Overrides;
use clap::{Args, Parser, Subcommand};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// The payment service of an education platform: wallet, ledger, orders and charges.
#[derive(Debug, Parser)]
#[command(name = "edupay", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Common {
    /// A TOML file of settings
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where data and keys lie
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything at once for a first look: new data, the sandbox and the service
    Demo(demo::DemoArguments),
    /// Runs the service
    Serve(serve::ServeArguments),
    /// Runs a look-alike of the Ping++ API with test keys
    Sandbox(sandbox::SandboxArguments),
    /// Brings the database schema up to this program's
    Migrate,
    /// Recomputes the ledger and all invariants; exit status 1 on any breach
    Verify,
    /// Prints every setting with its source, secrets masked
    Config,
    /// Users and balances
    #[command(subcommand)]
    User(accounts::UserCommand),
    /// Tokens
    #[command(subcommand)]
    Token(accounts::TokenCommand),
    /// Courses
    #[command(subcommand)]
    Course(catalogue::CourseCommand),
    /// App Store products
    #[command(subcommand)]
    Product(catalogue::ProductCommand),
}

impl Common {
    fn overrides(&self, listen: Option<SocketAddr>) -> Overrides {
        Overrides { config: self.config.clone(), data_dir: self.data_dir.clone(), listen }
    }
}

/// Runs the command to its end.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let common = arguments.common;
    match arguments.command {
        Command::Demo(demo) => demo::run(&common.overrides(demo.listen), &demo).await?,
        Command::Serve(serve) => serve::run(&common.overrides(serve.listen)).await?,
        Command::Sandbox(sandbox) => sandbox::run(&common.overrides(None), &sandbox).await?,
        Command::Migrate => database::migrate(&common.overrides(None))?,
        Command::Verify => return database::verify(&common.overrides(None)).await,
        Command::Config => config::run(&common.overrides(None))?,
        Command::User(user) => accounts::user(&common.overrides(None), user).await?,
        Command::Token(token) => accounts::token(&common.overrides(None), token).await?,
        Command::Course(course) => catalogue::course(&common.overrides(None), course).await?,
        Command::Product(product) => catalogue::product(&common.overrides(None), product).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one line to standard output. A reader who has gone is no failure.
fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
