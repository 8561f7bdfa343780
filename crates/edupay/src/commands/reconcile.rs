//! `edupay reconcile`: what was booked against what the gateway and bill files tell.

mod output;
mod progress;

use super::accounts::tool;
use crate::error::{Context, Failure};
use crate::settings::Overrides;
use clap::Args;
use edupay_domain::packages::Day;
use edupay_domain::reconciliation::{
    Bill, BillError, BillKind, Daily, Days, Progress, ReconciliationService, Repaired, Run, Source, WantedRun,
};
use output::Output;
use progress::Bar;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Both sides say the same.
const SAME: u8 = 0;
/// Something differs.
const DIFFERENT: u8 = 1;
/// It could not be found out.
const NOT_DONE: u8 = 2;

#[derive(Debug, Args)]
pub(crate) struct ReconcileArguments {
    /// The first day, by Beijing's calendar; yesterday if nothing is said
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    from: Option<Day>,
    /// The last day, which is included; the first day if nothing is said
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_day)]
    to: Option<Day>,
    /// A bill of transactions of WeChat (CSV, also gzipped or in a zip); may be given several times
    #[arg(long, value_name = "FILE")]
    wechat_bill: Vec<PathBuf>,
    /// A list of transactions or of movements of Alipay (CSV in GBK or UTF-8, also in a zip); may be given several
    /// times
    #[arg(long, value_name = "FILE")]
    alipay_bill: Vec<PathBuf>,
    /// Compares the bill files only, and not the gateway's lists
    #[arg(long, conflicts_with = "repair")]
    bills_only: bool,
    /// Asks the gateway for what is missing here and books its answer, as a callback would; marks the rest for a
    /// person
    #[arg(long)]
    repair: bool,
    /// Writes the differences as a CSV file for spreadsheets
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Writes the run and its differences as JSON; - is standard output
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
}

fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "a day is written as 2026-11-28".to_owned())
}

/// A failure is told here, since its exit status is another one than that of differences.
pub(super) async fn run(overrides: &Overrides, arguments: ReconcileArguments) -> ExitCode {
    match reconcile(overrides, &arguments).await {
        Ok(0) => ExitCode::from(SAME),
        Ok(_) => ExitCode::from(DIFFERENT),
        Err(failure) => {
            failure.print();
            ExitCode::from(NOT_DONE)
        }
    }
}

/// How many differences there were.
async fn reconcile(overrides: &Overrides, arguments: &ReconcileArguments) -> Result<u64, Failure> {
    let (_, services) = tool(overrides).await?;
    let service = services.reconciliation;
    let days = Days::named(arguments.from, arguments.to).map_err(|error| Failure::setting("--from, --to", error))?;
    let bills = bills(&service, arguments).await?;
    let mut sources: Vec<_> = bills.iter().map(|(kind, _)| kind.source()).collect();
    if !arguments.bills_only {
        sources.push(Source::Gateway);
    }
    if sources.is_empty() {
        return Err(Failure::setting("--bills-only", "there is no bill file to compare with"));
    }
    // Before the work: a file that can't be written must not cost it.
    let output = Output::open(arguments.csv.as_deref(), arguments.json.as_deref())?;
    let wanted = WantedRun { days, sources, started_by: None, daily: Daily::No };
    let run = service.begin(&wanted).await.context("reconcile")?;
    let run = run.ok_or_else(|| Failure::new("reconcile: somebody else has this run"))?;
    let bar = Bar::new();
    let run = service.carry_out(run, bills, &bar).await.context("reconcile")?;
    let repaired = if arguments.repair { Some(repair(&service, &run, &bar).await?) } else { None };
    bar.finish();
    output.write(&service, &run, repaired).await?;
    Ok(run.counts.differences)
}

async fn repair(service: &ReconciliationService, run: &Run, progress: &dyn Progress) -> Result<Repaired, Failure> {
    service.repair(run.id, progress).await.context("reconcile --repair")
}

async fn bills(
    service: &ReconciliationService,
    arguments: &ReconcileArguments,
) -> Result<Vec<(BillKind, Bill)>, Failure> {
    let wechat = arguments.wechat_bill.iter().map(|file| (BillKind::Wechat, file));
    let alipay = arguments.alipay_bill.iter().map(|file| (BillKind::Alipay, file));
    let mut bills: Vec<(BillKind, Bill)> = Vec::new();
    for (kind, file) in wechat.chain(alipay) {
        let name = file.display().to_string();
        let bill = service.read_bill(kind, content(file)?).await.context(&name)?;
        // Several files of one kind are one bill: a month comes in days.
        match bills.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, all)) => {
                all.payments.extend(bill.payments);
                all.refunds.extend(bill.refunds);
                all.faults.extend(bill.faults);
            }
            None => bills.push((kind, bill)),
        }
    }
    Ok(bills)
}

/// No more than a bill may have.
fn content(file: &Path) -> Result<Vec<u8>, Failure> {
    let name = file.display().to_string();
    let limit = u64::try_from(BillError::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(file).context(&name)?.take(limit).read_to_end(&mut bytes).context(&name)?;
    Ok(bytes)
}
