//! The program at rest: its size, and how long it takes from its start on a new SQLite file until
//! it is ready.

use crate::error::{Context, Failure};
use crate::options::Plan;
use crate::progress::note;
use crate::service::Service;
use crate::statistics::Spread;
use crate::workspace::Workspace;
use std::time::Instant;

/// How often it is started.
const STARTS: usize = 5;

/// Size and start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// In bytes.
    pub(crate) size: u64,
    /// In milliseconds.
    pub(crate) cold: Spread,
}

/// Starts the service a few times, each time on a new file.
pub(crate) fn measure(plan: &Plan, workspace: &Workspace) -> Result<Start, Failure> {
    note("Start and size");
    let size = std::fs::metadata(&plan.service).context("the service's program can't be read")?.len();
    let mut times = Vec::new();
    for number in 0..STARTS {
        let folder = workspace.folder(&format!("start-{number}"))?;
        let url = format!("sqlite://{}", folder.join("edupay.db").display());
        let since = Instant::now();
        let service = Service::start(&plan.service, &url, &folder)?;
        times.push(since.elapsed().as_secs_f64() * 1_000.0);
        drop(service);
    }
    let cold = Spread::of(times).ok_or_else(|| Failure::new("no start was timed"))?;
    Ok(Start { size, cold })
}
