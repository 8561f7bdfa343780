//! The command line: one file per command.

mod accounts;
mod appstore;
mod catalogue;
mod config;
mod database;
mod demo;
mod directory;
mod export;
mod import;
mod packages;
mod reconcile;
mod recover;
mod review;
mod sandbox;
mod schools;
mod serve;
mod students;
mod webhook;

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
    Verify(database::VerifyArguments),
    /// Works on whatever is unfinished until nothing is due, and prints what came of it
    Recover(recover::RecoverArguments),
    /// What waits for a person, and decisions on it
    #[command(subcommand)]
    Review(review::ReviewCommand),
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
    /// Purchases in the App Store: tried without Apple, and checked
    #[command(subcommand)]
    Appstore(appstore::AppStoreCommand),
    /// Schools
    #[command(subcommand)]
    School(schools::SchoolCommand),
    /// Students, their cards and guardians
    #[command(subcommand)]
    Student(students::StudentCommand),
    /// Projects: what packages are sold of
    #[command(subcommand)]
    Project(schools::ProjectCommand),
    /// Campus-card and SMS packages
    #[command(subcommand)]
    Package(packages::PackageCommand),
    /// Endpoints that events are sent to
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Compares what was booked with what the gateway and bill files tell; exit status 1 on differences, 2 when it
    /// could not be done
    Reconcile(reconcile::ReconcileArguments),
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
        Command::Verify(verify) => return database::verify(&common.overrides(None), &verify).await,
        Command::Recover(recover) => return recover::run(&common.overrides(None), &recover).await,
        Command::Review(review) => review::run(&common.overrides(None), review).await?,
        Command::Config => config::run(&common.overrides(None))?,
        Command::User(user) => accounts::user(&common.overrides(None), user).await?,
        Command::Token(token) => accounts::token(&common.overrides(None), token).await?,
        Command::Course(course) => catalogue::course(&common.overrides(None), course).await?,
        Command::Product(product) => catalogue::product(&common.overrides(None), product).await?,
        Command::Appstore(appstore) => return appstore::run(&common.overrides(None), appstore).await,
        Command::School(school) => schools::school(&common.overrides(None), school).await?,
        Command::Student(student) => return students::run(&common.overrides(None), student).await,
        Command::Project(project) => schools::project(&common.overrides(None), project).await?,
        Command::Webhook(webhook) => webhook::run(&common.overrides(None), webhook).await?,
        Command::Package(package) => return packages::run(&common.overrides(None), package).await,
        Command::Reconcile(reconcile) => return Ok(reconcile::run(&common.overrides(None), reconcile).await),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes one line to standard output. A reader who has gone is no failure.
fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
