//! What is unfinished, and running what finishes it: for staff.

use crate::extract::Staff;
use crate::failure::Failure;
use crate::services::State;
use crate::wire::time;
use actix_web::web::{Data, Json};
use chrono::TimeDelta;
use edupay_domain::clock::Timestamp;
use edupay_domain::recovery::{KindReport, Overview, ReviewCount, ReviewKind, RunLimits, RunReport, WorkKind};
use serde::Serialize;
use utoipa::ToSchema;

/// What one call may do: little enough to answer while its caller waits.
const LIMITS: RunLimits = RunLimits { most: 200, time: TimeDelta::seconds(8) };

/// What is unfinished, and what waits for a person.
#[derive(Serialize, ToSchema)]
#[schema(as = Recovery)]
pub(crate) struct OverviewView {
    /// What the background work finishes, by kind.
    unfinished: Vec<UnfinishedView>,
    /// What waits for a person, by kind: the list at `/v1/review`.
    for_a_person: Vec<WaitingView>,
}

/// How much of one kind is unfinished.
#[derive(Serialize, ToSchema)]
#[schema(as = Unfinished)]
pub(crate) struct UnfinishedView {
    /// `callbacks`, `notifications`, `charges`, `orders`, `purchases`, `receipts` or `refunds`.
    #[schema(example = "charges")]
    kind: &'static str,
    /// How many there are. Charges that may still be paid in their time are among them.
    count: u64,
    /// How many of them are due now.
    due: u64,
    /// When the oldest of them began.
    oldest: Option<String>,
    /// How old it is, in seconds.
    oldest_age_seconds: Option<i64>,
}

/// How much of one kind waits for a person.
#[derive(Serialize, ToSchema)]
#[schema(as = Waiting)]
pub(crate) struct WaitingView {
    /// `callback`, `charge`, `notification`, `period`, `receipt` or `refund`.
    #[schema(example = "receipt")]
    kind: &'static str,
    /// How many there are.
    count: u64,
    /// Since when the oldest of them waits.
    oldest: Option<String>,
    /// For how long, in seconds.
    oldest_age_seconds: Option<i64>,
}

/// What a run did.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryRun)]
pub(crate) struct RunView {
    /// By kind.
    kinds: Vec<KindView>,
    /// What waits for a person after it.
    for_a_person: Vec<WaitingView>,
}

/// What a run did about one kind.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryOfKind)]
pub(crate) struct KindView {
    /// The kind.
    #[schema(example = "charges")]
    kind: &'static str,
    /// How many were due and worked on.
    taken: u32,
    /// How many moved on.
    done: u32,
    /// How many could not be done now; each is tried again.
    failed: usize,
    /// How many are unfinished after it.
    left: u64,
    /// Whether the gateway was out of reach, so that the rest stays due.
    gateway_out_of_reach: bool,
}

fn age(now: Timestamp, since: Option<Timestamp>) -> Option<i64> {
    since.map(|since| now.signed_duration_since(since).num_seconds().max(0))
}

fn waiting(counts: &[ReviewCount], now: Timestamp) -> Vec<WaitingView> {
    let view = |kind: ReviewKind| {
        let found = counts.iter().find(|count| count.kind == kind);
        let oldest = found.and_then(|count| count.oldest);
        WaitingView {
            kind: kind.code(),
            count: found.map_or(0, |count| count.count),
            oldest: oldest.map(time),
            oldest_age_seconds: age(now, oldest),
        }
    };
    ReviewKind::ALL.into_iter().map(view).collect()
}

impl OverviewView {
    fn new(overview: &Overview, now: Timestamp) -> Self {
        let view = |kind: WorkKind| {
            let found = overview.unfinished.iter().find(|count| count.kind == kind);
            let oldest = found.and_then(|count| count.oldest);
            UnfinishedView {
                kind: kind.code(),
                count: found.map_or(0, |count| count.count),
                due: found.map_or(0, |count| count.due),
                oldest: oldest.map(time),
                oldest_age_seconds: age(now, oldest),
            }
        };
        let unfinished = WorkKind::ALL.into_iter().map(view).collect();
        Self { unfinished, for_a_person: waiting(&overview.review, now) }
    }
}

impl From<KindReport> for KindView {
    fn from(report: KindReport) -> Self {
        let KindReport { kind, round, left } = report;
        Self {
            kind: kind.code(),
            taken: round.taken,
            done: round.done,
            failed: round.failed.len(),
            left,
            gateway_out_of_reach: round.outage.is_certain(),
        }
    }
}

/// Tells what is unfinished and what waits for a person. Staff only.
#[utoipa::path(
    get, path = "/v1/recovery", operation_id = "show_recovery", tag = "staff", security(("token" = [])),
    responses((status = 200, body = OverviewView, description = "Counts by kind, with the age of the oldest"))
)]
pub(crate) async fn show_recovery(state: Data<State>, _: Staff) -> Result<Json<OverviewView>, Failure> {
    let recovery = &state.services.recovery;
    let overview = recovery.overview().await?;
    Ok(Json(OverviewView::new(&overview, recovery.now())))
}

/// Works on everything that is due, for some seconds at the most, and tells what came of it. The service does
/// the same by itself; a repeat does what is due then. Staff only.
#[utoipa::path(
    post, path = "/v1/recovery/runs", operation_id = "run_recovery", tag = "staff", security(("token" = [])),
    responses((status = 200, body = RunView, description = "What was done, by kind"))
)]
pub(crate) async fn run_recovery(state: Data<State>, _: Staff) -> Result<Json<RunView>, Failure> {
    let recovery = state.services.recovery.clone();
    let RunReport { kinds, review } = recovery.run(LIMITS).await?;
    let for_a_person = waiting(&review, recovery.now());
    Ok(Json(RunView { kinds: kinds.into_iter().map(KindView::from).collect(), for_a_person }))
}
