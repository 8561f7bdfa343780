//! What the App Store's server has signed while nobody listened, worked on.

use crate::adapters::SystemClock;
use crate::app;
use crate::app_store;
use crate::commands::say;
use crate::error::{Context, Failure};
use crate::settings::Settings;
use chrono::TimeDelta;
use clap::Args;
use edupay_domain::app_store::{AppStoreService, StoreEnvironment, TransactionKey};
use edupay_domain::clock::Clock;
use edupay_domain::ids::TransactionId;
use edupay_domain::payments::Round;
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct CatchUpArguments {
    /// Of how many hours; without it from where the last run ended, or 30 days
    #[arg(long)]
    hours: Option<u32>,
    /// The sandbox's, where production is configured
    #[arg(long)]
    sandbox: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RefundsArguments {
    /// Any transaction of the payer
    transaction_id: String,
    /// The sandbox's, where production is configured
    #[arg(long)]
    sandbox: bool,
}

pub(super) async fn run(settings: &Settings, arguments: &CatchUpArguments) -> Result<ExitCode, Failure> {
    let from = match arguments.hours {
        Some(hours) => {
            let from = SystemClock.now().checked_sub_signed(TimeDelta::hours(i64::from(hours)));
            Some(from.ok_or_else(|| Failure::setting("--hours", "too many"))?)
        }
        None => None,
    };
    let round = service(settings)?.catch_up(environment(settings, arguments.sandbox), from).await;
    Ok(tell(&round.context("appstore")?))
}

pub(super) async fn refunds(settings: &Settings, arguments: &RefundsArguments) -> Result<ExitCode, Failure> {
    let id = TransactionId::parse(&arguments.transaction_id);
    let id = id.map_err(|error| Failure::setting("TRANSACTION_ID", error))?;
    let key = TransactionKey { environment: environment(settings, arguments.sandbox), id };
    Ok(tell(&service(settings)?.look_for_refunds(&key).await.context("appstore")?))
}

fn service(settings: &Settings) -> Result<AppStoreService, Failure> {
    let store = app::open_checked_store(settings)?;
    Ok(app::services(settings, &store)?.app_store)
}

fn environment(settings: &Settings, sandbox: bool) -> StoreEnvironment {
    if sandbox { StoreEnvironment::Sandbox } else { app_store::environment(settings) }
}

/// How many were worked on, and why others were not.
fn tell(round: &Round) -> ExitCode {
    let failed: Vec<String> = round.failed.iter().map(|failure| failure.error.to_string()).collect();
    say(json!({ "done": round.done, "failed": failed }));
    if round.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
