//! A run: rounds of a fault under load, and looks at everything in between.

use crate::checks::{Violation, check_all, check_log};
use crate::error::{Doing, Failure};
use crate::faults::strike;
use crate::observer::Observer;
use crate::options::Options;
use crate::quiescence::{Rest, come_to_rest};
use crate::random::Random;
use crate::report::Report;
use crate::say::note;
use crate::stage::Stage;
use serde_json::json;
use std::time::Duration;

/// How long the clients have to finish what they began.
const HOLD: Duration = Duration::from_secs(120);
/// More rounds than this are not added to reach a number of operations.
const MOST_ROUNDS: u32 = 100_000;

/// Does it all; whether it ended as it should.
pub(crate) fn run(options: &Options) -> Result<bool, Failure> {
    let seed = options.seed();
    note(format_args!("seed {seed}"));
    let mut random = Random::new(seed);
    let folder = match &options.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).doing("--keep")?;
            folder.canonicalize().doing("--keep")?
        }
        None => tempfile::Builder::new().prefix("edupay-harness-").tempdir().doing("no folder")?.keep(),
    };
    std::fs::write(folder.join("again.txt"), format!("{}\n", options.again(seed))).doing("again.txt")?;
    let mut stage = Stage::set(options, &folder, &mut random, seed)?;
    let mut report = Report::new(seed);
    let rounds = rounds(options, &mut stage, &mut report, &mut random);
    stage.shared.gate.close();
    let is_well = report.is_well();
    let should = match &options.planted {
        None => is_well,
        Some(bug) => {
            note(match is_well {
                true => format!("{bug} was NOT caught"),
                false => format!("{bug} was caught by {}", report.broken()),
            });
            !is_well
        }
    };
    if options.keep.is_some() || rounds.is_err() || (!should && options.planted.is_none()) {
        note(format_args!("kept in {}", stage.keep().join(" and ")));
        note(format_args!("again: {}", options.again(seed)));
    } else {
        let _ = std::fs::remove_dir_all(&folder);
    }
    let (rounds, looks) = rounds?;
    report.finish(options, rounds, stage.shared.history.counts(), looks);
    drop(stage);
    Ok(should)
}

/// How many rounds there were, and how many snapshots were seen meanwhile.
fn rounds(
    options: &Options,
    stage: &mut Stage,
    report: &mut Report,
    random: &mut Random,
) -> Result<(u32, u64), Failure> {
    let observer = Observer::start(&stage.database, &stage.shared)?;
    let mut read_to = 0;
    let mut round = 0_u32;
    stage.shared.gate.open();
    loop {
        round = round.saturating_add(1);
        let done = strike(stage, options.fault, options.db, random)?;
        report.add_round(round, done, stage.shared.history.counts());
        let enough = round >= options.rounds && stage.shared.history.counts().0 >= options.operations;
        let is_last = enough || round >= MOST_ROUNDS;
        if is_last || round.is_multiple_of(options.check_every.max(1)) {
            check(options, stage, report, &mut read_to)?;
        }
        if is_last || !report.is_well() {
            return Ok((round, observer.looks()));
        }
    }
}

/// Holds everybody, lets everything come to rest, and looks at it.
fn check(options: &Options, stage: &mut Stage, report: &mut Report, read_to: &mut u64) -> Result<(), Failure> {
    let mut found = Vec::new();
    if !stage.shared.gate.hold(HOLD) {
        found.push(Violation::new("alive", "clients wait for an answer for two minutes"));
    }
    stage.sandbox.misbehave(&json!({}))?;
    let Rest { took, left } = come_to_rest(stage)?;
    found.extend(left);
    // First what the clients know, then what is there.
    let done = stage.shared.history.copy();
    let gateway = stage.sandbox.state()?;
    let (more, applied) = check_all(&mut stage.database.open()?, &done, &gateway, stage.shared.replays)?;
    found.extend(more);
    found.extend(stage.shared.history.oddities().into_iter().map(|odd| {
        let invariant = if odd.starts_with("I5") { "I5" } else { "I13" };
        Violation::new(invariant, odd)
    }));
    found.extend(check_log(&stage.service.log(), read_to, options.planted.is_some())?);
    let (is_right, said) = stage.service.tool(&["verify"])?;
    if !is_right {
        found.push(Violation::new("verify", said));
    }
    report.add_check(took, applied, found);
    if report.is_well() {
        stage.shared.gate.open();
    }
    Ok(())
}
