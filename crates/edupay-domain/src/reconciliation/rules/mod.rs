//! What is the same and what is not: pure functions of two sides.

mod bill;
mod gateway;
mod payments;
mod refunds;

pub use bill::{BillMatching, Lookup};
pub use gateway::GatewayMatching;

use super::days::Days;
use super::difference::{Action, Difference, DifferenceKind, Source, Standing, Thing};
use super::run::{BeginRun, Run, RunStatus};
use crate::clock::Timestamp;
use crate::packages::Day;
use chrono::TimeDelta;
use std::iter;

/// After this long without a move a running run is taken for dead.
const DEAD: TimeDelta = TimeDelta::hours(1);
/// After this long a failed daily run is tried again.
const TRY_AGAIN: TimeDelta = TimeDelta::minutes(30);

/// Whether a run may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// It may.
    Granted,
    /// Its daily run is done, or somebody works on it.
    Denied,
}

/// Whether somebody works on a run. One that stands still for an hour was left by whoever did.
#[must_use]
pub(super) fn is_at_work(run: &Run, at: Timestamp) -> bool {
    run.status == RunStatus::Running && at.signed_duration_since(run.touched_at) < DEAD
}

/// A daily run begins once for its days; again when the one before failed a while ago, or was left by
/// whoever worked on it. Any other run may begin.
#[must_use]
pub fn begin_run(command: &BeginRun, daily: Option<&Run>) -> Begin {
    let Some(daily) = daily else { return Begin::Granted };
    let idle = command.at.signed_duration_since(daily.touched_at);
    match daily.status {
        RunStatus::Running if idle >= DEAD => Begin::Granted,
        RunStatus::Failed if idle >= TRY_AGAIN => Begin::Granted,
        RunStatus::Running | RunStatus::Failed | RunStatus::Finished => Begin::Denied,
    }
}

/// How far back a day is made up for that no daily run has finished.
const MADE_UP: usize = 7;

/// The days whose daily run is due, the oldest first: yesterday, and those of the week before that have no
/// finished run against the gateway's lists that began after they had ended, although there are runs of them or of
/// earlier days. So an outage that lasts beyond midnight leaves no day out, the very first one neither, and a new
/// installation makes up for nothing.
#[must_use]
pub(super) fn due_days(runs: &[Run], now: Timestamp) -> Vec<Days> {
    let yesterday = Days::yesterday(now);
    let compared: Vec<_> = runs.iter().filter(|run| run.sources.contains(&Source::Gateway)).collect();
    // One that began on the day itself has seen a part of it.
    let covers = |run: &Run, day: Day| {
        run.days.from() <= day && day <= run.days.to() && Days::one(day).ends_at() <= run.started_at
    };
    let is_missed = |day: &Day| {
        let has_begun = compared.iter().any(|run| run.days.from() <= *day);
        has_begun && !compared.iter().any(|run| run.status == RunStatus::Finished && covers(run, *day))
    };
    let before = iter::successors(yesterday.from().previous(), |day| day.previous()).take(MADE_UP);
    let mut due: Vec<_> = before.filter(is_missed).map(Days::one).collect();
    due.reverse();
    due.push(yesterday);
    due
}

/// How a difference stands to the run before: `known` says whether that one had it.
#[must_use]
pub fn standing(known: Option<bool>) -> Standing {
    match known {
        Some(true) => Standing::Still,
        Some(false) | None => Standing::New,
    }
}

/// The parts of a difference that say what it is about.
#[derive(Clone, Copy)]
struct About<'a> {
    source: Source,
    thing: Thing,
    name: &'a str,
    number: Option<&'a str>,
}

impl About<'_> {
    fn differs(
        self,
        kind: DifferenceKind,
        field: &str,
        (ours, theirs): (Option<String>, Option<String>),
        action: Action,
    ) -> Difference {
        Difference {
            source: self.source,
            thing: self.thing,
            kind,
            field: clipped(field),
            name: clipped(self.name),
            gateway_order_no: self.number.filter(|number| !number.is_empty()).map(clipped),
            charge_id: None,
            refund_id: None,
            ours: ours.map(|value| clipped(&value)),
            theirs: theirs.map(|value| clipped(&value)),
            action,
        }
    }
}

/// What others write is kept up to a length, and without what no text should have.
fn clipped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(Difference::MAX_TEXT).collect()
}
