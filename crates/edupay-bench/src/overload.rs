//! More than the service can hold: what it holds is measured first, then five times as much comes, whether
//! or not it is answered; and what connections that drip cost the others.

use crate::error::{Context, Failure};
use crate::ledger::{self, Ledger, RICH};
use crate::load::{Drip, Flood, Loop, Requests};
use crate::machine;
use crate::options::Plan;
use crate::orders::Orders;
use crate::postgres::{Cluster, PostgresLedger};
use crate::progress::note;
use crate::results::{Database, Mix, Outcome, Run, Who};
use crate::seeds::Seeds;
use crate::service::Service;
use crate::sqlite::SqliteLedger;
use crate::statistics::{Spread, percentile};
use crate::workspace::Workspace;
use std::path::Path;
use std::time::Duration;

/// How many requests the service works on at once at its default settings.
const IN_FLIGHT: u32 = 128;
/// How many times as much comes.
const TIMES: f64 = 5.0;
/// More than can be under way when the rest is turned away in time.
const CONNECTIONS: usize = 1_500;
/// How many seconds it has to be normal again.
const AFTERWARDS: u64 = 10;
/// Clients beside those who drip.
const CLIENTS: u32 = 16;
/// Who drips.
const DRIPPING: u64 = 200;

/// What was measured on one database. Times are in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Overload {
    pub(crate) database: Database,
    /// How many clients it has places for: a quarter of all is kept for callbacks.
    pub(crate) places: u32,
    /// What it holds: what so many clients get.
    pub(crate) held: Outcome,
    /// Requests per second that came.
    pub(crate) came: f64,
    /// Of those that were let in.
    pub(crate) admitted: Outcome,
    /// How many were turned away, and how long that took: 99 of 100, and the slowest.
    pub(crate) away: (usize, f64, f64),
    /// How far the sender was behind at worst.
    pub(crate) behind: f64,
    /// In which second afterwards the rate was at least 0.9 and the p99 at most 1.25 times what it was before.
    pub(crate) normal_in: Option<u64>,
    /// The most memory that the service has had, in MiB.
    pub(crate) memory: f64,
    /// p99 of a few clients beside dripping connections, over p99 without.
    pub(crate) dripped: Spread,
    /// How often a dripping connection was thrown out.
    pub(crate) thrown_out: u64,
}

/// On both databases.
pub(crate) fn measure(plan: &Plan, workspace: &Workspace) -> Result<Vec<Overload>, Failure> {
    let folder = workspace.folder("overload-sqlite")?;
    let mut sqlite = SqliteLedger::create(&plan.service, &folder)?;
    let on_sqlite = measure_on(plan, Database::Sqlite, &mut sqlite, &folder)?;
    let cluster = Cluster::find()?;
    let folder = workspace.folder("overload-postgres")?;
    let mut postgres = PostgresLedger::create(&cluster, "edupay_bench_overload", &plan.service, &folder)?;
    let on_postgres = measure_on(plan, Database::Postgres, &mut postgres, &folder)?;
    if !workspace.is_kept() {
        postgres.remove(&cluster)?;
    }
    Ok(vec![on_sqlite, on_postgres])
}

fn measure_on(plan: &Plan, database: Database, ledger: &mut dyn Ledger, folder: &Path) -> Result<Overload, Failure> {
    let (places, settings) = limits(plan.in_flight);
    let run = Run::new(database, Who::Service, Mix::Spread, places);
    note(format_args!("Overload: {run}"));
    let mut seeds = Seeds::plant(ledger, plan.users, RICH)?;
    let planned = seeds.add(ledger, plan, run, 100)?;
    ledger.tidy()?;
    let service = Service::start_with(&plan.service, ledger.url(), folder, &settings)?;
    let warmed = closed(&service, places, plan.warm_seconds()).run(&payments(&planned.warm)).context(run)?;
    let answers = closed(&service, places, plan.seconds).run(&payments(&planned.timed)).context(run)?;
    let mut acknowledged = vec![(planned.warm, warmed.done), (planned.timed, answers.done)];
    let held = Outcome::new(answers.done, answers.elapsed, answers.latencies, 0.0);
    note(held.line(run));

    // A second's worth of the flood is as much as it holds in five seconds, and pays for those afterwards twice.
    let planned = seeds.add(ledger, plan, run, plan.percent(held.rate * TIMES * 2.0))?;
    let flood = Flood {
        address: service.address(),
        connections: CONNECTIONS,
        rate: held.rate * TIMES,
        duration: Duration::from_secs(plan.seconds),
    };
    let flooded = flood.run(&payments(&planned.timed)).context("the flood")?;
    let admitted = u64::try_from(flooded.done.len()).unwrap_or_default();
    acknowledged.push((planned.timed, admitted));
    let came = flooded.sent as f64 / plan.seconds.max(1) as f64;
    let admitted = Outcome::new(admitted, flooded.elapsed, flooded.done, 0.0);
    let mut away = flooded.away;
    away.sort_unstable();
    let slowest = away.last().copied().unwrap_or_default();
    let away = (away.len(), milliseconds(percentile(&away, 990)), milliseconds(slowest));

    let requests = payments(&planned.warm);
    let mut queue = requests.iter();
    let (mut normal_in, mut paid) = (None, 0_u64);
    for second in 1..=AFTERWARDS {
        let answers = closed(&service, places, 1).run_on(&mut queue, requests.marks).context("afterwards")?;
        paid = paid.saturating_add(answers.done);
        let after = Outcome::new(answers.done, answers.elapsed, answers.latencies, 0.0);
        if after.rate >= held.rate * 0.9 && after.p99 <= held.p99 * 1.25 {
            normal_in = Some(second);
            break;
        }
    }
    acknowledged.push((planned.warm, paid));
    let memory = machine::memory(service.pid())?.peak;
    drop(service);

    let service = Service::start(&plan.service, ledger.url(), folder)?;
    let (dripped, thrown_out) = drip(plan, ledger, &mut seeds, &service, held.rate, &mut acknowledged)?;
    drop(service);
    ledger::check(ledger, run, &acknowledged)?;
    ledger::verify(&plan.service, ledger.url(), folder)?;
    let behind = flooded.behind.as_secs_f64() * 1_000.0;
    Ok(Overload { database, places, held, came, admitted, away, behind, normal_in, memory, dripped, thrown_out })
}

/// The places for clients, and the settings that make them so.
fn limits(in_flight: Option<u32>) -> (u32, Vec<(&'static str, String)>) {
    let all = in_flight.unwrap_or(IN_FLIGHT);
    let settings = in_flight.map_or_else(Vec::new, |all| {
        vec![
            ("EDUPAY_LIMITS__IN_FLIGHT", all.to_string()),
            // As at its default settings: a quarter as many stand in the line.
            ("EDUPAY_LIMITS__WAITING", all.div_ceil(4).to_string()),
        ]
    });
    (all.saturating_sub(all.div_ceil(4)), settings)
}

/// A few clients without and with dripping connections beside them, in turns.
fn drip(
    plan: &Plan,
    ledger: &mut dyn Ledger,
    seeds: &mut Seeds,
    service: &Service,
    rate: f64,
    acknowledged: &mut Vec<(Orders, u64)>,
) -> Result<(Spread, u64), Failure> {
    let run = Run::new(Database::Sqlite, Who::Service, Mix::Spread, CLIENTS);
    let (mut ratios, mut thrown_out) = (Vec::new(), 0_u64);
    for _ in 0..plan.rounds {
        let (without, with) =
            (seeds.add(ledger, plan, run, plan.percent(rate))?, seeds.add(ledger, plan, run, plan.percent(rate))?);
        let mut p99 = |orders: Orders| -> Result<f64, Failure> {
            let answers = closed(service, CLIENTS, plan.seconds).run(&payments(&orders)).context("beside drips")?;
            acknowledged.push((orders, answers.done));
            Ok(Outcome::new(answers.done, answers.elapsed, answers.latencies, 0.0).p99)
        };
        let before = p99(without.timed)?;
        let drip = Drip::start(service.address(), DRIPPING)?;
        let beside = p99(with.timed)?;
        thrown_out = thrown_out.saturating_add(drip.thrown_out());
        ratios.push(beside / before.max(1.0));
    }
    let dripped = Spread::of(ratios).ok_or_else(|| Failure::new("nothing was measured beside drips"))?;
    Ok((dripped, thrown_out))
}

fn closed(service: &Service, clients: u32, seconds: u64) -> Loop {
    Loop { address: service.address(), clients, duration: Duration::from_secs(seconds) }
}

fn payments(orders: &Orders) -> Requests {
    Requests::payments(orders, None)
}

fn milliseconds(microseconds: u32) -> f64 {
    f64::from(microseconds) / 1_000.0
}
