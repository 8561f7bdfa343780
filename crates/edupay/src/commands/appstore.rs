//! `edupay appstore …`: trying purchases in the App Store without Apple, and asking what Apple signed.

mod catch_up;
mod check;
mod sign;

use crate::error::Failure;
use crate::settings::{self, Overrides};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum AppStoreCommand {
    /// Makes a root certificate for development, and what signs under it
    DevRoot(sign::DevRootArguments),
    /// Signs a transaction as the App Store does, under the development root
    SignTransaction(sign::TransactionArguments),
    /// Signs a notification as the App Store does, ready to post to /webhooks/app-store
    SignNotification(sign::NotificationArguments),
    /// Verifies a signed text with the settings and prints what it says; exit status 1 if it is refused
    Check(check::CheckArguments),
    /// Asks the App Store's server which notifications it sent, and verifies each; one JSON object a line
    Notifications(check::NotificationsArguments),
    /// Works on what the App Store's server sent and nobody heard; the service does it hourly by itself
    CatchUp(catch_up::CatchUpArguments),
    /// Looks for refunds of the payer of a transaction, and works on what it finds
    Refunds(catch_up::RefundsArguments),
}

pub(super) async fn run(overrides: &Overrides, command: AppStoreCommand) -> Result<ExitCode, Failure> {
    let (settings, _) = settings::load(overrides)?;
    match command {
        AppStoreCommand::DevRoot(arguments) => sign::dev_root(&settings, &arguments)?,
        AppStoreCommand::SignTransaction(arguments) => sign::transaction(&settings, &arguments)?,
        AppStoreCommand::SignNotification(arguments) => sign::notification(&settings, &arguments)?,
        AppStoreCommand::Check(arguments) => return check::run(&settings, &arguments),
        AppStoreCommand::CatchUp(arguments) => return catch_up::run(&settings, &arguments).await,
        AppStoreCommand::Refunds(arguments) => return catch_up::refunds(&settings, &arguments).await,
        AppStoreCommand::Notifications(arguments) => return check::notifications(&settings, &arguments).await,
    }
    Ok(ExitCode::SUCCESS)
}
