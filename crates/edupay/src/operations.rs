//! What an operator may ask the program: whether it is ready, what the store and the gateway count of
//! themselves, whether charges are asked for.

use async_trait::async_trait;
use edupay_http::{Family, Histogram, Measures, Operations, Readiness, Sample};
use edupay_persistence::{Backlog, Due, LaneStats, SqlStore, StoreStats};
use edupay_pingpp::circuit::ChargeCircuit;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;

/// How long a look at what waits is used again: it reads as much as waits.
const BACKLOG_AGE: Duration = Duration::from_secs(5);
/// How long an answer to whether the database is there is used again: anybody may ask, and it takes a
/// connection that payments need too.
const READINESS_AGE: Duration = Duration::from_secs(1);
/// The bounds of [`LaneStats::SIZES`], as they are read.
const SIZES: [&str; LaneStats::SIZES.len()] = ["1", "2", "4", "8", "16", "32", "64"];

/// What the HTTP face asks of this program.
pub(crate) fn build(store: &SqlStore, circuit: Arc<ChargeCircuit>) -> Operations {
    Operations {
        readiness: Arc::new(StoreReadiness { store: store.clone(), last: Mutex::new(None) }),
        measures: Arc::new(ProgramMeasures {
            store: store.clone(),
            circuit,
            started: since_1970(),
            backlog: Mutex::new(None),
        }),
    }
}

/// Ready is a database that answers and takes what is written; its schema was checked at the start.
struct StoreReadiness {
    store: SqlStore,
    /// Held while the database is asked, so that many who ask are one question.
    last: Mutex<Option<(Instant, Vec<&'static str>)>>,
}

#[async_trait]
impl Readiness for StoreReadiness {
    async fn reasons(&self) -> Vec<&'static str> {
        let mut last = self.last.lock().await;
        if let Some((_, reasons)) = last.as_ref().filter(|(at, _)| at.elapsed() < READINESS_AGE) {
            return reasons.clone();
        }
        let reasons = match self.store.ping().await {
            Ok(()) if self.store.refuses_writes() => {
                tracing::warn!("the database answers, but takes nothing that is written: is its disk full?");
                vec!["database_not_writable"]
            }
            Ok(()) => Vec::new(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
                vec!["database_unreachable"]
            }
        };
        *last = Some((Instant::now(), reasons.clone()));
        reasons
    }
}

struct ProgramMeasures {
    store: SqlStore,
    circuit: Arc<ChargeCircuit>,
    started: Duration,
    /// Held while the database is asked. What it did not answer is remembered too.
    backlog: Mutex<Option<(Instant, Option<Backlog>)>>,
}

#[async_trait]
impl Measures for ProgramMeasures {
    async fn families(&self) -> Vec<Family> {
        let mut families = self.program();
        families.extend(of_store(&self.store.stats()));
        if let Some(backlog) = self.backlog().await {
            families.extend(of_backlog(&backlog, since_1970()));
        }
        families
    }
}

impl ProgramMeasures {
    fn program(&self) -> Vec<Family> {
        let started = Sample::new(format!("{}.{:03}", self.started.as_secs(), self.started.subsec_millis()));
        let info = Sample::new(1).with("version", env!("CARGO_PKG_VERSION"));
        let open = Sample::new(u8::from(self.circuit.retry_after().is_some()));
        vec![
            Family::gauge("edupay_process_start_time_seconds", "When the program started.", vec![started]),
            Family::gauge("edupay_build_info", "Which program this is.", vec![info]),
            Family::gauge("edupay_charge_circuit_open", "1 while no charges are asked for.", vec![open]),
        ]
    }

    /// As of a moment ago; `None` where the database does not answer.
    async fn backlog(&self) -> Option<Backlog> {
        let mut remembered = self.backlog.lock().await;
        if let Some((_, backlog)) = remembered.filter(|(at, _)| at.elapsed() < BACKLOG_AGE) {
            return backlog;
        }
        let backlog = self.store.backlog().await.ok();
        *remembered = Some((Instant::now(), backlog));
        backlog
    }
}

fn of_store(stats: &StoreStats) -> Vec<Family> {
    let lanes = || stats.lanes.iter().enumerate().map(|(number, lane)| (number.to_string(), lane));
    let waiting = lanes().map(|(number, lane)| Sample::new(lane.waiting).with("lane", number)).collect();
    let batches = lanes().map(|(number, lane)| Histogram {
        labels: vec![("lane", number)],
        bounds: &SIZES,
        counts: lane.batches.into_iter().chain([0]).collect(),
        sum: lane.commands.to_string(),
    });
    let pools = |count: fn(&edupay_persistence::PoolStats) -> u32| {
        stats.pools.iter().map(|pool| Sample::new(count(pool)).with("pool", pool.name)).collect()
    };
    let waited = stats.turns.waited;
    let waited = Sample::new(format!("{}.{:06}", waited.as_secs(), waited.subsec_micros()));
    vec![
        Family::gauge("edupay_lane_waiting", "Commands that wait in a lane.", waiting),
        Family::histogram("edupay_lane_batch_size", "Commands that were committed together.", batches.collect()),
        Family::gauge("edupay_pool_connections", "Open connections of a pool.", pools(|pool| pool.open)),
        Family::gauge("edupay_pool_idle_connections", "Those that nobody uses.", pools(|pool| pool.idle)),
        Family::gauge("edupay_pool_free_turns", "Calls that would not wait.", vec![Sample::new(stats.turns.free)]),
        Family::counter(
            "edupay_pool_waits_total",
            "Calls that waited for a connection.",
            vec![Sample::new(stats.turns.waits)],
        ),
        Family::counter("edupay_pool_wait_seconds_total", "How long, all together.", vec![waited]),
        Family::counter(
            "edupay_pool_waits_in_vain_total",
            "Those that gave up.",
            vec![Sample::new(stats.turns.in_vain)],
        ),
    ]
}

fn of_backlog(backlog: &Backlog, now: Duration) -> Vec<Family> {
    let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX);
    let all = [
        ("charges", backlog.charges),
        ("unanswered_charges", backlog.unanswered_charges),
        ("receipts", backlog.receipts),
        ("refunds", backlog.refunds),
        ("callbacks", backlog.callbacks),
        ("notifications", backlog.notifications),
    ];
    // What is due later has no age.
    let age = |due: Due| due.first_at.map_or(0, |at| now.saturating_sub(at).max(0).div_euclid(1_000_000));
    let samples = |value: &dyn Fn(Due) -> i64| {
        all.iter().map(|(kind, due)| Sample::new(value(*due)).with("kind", *kind)).collect()
    };
    vec![
        Family::gauge("edupay_backlog", "Things that wait for the background work.", samples(&|due| due.count)),
        Family::gauge("edupay_backlog_age_seconds", "For how long the first of them is due.", samples(&age)),
    ]
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
