//! Rounds of fail points: each point with each action, one after the other, none left to chance.

use crate::checks::Violation;
use crate::error::{Doing, Failure};
use crate::faults::Done;
use crate::kinds::Fault;
use crate::mischief::{ACTIONS, POINTS};
use crate::plans;
use crate::process::LOOK;
use crate::random::Random;
use crate::stage::Stage;
use serde_json::json;
use std::time::{Duration, Instant};

/// A point that is not reached by then is reached by nobody: what was lost is looked for when the lease of 45
/// seconds ends.
const LIMIT: Duration = Duration::from_secs(75);
/// Longer than anything sleeps at a point.
const AFTERWARDS: Duration = Duration::from_millis(2_500);

/// A point and what happens there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    name: &'static str,
    action: &'static str,
}

/// Every point whose name begins so, with every action.
pub(crate) fn all(prefix: &str) -> Vec<Point> {
    let points = POINTS.iter().filter(|name| name.starts_with(prefix));
    points.flat_map(|name| ACTIONS.map(|action| Point { name, action })).collect()
}

/// Lets the service run into the point, and start again without it.
pub(crate) fn strike(stage: &mut Stage, point: &Point, random: &mut Random) -> Result<Done, Failure> {
    let Point { name, action } = *point;
    stage.service.kill();
    // What was made is looked for only where neither the answer nor the callback told of it.
    let lost = json!({ "drop_after_processing": { "probability": plans::share(1) } });
    let silent = json!({ "never": { "probability": 0.9 } });
    let plan = json!({ "create": lost, "refund": lost, "webhooks": silent });
    stage.sandbox.misbehave(&if name.starts_with("gateway.") { plan } else { json!({}) })?;
    stage.service.set("MISCHIEF_POINT", &format!("{name}={action}@{}", times(name, random)));
    let from = size(stage)?;
    let begun = stage.service.start_once();
    let since = Instant::now();
    let reached = loop {
        if reached(stage, name, from)? {
            break true;
        }
        if since.elapsed() > LIMIT {
            break false;
        }
        std::thread::sleep(LOOK);
    };
    let mut violations = Vec::new();
    if !reached {
        violations.push(Violation::new("point", format!("{name} was not reached")));
    } else if action != "exit" {
        begun?;
        std::thread::sleep(AFTERWARDS);
        if let Err(failure) = stage.service.wait_until_ready() {
            violations.push(Violation::new("alive", format!("after {name}={action}: {failure}")));
        }
    }
    // What a panic has left behind must be worked on by the same process, so only an exit is
    // answered by a new one.
    stage.service.unset("MISCHIEF_POINT");
    // It has said so before it ends.
    let said = Instant::now();
    while reached && action == "exit" && !stage.service.has_ended() && said.elapsed() < LIMIT {
        std::thread::sleep(LOOK);
    }
    let ready = if stage.service.has_ended() { Some(stage.service.start()?) } else { None };
    Ok(Done { fault: Fault::Failpoints, detail: format!("{name}={action}"), ready, violations })
}

/// For the how-many-th time. The first ones of what happens all the time belong to the start of the
/// program, while nobody is busy yet.
fn times(name: &str, random: &mut Random) -> u64 {
    match name.split('.').next() {
        Some("tx" | "lane" | "effect") => random.between(10, 60),
        Some("worker") => random.between(1, 16),
        _ => random.between(1, 3),
    }
}

fn size(stage: &Stage) -> Result<u64, Failure> {
    Ok(std::fs::metadata(stage.service.log()).doing("the service's log")?.len())
}

/// Whether the service has said so since then.
fn reached(stage: &Stage, name: &str, from: u64) -> Result<bool, Failure> {
    let log = std::fs::read(stage.service.log()).doing("the service's log")?;
    let new = log.get(usize::try_from(from).unwrap_or_default()..).unwrap_or_default();
    let words = format!("fail point {name}:");
    Ok(new.windows(words.len()).any(|part| part == words.as_bytes()))
}
