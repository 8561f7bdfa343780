//! The background work: closes what nobody will pay, tries callbacks again, sends back what could
//! not be applied. Each step is repeatable, and several instances may run it.

use edupay_domain::payments::Round;
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
const ROUND: u32 = 50;
/// How long one kind of work may take in a round; what is left is due in the next.
const LONGEST: Duration = Duration::from_secs(30);
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
    pub(crate) fn start(services: Services, interval: Duration) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let task = actix_web::rt::spawn(async move {
            let mut history_at = Instant::now();
            while !*stopped.borrow_and_update() {
                round(&services).await;
                if history_at <= Instant::now() {
                    history_at = Instant::now().checked_add(HISTORY).unwrap_or(history_at);
                    read_history(&services).await;
                }
                let _ = tokio::time::timeout(interval, stopped.changed()).await;
            }
        });
        Self { stop, task }
    }

    /// Ends after the round that is running, or a little later without it: what it leaves is due again.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(FAREWELL, self.task).await;
    }
}

/// All kinds at once: a gateway that hangs on one does not hold up the others.
async fn round(services: &Services) {
    tokio::join!(
        work("closed expired orders", services.orders.close_expired(ROUND)),
        work("closed expired purchases", services.packages.close_expired(ROUND)),
        work("forgot expired links", forget_links(services)),
        work("tried callbacks again", services.payments.retry_inbox(ROUND)),
        work("worked on the App Store's notifications again", services.app_store.retry_notifications(ROUND)),
        work(
            "looked after charges",
            services.payments.look_after(if planted!("charges_not_looked_after") { 0 } else { ROUND })
        ),
        work(
            "sent back unapplied receipts",
            services.payments.refund_due(if planted!("receipts_not_sent_back") { 0 } else { ROUND })
        ),
        work("saw refunds through", services.refunds.work_on_due(ROUND)),
    );
}

async fn forget_links(services: &Services) -> Result<Round, StoreError> {
    let done = services.cashier.remove_expired(ROUND).await?;
    Ok(Round { done, ..Round::default() })
}

/// What the App Store sent while nobody listened.
async fn read_history(services: &Services) {
    const WHAT: &str = "read the App Store's history";
    let Some(environment) = services.app_store.history_of() else { return };
    match tokio::time::timeout(LONGEST, guarded(services.app_store.catch_up(environment, None))).await {
        Ok(None) => tracing::error!("{WHAT}: it panicked and is tried again"),
        Ok(Some(Ok(round))) => report(WHAT, &round),
        Ok(Some(Err(error))) => tracing::warn!(error = &error as &dyn std::error::Error, "{WHAT}: it is tried again"),
        Err(_) => tracing::warn!("{WHAT}: it took too long and is tried again"),
    }
}

async fn work(what: &'static str, job: impl Future<Output = Result<Round, StoreError>>) {
    let step = guarded(async {
        failpoint!("worker.step.before");
        let done = job.await;
        failpoint!("worker.step.after");
        done
    });
    match tokio::time::timeout(LONGEST, step).await {
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
        work("panicked", async { panic!("on purpose") }).await;
        assert_eq!(guarded(async { 1 }).await, Some(1));
    }
}
