//! What is done to the service in a round.

use crate::checks::Violation;
use crate::database::Cluster;
use crate::error::Failure;
use crate::history::Silence;
use crate::options::{Fault, Store};
use crate::plans;
use crate::process::LOOK;
use crate::proxy::Cut;
use crate::random::Random;
use crate::sandbox::pay;
use crate::stage::Stage;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Whoever is asked to end has this long for it.
const FAREWELL: Duration = Duration::from_secs(30);
/// A request that was sent so long before the end was asked for is one that must be answered; a later
/// one may have come to a door that was closed already. A busy machine opens the door late.
const CAME_IN: Duration = Duration::from_millis(400);

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
    Ok(Done::new(Fault::Kill, "kill -9", stage.service.start()?))
}

/// SIGTERM: whoever came in is answered, and the program ends well.
fn end(stage: &mut Stage) -> Result<Done, Failure> {
    stage.shared.history.take_silences();
    let asked = Instant::now();
    let well = stage.service.end(FAREWELL);
    let ready = stage.service.start()?;
    let mut done = Done::new(Fault::Term, "SIGTERM", ready);
    if !well {
        done.violations.push(Violation::new("term", "the service did not end well"));
    }
    let came_in = asked.checked_sub(CAME_IN);
    let silences = stage.shared.history.take_silences();
    let cut = silences.iter().filter(|silence| came_in.is_some_and(|came_in| silence.sent < came_in));
    done.violations.extend(cut.map(|Silence { key, sent, over }| {
        let (before, after) = (asked.saturating_duration_since(*sent), over.saturating_duration_since(asked));
        let what = format!("{key} was sent {before:?} before the end was asked for, and cut {after:?} after");
        Violation::new("term", what)
    }));
    Ok(done)
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
