//! A run: rounds of a fault under load, and looks at everything in between.

use crate::checks::{Known, Seen, Violation, check_all, check_log};
use crate::error::{Doing, Failure};
use crate::failpoints;
use crate::faults::strike;
use crate::kinds::Fault;
use crate::observer::Observer;
use crate::options::Plan;
use crate::quiescence::{Rest, come_to_rest};
use crate::random::Random;
use crate::report::Report;
use crate::say::note;
use crate::stage::Stage;
use std::path::PathBuf;
use std::time::Duration;

/// How long the clients have to finish what they began.
const HOLD: Duration = Duration::from_secs(120);
/// More rounds than this are not added to reach a number of operations.
const MOST_ROUNDS: u32 = 100_000;

/// Does it all; whether it ended as it should.
pub(crate) fn run(plan: &Plan) -> Result<bool, Failure> {
    note(format_args!("seed {}", plan.seed));
    let mut random = Random::new(plan.seed);
    let folder = folder(plan)?;
    std::fs::write(folder.join("again.txt"), format!("{}\n", plan.again())).doing("again.txt")?;
    let mut stage = Stage::set(plan, &folder, &mut random)?;
    let mut report = Report::new();
    let rounds = rounds(plan, &mut stage, &mut report, &mut random);
    stage.shared.gate.close();
    let is_well = report.is_well();
    if let Some(bug) = plan.planted {
        note(match is_well {
            true => format!("{bug} was NOT caught"),
            false => format!("{bug} was caught by {}", report.broken()),
        });
    }
    let as_it_should = is_well == plan.planted.is_none();
    if plan.options.keep.is_some() || rounds.is_err() || (!as_it_should && plan.planted.is_none()) {
        note(format_args!("kept in {}", stage.keep().join(" and ")));
        note(format_args!("again: {}", plan.again()));
    } else {
        let _ = std::fs::remove_dir_all(&folder);
    }
    let (rounds, looks) = rounds?;
    report.finish(plan, rounds, stage.shared.history.counts(), looks)?;
    Ok(as_it_should)
}

fn folder(plan: &Plan) -> Result<PathBuf, Failure> {
    match &plan.options.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).doing("--keep")?;
            folder.canonicalize().doing("--keep")
        }
        None => Ok(tempfile::Builder::new().prefix("edupay-harness-").tempdir().doing("no folder")?.keep()),
    }
}

/// How many rounds there were, and how many snapshots were seen meanwhile.
fn rounds(plan: &Plan, stage: &mut Stage, report: &mut Report, random: &mut Random) -> Result<(u32, u64), Failure> {
    let observer = Observer::start(&stage.database, &stage.shared)?;
    let mut read_to = 0;
    let mut round = 0_u32;
    let mut points = failpoints::all(&plan.options.point).into_iter();
    stage.shared.gate.open();
    loop {
        round = round.saturating_add(1);
        let (done, is_last) = match plan.fault {
            Fault::Failpoints => {
                let Some(point) = points.next() else { return Ok((round.saturating_sub(1), observer.looks())) };
                (failpoints::strike(stage, &point, random)?, points.len() == 0)
            }
            fault => {
                let done = strike(stage, fault, plan.db, random)?;
                let counts = stage.shared.history.counts();
                let enough = counts.about_money >= plan.options.operations && counts.orders >= plan.options.orders;
                (done, round >= plan.options.rounds && (enough || round >= MOST_ROUNDS))
            }
        };
        report.add_round(round, done, stage.shared.history.counts());
        if is_last || round.is_multiple_of(plan.options.check_every.max(1)) {
            check(plan, stage, report, &mut read_to)?;
        }
        if is_last || !report.is_well() {
            return Ok((round, observer.looks()));
        }
    }
}

/// Holds everybody, lets everything come to rest, and looks at it.
fn check(plan: &Plan, stage: &mut Stage, report: &mut Report, read_to: &mut u64) -> Result<(), Failure> {
    let mut found = Vec::new();
    if !stage.shared.gate.hold(HOLD) {
        found.push(Violation::new("alive", "clients wait for an answer for two minutes"));
    }
    stage.behave()?;
    let (mut rest, mut seen) = look_at_rest(stage)?;
    if rest.left.is_empty() && seen.found.is_empty() && !seen.unfinished.is_empty() {
        // A callback that the gateway sent once more came between the rest and the look. It has to come to rest
        // like everything else, and then everything is looked at anew.
        let before = rest.took;
        (rest, seen) = look_at_rest(stage)?;
        rest.took = rest.took.max(before);
    }
    let Rest { took, left } = rest;
    found.extend([left, seen.found, seen.unfinished].into_iter().flatten());
    found.extend(stage.shared.history.oddities().into_iter().map(|odd| {
        let named = ["I5", "I8", "I10"].into_iter().find(|name| odd.starts_with(name));
        Violation::new(named.unwrap_or("I13"), odd)
    }));
    found.extend(check_log(&stage.service.log(), read_to, plan.fault == Fault::Failpoints)?);
    let (is_right, said) = stage.service.tool(&["verify"])?;
    if !is_right {
        found.push(Violation::new("verify", said));
    }
    report.add_check(took, seen.applied, found);
    if report.is_well() {
        stage.receiver.behave(false);
        stage.shared.gate.open();
    }
    Ok(())
}

fn look_at_rest(stage: &mut Stage) -> Result<(Rest, Seen), Failure> {
    let rest = come_to_rest(stage)?;
    // First what others know, then what is there.
    let known = Known {
        done: &stage.shared.history.copy(),
        gateway: &stage.sandbox.state()?,
        hearsay: &stage.hearsay(),
        once: stage.shared.replays,
    };
    let seen = check_all(&mut stage.database.open()?, &known)?;
    Ok((rest, seen))
}
