//! When a run may begin, and how a difference stands to the run before.

use super::{days, noon};
use crate::clock::Timestamp;
use crate::ids::ReconciliationId;
use crate::reconciliation::difference::{Source, Standing};
use crate::reconciliation::rules::{Begin, begin_run, is_at_work, standing};
use crate::reconciliation::run::{BeginRun, Counts, Daily, Run, RunStatus};
use chrono::TimeDelta;

fn command(at: Timestamp) -> BeginRun {
    BeginRun { days: days(), sources: vec![Source::Gateway], started_by: None, daily: Daily::Yes, at }
}

fn earlier(status: RunStatus) -> Run {
    Run {
        id: ReconciliationId::try_new(1).unwrap(),
        days: days(),
        sources: vec![Source::Gateway],
        status,
        failure: None,
        started_by: None,
        previous: None,
        started_at: noon(),
        touched_at: noon(),
        finished_at: None,
        counts: Counts::default(),
    }
}

#[test]
fn a_daily_run_begins_once_and_again_when_the_one_before_is_dead_or_failed() {
    for (daily, minutes, begin) in [
        (None, 0, Begin::Granted),
        (Some(RunStatus::Finished), 10_000, Begin::Denied),
        (Some(RunStatus::Running), 59, Begin::Denied),
        (Some(RunStatus::Running), 60, Begin::Granted),
        (Some(RunStatus::Failed), 29, Begin::Denied),
        (Some(RunStatus::Failed), 30, Begin::Granted),
    ] {
        let daily = daily.map(earlier);
        let at = noon() + TimeDelta::minutes(minutes);
        assert_eq!(begin_run(&command(at), daily.as_ref()), begin, "{daily:?} {minutes}");
    }
}

#[test]
fn a_run_that_stands_still_for_an_hour_was_left() {
    for (status, minutes, at_work) in [
        (RunStatus::Running, 59, true),
        (RunStatus::Running, 60, false),
        (RunStatus::Finished, 0, false),
        (RunStatus::Failed, 0, false),
    ] {
        assert_eq!(is_at_work(&earlier(status), noon() + TimeDelta::minutes(minutes)), at_work, "{status:?} {minutes}");
    }
}

#[test]
fn a_difference_is_new_until_the_run_before_had_it() {
    assert_eq!(standing(None), Standing::New);
    assert_eq!(standing(Some(false)), Standing::New);
    assert_eq!(standing(Some(true)), Standing::Still);
}
