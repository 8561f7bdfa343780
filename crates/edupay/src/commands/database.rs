//! `edupay migrate` and `edupay verify`.

use super::say;
use crate::app;
use crate::error::{Context, Failure};
use crate::settings::{self, Overrides};
use edupay_domain::ledger::{AuditReport, LedgerService};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) fn migrate(overrides: &Overrides) -> Result<(), Failure> {
    let (settings, _) = settings::load(overrides)?;
    let report = app::open_store(&settings)?.migrate().context("database_url")?;
    say(json!({ "applied": report.applied }));
    Ok(())
}

pub(super) async fn verify(overrides: &Overrides) -> Result<ExitCode, Failure> {
    let (settings, _) = settings::load(overrides)?;
    super::directory::expect_database(&settings)?;
    let store = app::open_checked_store(&settings)?;
    let report = LedgerService::new(Arc::new(store)).audit().await.context("verify")?;
    say(rendered(&report));
    Ok(if report.breaches.is_empty() && report.total_fen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
