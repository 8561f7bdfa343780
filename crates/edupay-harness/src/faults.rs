//! What is done to the service in a round.

use crate::checks::Violation;
use crate::database::Cluster;
use crate::error::Failure;
use crate::history::Silence;
use crate::kinds::{Fault, Store};
use crate::plans;
use crate::process::LOOK;
use crate::proxy::Cut;
use crate::quiescence::free_endpoints;
use crate::random::Random;
use crate::sandbox::pay;
use crate::stage::Stage;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Whoever is asked to end has this long for it.
const FAREWELL: Duration = Duration::from_secs(30);
/// What some charges wait for while the end is asked for, so that there always are requests to be cut.
const SLOW: u64 = 400;

/// By how many seconds a clock is moved.
const DAY: i64 = 86_400;

/// What was done, and what came of it.
pub(crate) struct Done {
    pub(crate) fault: Fault,
    pub(crate) detail: String,
    /// How long it took until the service could work again.
    pub(crate) ready: Option<Duration>,
    pub(crate) violations: Vec<Violation>,
}

impl Done {
    fn new(fault: Fault, detail: &str, ready: Duration) -> Self {
        Self { fault, detail: detail.to_owned(), ready: Some(ready), violations: Vec::new() }
    }
}

/// Everything that this database allows.
fn mixture(store: Store) -> &'static [Fault] {
    match store {
        Store::Sqlite => &[Fault::Kill, Fault::Kill, Fault::Kill, Fault::Term, Fault::Pause],
        Store::Postgres => &[
            Fault::Kill,
            Fault::Kill,
            Fault::Term,
            Fault::Pgkill,
            Fault::Pgbackend,
            Fault::Pgbackend,
            Fault::Cut,
            Fault::Cut,
            Fault::Cut,
            Fault::Pause,
        ],
    }
}

/// One round of this fault.
pub(crate) fn strike(stage: &mut Stage, fault: Fault, store: Store, random: &mut Random) -> Result<Done, Failure> {
    match fault {
        Fault::Kill => {
            wait(random, 50, 1_000);
            if random.chance(10) { end(stage) } else { kill(stage) }
        }
        Fault::Term => {
            let slow = json!({ "create": { "latency_after_ms": { "ms": SLOW, "probability": plans::share(1) } } });
            stage.sandbox.misbehave(&slow)?;
            wait(random, 50, 1_000);
            end(stage)
        }
        Fault::Pgkill => stop_postgres(stage, random),
        Fault::Pgbackend => terminate_backends(stage, random),
        Fault::Pause => pause(stage, random),
        Fault::Cut => cut(stage, random),
        Fault::Gateway => {
            stage.sandbox.misbehave(&plans::plan(random))?;
            wait(random, 500, 2_000);
            pay_strays(stage, random)?;
            Ok(Done { fault, detail: "another plan".to_owned(), ready: None, violations: Vec::new() })
        }
        Fault::Clock => {
            stage.sandbox.misbehave(&plans::plan(random))?;
            wait(random, 500, 1_500);
            pay_strays(stage, random)?;
            move_clock(stage, random)
        }
        Fault::Mix => {
            stage.sandbox.misbehave(&plans::plan(random))?;
            let one = random.pick(mixture(store)).copied().unwrap_or(Fault::Kill);
            strike(stage, one, store, random)
        }
        Fault::Failpoints => Err("fail points have rounds of their own".into()),
    }
}

fn wait(random: &mut Random, least: u64, most: u64) {
    sleep(Duration::from_millis(random.between(least, most)));
}

/// Charges whose creator was never told of them are paid all the same, and some that nobody wanted to pay.
fn pay_strays(stage: &Stage, random: &mut Random) -> Result<(), Failure> {
    let charges = stage.sandbox.state()?.charges;
    let unpaid = charges.iter().rev().filter(|charge| !charge.paid && !charge.reversed).take(30);
    for charge in unpaid.filter(|_| random.chance(30)) {
        pay(stage.sandbox.address(), &charge.id);
    }
    Ok(())
}

fn kill(stage: &mut Stage) -> Result<Done, Failure> {
    stage.service.kill();
    let ready = stage.service.start()?;
    free_endpoints(stage)?;
    Ok(Done::new(Fault::Kill, "kill -9", ready))
}

/// SIGTERM: whoever came in is answered, and the program ends well.
fn end(stage: &mut Stage) -> Result<Done, Failure> {
    let started = stage.service.started();
    let asked = Instant::now();
    let well = stage.service.end(FAREWELL);
    let ready = stage.service.start()?;
    let mut done = Done::new(Fault::Term, "SIGTERM", ready);
    if !well {
        done.violations.push(Violation::new("term", "the service did not end well"));
    }
    let silences = stage.shared.history.take_silences();
    done.violations.extend(silences.iter().filter_map(|silence| cut_at_the_end(silence, started, asked)));
    Ok(done)
}

/// A request that was written as a whole to this process before it was asked to end must be answered. There
/// is no tolerance in this: the service answers for some time after that, and even whoever stands in its
/// line. What is written later may come to a door that is closing.
fn cut_at_the_end(silence: &Silence, started: Instant, asked: Instant) -> Option<Violation> {
    let Silence { key, written, over } = silence;
    let written = written.filter(|written| (started..asked).contains(written))?;
    let (before, after) = (asked.saturating_duration_since(written), over.saturating_duration_since(asked));
    let what = format!("{key} was written {before:?} before the end was asked for, and cut {after:?} after");
    Some(Violation::new("term", what))
}

/// A start with another clock: the machine came back with a wrong one, or was set right.
fn move_clock(stage: &mut Stage, random: &mut Random) -> Result<Done, Failure> {
    let others = [-DAY, 0, DAY].into_iter().filter(|seconds| *seconds != stage.service.clock());
    let seconds = random.pick(&others.collect::<Vec<_>>()).copied().unwrap_or_default();
    stage.service.kill();
    stage.service.move_clock(seconds);
    let ready = stage.service.start()?;
    if !stage.service.has_said(&format!("the clock is moved by {seconds} s"))? && seconds != 0 {
        return Err("the service has a clock that can't be moved: it needs the feature failpoints".into());
    }
    let detail = match seconds.signum() {
        1 => "a day ahead",
        -1 => "a day behind",
        _ => "right again",
    };
    Ok(Done::new(Fault::Clock, detail, ready))
}

fn cluster(stage: &Stage) -> Result<&Cluster, Failure> {
    stage.cluster.as_ref().ok_or_else(|| "there is no PostgreSQL".into())
}

/// Waits until the service can work again, which it must by itself.
fn recovered(stage: &mut Stage, fault: Fault, detail: &'static str) -> Result<Done, Failure> {
    match stage.service.wait_until_ready() {
        Ok(ready) => Ok(Done::new(fault, detail, ready)),
        Err(failure) => {
            let what = format!("{detail}: {failure}");
            stage.service.kill();
            let ready = stage.service.start()?;
            let mut done = Done::new(fault, detail, ready);
            done.violations.push(Violation::new("alive", what));
            Ok(done)
        }
    }
}

fn stop_postgres(stage: &mut Stage, random: &mut Random) -> Result<Done, Failure> {
    wait(random, 100, 1_500);
    cluster(stage)?.stop_at_once()?;
    if random.chance(50) {
        wait(random, 0, 1_500);
    }
    cluster(stage)?.start_again()?;
    recovered(stage, Fault::Pgkill, "immediate stop")
}

fn terminate_backends(stage: &mut Stage, random: &mut Random) -> Result<Done, Failure> {
    wait(random, 50, 500);
    stage.database.open()?.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = current_database()",
    )?;
    recovered(stage, Fault::Pgbackend, "all backends")
}

/// Nothing moves for a while, and then all goes on as if no time had passed.
fn pause(stage: &mut Stage, random: &mut Random) -> Result<Done, Failure> {
    wait(random, 50, 500);
    let long = random.between(3_000, 10_000);
    let of_service = stage.cluster.is_none() || random.chance(50);
    let signal = |name: &str| match (&stage.cluster, of_service) {
        (Some(cluster), false) => cluster.signal(name),
        _ => stage.service.signal(name),
    };
    signal("STOP");
    sleep(Duration::from_millis(long));
    signal("CONT");
    recovered(stage, Fault::Pause, if of_service { "the service" } else { "PostgreSQL" })
}

fn cut(stage: &mut Stage, random: &mut Random) -> Result<Done, Failure> {
    wait(random, 20, 300);
    let proxy = stage.proxy.as_ref().ok_or("there is no wire to cut")?;
    let detail = match random.below(3) {
        0 => {
            proxy.cut_all();
            "all connections"
        }
        which => {
            let (cut, detail) = match which {
                1 => (Cut::BeforeCommit, "before commits"),
                _ => (Cut::AfterCommit, "after commits"),
            };
            for _ in 0..random.between(1, 4) {
                let (before, since) = (proxy.cuts(), Instant::now());
                proxy.cut_at_commit(cut, random.below(6));
                while proxy.cuts() == before && since.elapsed() < Duration::from_secs(3) {
                    sleep(LOOK);
                }
            }
            detail
        }
    };
    recovered(stage, Fault::Cut, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wrote_before_the_end_was_asked_for_is_answered() {
        let started = Instant::now();
        let moment = |milliseconds| started.checked_add(Duration::from_millis(milliseconds)).unwrap();
        let cut = |written: Option<Instant>| {
            let silence = Silence { key: "k".to_owned(), written, over: moment(2_000) };
            cut_at_the_end(&silence, moment(100), moment(1_000)).is_some()
        };
        assert!(cut(Some(moment(100))) && cut(Some(moment(999))));
        assert!(!cut(Some(moment(99))), "it went to the process before");
        assert!(!cut(Some(moment(1_000))), "the door may have been closed");
        assert!(!cut(None), "it never came in");
    }
}
