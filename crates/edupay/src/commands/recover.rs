//! `edupay recover`: whatever is unfinished, worked on until nothing is due.

use super::accounts::tool;
use super::say;
use crate::error::{Context, Failure};
use crate::settings::{Overrides, Settings};
use chrono::TimeDelta;
use clap::Args;
use edupay_domain::recovery::{KindReport, ReviewKind, RunLimits, RunReport};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(crate) struct RecoverArguments {
    /// The most things of each kind
    #[arg(long, default_value_t = 10_000)]
    limit: u32,
    /// The longest time, in seconds
    #[arg(long, default_value_t = 600)]
    seconds: u32,
}

/// It may run beside the service: each thing is taken under a lease.
pub(super) async fn run(overrides: &Overrides, arguments: &RecoverArguments) -> Result<ExitCode, Failure> {
    let (settings, services) = tool(overrides).await?;
    expect_gateway(&settings)?;
    let limits = RunLimits { most: arguments.limit, time: TimeDelta::seconds(i64::from(arguments.seconds)) };
    let report = services.recovery.run(limits).await.context("recover")?;
    let failed = report.kinds.iter().any(|kind| !kind.round.failed.is_empty());
    say(rendered(&report));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Without a gateway nothing could be found out.
pub(super) fn expect_gateway(settings: &Settings) -> Result<(), Failure> {
    match settings.pingpp.api_key.reveal().is_empty() {
        true => Err(Failure::setting("pingpp.api_key", "it is needed to ask the gateway")),
        false => Ok(()),
    }
}

fn rendered(report: &RunReport) -> Value {
    let kinds: Map<String, Value> = report.kinds.iter().map(|kind| (kind.kind.code().to_owned(), of(kind))).collect();
    let waiting = |kind: ReviewKind| {
        let count = report.review.iter().find(|count| count.kind == kind).map_or(0, |count| count.count);
        (kind.code().to_owned(), Value::from(count))
    };
    let waiting: Map<String, Value> = ReviewKind::ALL.into_iter().map(waiting).collect();
    json!({ "kinds": kinds, "for_a_person": waiting })
}

fn of(kind: &KindReport) -> Value {
    let failed = kind.round.failed.iter();
    let failed: Vec<_> =
        failed.map(|failure| json!({ "name": failure.name, "error": failure.error.to_string() })).collect();
    json!({
        "taken": kind.round.taken,
        "done": kind.round.done,
        "failed": failed,
        "left": kind.left,
        "gateway_out_of_reach": kind.round.outage.is_certain(),
    })
}
