//! When a run may begin, and how a difference stands to the run before.

use super::{days, noon};
use crate::clock::Timestamp;
use crate::ids::ReconciliationId;
use crate::packages::Day;
use crate::reconciliation::Days;
use crate::reconciliation::difference::{Source, Standing};
use crate::reconciliation::rules::{Begin, begin_run, due_days, is_at_work, standing};
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

#[test]
fn a_day_that_was_missed_is_made_up_for_once_there_were_runs_before_it() {
    let day = |text: &str| Day::parse(text).unwrap();
    let run = |from: &str, to: &str, status| {
        let days = Days::try_new(day(from), day(to)).unwrap();
        Run { days, started_at: days.ends_at(), ..earlier(status) }
    };
    // Noon of the 20th in Beijing.
    let now = Days::one(day("2026-06-20")).begins_at() + TimeDelta::hours(12);
    let due = |runs: &[Run]| -> Vec<String> {
        let of_one_day = |days: &Days| days.from() == days.to();
        let due = due_days(runs, now);
        assert!(due.iter().all(of_one_day), "{due:?}");
        due.iter().map(|days| days.from().to_string()).collect()
    };
    let finished = |text: &str| run(text, text, RunStatus::Finished);
    assert_eq!(due(&[]), ["2026-06-19"], "a new installation makes up for nothing");
    assert_eq!(due(&[finished("2026-06-18")]), ["2026-06-19"]);
    assert_eq!(due(&[finished("2026-06-16")]), ["2026-06-17", "2026-06-18", "2026-06-19"]);
    let failed = run("2026-06-17", "2026-06-17", RunStatus::Failed);
    assert_eq!(due(std::slice::from_ref(&failed)), ["2026-06-17", "2026-06-18", "2026-06-19"], "the first of all");
    assert_eq!(due(&[finished("2026-06-18"), failed, finished("2026-06-16")]), ["2026-06-17", "2026-06-19"]);
    // What somebody has compared by hand is not missed; a bill alone is no comparison with the lists.
    assert_eq!(due(&[run("2026-06-16", "2026-06-18", RunStatus::Finished), finished("2026-06-15")]), ["2026-06-19"]);
    let bill = Run { sources: vec![Source::WechatBill], ..finished("2026-06-18") };
    assert_eq!(due(&[bill, finished("2026-06-17")]), ["2026-06-18", "2026-06-19"]);
    // A run that began before the day was over has seen a part of it only.
    let early = finished("2026-06-18");
    let early = Run { started_at: early.started_at - TimeDelta::microseconds(1), ..early };
    assert_eq!(due(&[early, finished("2026-06-17")]), ["2026-06-18", "2026-06-19"]);
    // After a long pause the last week is made up for, with yesterday eight days.
    let all = due(&[finished("2026-05-01")]);
    assert_eq!((all.len(), all[0].as_str()), (8, "2026-06-12"));
}
