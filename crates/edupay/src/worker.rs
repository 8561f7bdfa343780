//! The background work: closes what nobody will pay, tries callbacks again, sends back what could
//! not be applied. Each step is repeatable, and several instances may run it.

use edupay_domain::payments::Round;
use edupay_domain::recovery::WorkKind;
use edupay_domain::store::StoreError;
use edupay_http::Services;
use edupay_mischief::{failpoint, planted};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How many things of each kind one round works on.
const ROUND: u32 = 200;
/// How many expired keys go at once, and how often in a round: they are made as fast as payments are.
const KEYS: u32 = 500;
const KEY_LOTS: u32 = 20;
/// How long one kind of work may take in a round; what is left is due in the next.
const LONGEST: Duration = Duration::from_secs(30);
/// How long what reads through somebody else's list may take. It has rounds of its own, since what such a walk has
/// found is known only at its end: were it cut off earlier, a long list would be begun anew for ever.
const LONGEST_WALK: Duration = Duration::from_secs(900);
/// How often the App Store's history is read: what did not arrive heals within this time.
const HISTORY: Duration = Duration::from_secs(3_600);
/// How long the end of the program waits for the step that is running.
const FAREWELL: Duration = Duration::from_secs(10);

/// The running worker.
pub(crate) struct Worker {
    stop: watch::Sender<bool>,
    task: actix_web::rt::task::JoinHandle<()>,
}

impl Worker {
    /// Starts on this runtime.
    pub(crate) fn start(services: Services, interval: Duration, daily_hour: Option<u32>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut daily = daily_hour.map(DailyReconciliation::at);
        let task = actix_web::rt::spawn(async move {
            let rounds = again_and_again(interval, stopped.clone(), async || {
                round(&services).await;
                if let Some(daily) = &mut daily {
                    daily.begin_if_due(&services);
                }
            });
            let walks = again_and_again(interval, stopped.clone(), async || {
                let limit = if planted!("charges_not_looked_after") { 0 } else { ROUND };
                work("looked for charges", LONGEST_WALK, services.payments.look_after_unanswered(limit)).await;
            });
            let histories = again_and_again(HISTORY, stopped, async || read_history(&services).await);
            tokio::join!(rounds, walks, histories);
        });
        Self { stop, task }
    }

    /// Ends after the round that is running, or a little later without it: what it leaves is due again.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(FAREWELL, self.task).await;
    }
}

/// With this pause between two rounds, until the program ends.
async fn again_and_again(pause: Duration, mut stopped: watch::Receiver<bool>, mut round: impl AsyncFnMut()) {
    while !*stopped.borrow_and_update() {
        round().await;
        let _ = tokio::time::timeout(pause, stopped.changed()).await;
    }
}

/// All kinds at once, but for what walks: a gateway that hangs on one does not hold up the others.
async fn round(services: &Services) {
    tokio::join!(
        work("forgot expired links", LONGEST, forget_links(services)),
        work("forgot expired idempotency keys", LONGEST, forget_keys(services)),
        recover(services, WorkKind::Callbacks),
        recover(services, WorkKind::Notifications),
        recover(services, WorkKind::Charges),
        recover(services, WorkKind::Orders),
        recover(services, WorkKind::Purchases),
        recover(services, WorkKind::Receipts),
        recover(services, WorkKind::Refunds),
    );
}

/// How often it is looked whether the daily reconciliation is due.
const DAILY_LOOK: Duration = Duration::from_secs(300);

/// The daily reconciliation: beside the rounds, since it may take long. One that is cut off by the end of the
/// program is taken over an hour later.
struct DailyReconciliation {
    hour: u32,
    look_at: Instant,
    running: Option<actix_web::rt::task::JoinHandle<()>>,
}

impl DailyReconciliation {
    fn at(hour: u32) -> Self {
        Self { hour, look_at: Instant::now(), running: None }
    }

    fn begin_if_due(&mut self, services: &Services) {
        let now = Instant::now();
        if self.look_at > now || self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        self.look_at = now.checked_add(DAILY_LOOK).unwrap_or(now);
        let (reconciliation, hour) = (services.reconciliation.clone(), self.hour);
        self.running = Some(actix_web::rt::spawn(async move {
            match reconciliation.run_daily(hour).await {
                Ok(Some(run)) => tracing::info!(
                    reconciliation.id = run.id.get(),
                    days = %run.days.to(),
                    differences = run.counts.differences,
                    "reconciled a day with the gateway"
                ),
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a day could not be reconciled: it is tried again"
                ),
            }
        }));
    }
}

/// Every kind of unfinished things is worked on, or the program does not build.
async fn recover(services: &Services, kind: WorkKind) {
    let what = match kind {
        WorkKind::Orders => "closed expired orders",
        WorkKind::Purchases => "closed expired purchases",
        WorkKind::Charges => "looked after charges",
        WorkKind::Callbacks => "tried callbacks again",
        WorkKind::Receipts => "sent back unapplied receipts",
        WorkKind::Refunds => "saw refunds through",
        WorkKind::Notifications => "worked on the App Store's notifications again",
    };
    let idle = match kind {
        WorkKind::Charges => planted!("charges_not_looked_after"),
        WorkKind::Receipts => planted!("receipts_not_sent_back"),
        _ => false,
    };
    let limit = if idle { 0 } else { ROUND };
    match kind {
        // The others of them are looked for beside the rounds.
        WorkKind::Charges => work(what, LONGEST, services.payments.look_after_answered(limit)).await,
        kind => work(what, LONGEST, services.recovery.work_on(kind, limit)).await,
    }
}

async fn forget_links(services: &Services) -> Result<Round, StoreError> {
    let done = services.cashier.remove_expired(ROUND).await?;
    Ok(Round { done, ..Round::default() })
}

/// In short transactions, so that no payment waits for long; what a busy hour leaves goes in later rounds.
async fn forget_keys(services: &Services) -> Result<Round, StoreError> {
    let mut done = 0_u32;
    for _ in 0..KEY_LOTS {
        let removed = services.idempotency.remove_expired(KEYS).await?;
        done = done.saturating_add(removed);
        if removed < KEYS {
            break;
        }
    }
    Ok(Round { done, ..Round::default() })
}

/// What the App Store sent while nobody listened.
async fn read_history(services: &Services) {
    const WHAT: &str = "read the App Store's history";
    let Some(environment) = services.app_store.history_of() else { return };
    match tokio::time::timeout(LONGEST_WALK, guarded(services.app_store.catch_up(environment, None))).await {
        Ok(None) => tracing::error!("{WHAT}: it panicked and is tried again"),
        Ok(Some(Ok(round))) => report(WHAT, &round),
        Ok(Some(Err(error))) => tracing::warn!(error = &error as &dyn std::error::Error, "{WHAT}: it is tried again"),
        Err(_) => tracing::warn!("{WHAT}: it took too long and is tried again"),
    }
}

async fn work(what: &'static str, longest: Duration, job: impl Future<Output = Result<Round, StoreError>>) {
    let step = guarded(async {
        failpoint!("worker.step.before");
        let done = job.await;
        failpoint!("worker.step.after");
        done
    });
    match tokio::time::timeout(longest, step).await {
        Ok(None) => tracing::error!("{what}: it panicked and is tried again"),
        Ok(Some(Ok(round))) => report(what, &round),
        Ok(Some(Err(error))) => tracing::warn!(error = &error as &dyn std::error::Error, "{what}: the store failed"),
        Err(_) => tracing::warn!("{what}: the rest waits for the next round"),
    }
}

/// What a piece of work came to; `None` when it panicked: that must not end all the others for ever,
/// since they share a task.
async fn guarded<T>(job: impl Future<Output = T>) -> Option<T> {
    let mut job = pin!(job);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

fn report(what: &'static str, round: &Round) {
    if round.done > 0 {
        tracing::info!(count = round.done, "{what}");
    }
    if round.outage.is_certain() {
        tracing::warn!("{what}: the gateway is out of reach, the rest stays due");
    }
    for failure in &round.failed {
        tracing::warn!(
            name = failure.name,
            error = failure.error.as_ref() as &dyn std::error::Error,
            "{what}: not this one, it is tried again"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_piece_of_work_that_panics_does_not_end_the_worker() {
        work("panicked", LONGEST, async { panic!("on purpose") }).await;
        assert_eq!(guarded(async { 1 }).await, Some(1));
    }
}
