//! `edupay migrate` and `edupay verify`.

use super::say;
use crate::adapters::SystemClock;
use crate::app;
use crate::error::{Context, Failure};
use crate::settings::{self, Overrides};
use chrono::{SecondsFormat, TimeDelta};
use clap::Args;
use edupay_domain::clock::Clock;
use edupay_domain::ledger::{AuditReport, Breach, LedgerService};
use edupay_domain::recovery::ReviewStore;
use edupay_domain::store::StoreError;
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn migrate(overrides: &Overrides) -> Result<(), Failure> {
    let (settings, _) = settings::load(overrides)?;
    let report = app::open_store(&settings)?.migrate().context("database_url")?;
    say(json!({ "applied": report.applied }));
    Ok(())
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// For how many seconds a thing may be unfinished past the time by which it should be finished
    #[arg(long, value_name = "SECONDS", default_value_t = 2 * 86_400)]
    unfinished_limit: u32,
}

/// How many unfinished things are named at the most.
const MOST: u32 = 100;

pub(super) async fn verify(overrides: &Overrides, arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let (settings, _) = settings::load(overrides)?;
    super::directory::expect_database(&settings)?;
    let store = app::open_checked_store(&settings)?;
    let store = Arc::new(store);
    let mut report = LedgerService::new(store.clone()).audit().await.context("verify")?;
    add_unfinished(&mut report, store.as_ref(), arguments).await.context("verify")?;
    say(rendered(&report));
    Ok(if report.breaches.is_empty() && report.total_fen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Nothing stays unfinished for ever: what a person closed is finished for this.
async fn add_unfinished(
    report: &mut AuditReport,
    store: &dyn ReviewStore,
    arguments: &VerifyArguments,
) -> Result<(), StoreError> {
    const INVARIANT: &str = "nothing_stays_unfinished";
    let now = SystemClock.now();
    let limit = TimeDelta::seconds(i64::from(arguments.unfinished_limit));
    let before = now.checked_sub_signed(limit).unwrap_or(now);
    report.checked.push(INVARIANT);
    report.breaches.extend(store.unfinished_since(before, MOST).await?.into_iter().map(|row| Breach {
        invariant: INVARIANT,
        row: format!("{} {}", row.kind.code(), row.key),
        found: format!("unfinished since {}", row.since.to_rfc3339_opts(SecondsFormat::Secs, true)),
    }));
    Ok(())
}

fn rendered(report: &AuditReport) -> serde_json::Value {
    let breaches = report
        .breaches
        .iter()
        .map(|breach| json!({ "invariant": breach.invariant, "row": breach.row, "found": breach.found }));
    json!({
        "users": report.users,
        "entries": report.entries,
        "postings": report.postings,
        "total_fen": report.total_fen,
        "checked": report.checked,
        "breaches": breaches.collect::<Vec<_>>(),
    })
}
