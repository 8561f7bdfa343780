//! The background work: closes what nobody will pay, tries callbacks again, sends back what could
//! not be applied. Each round is short, each step repeatable, and several instances may run it.

use edupay_domain::store::StoreError;
use edupay_http::Services;
use std::time::Duration;
use tokio::sync::watch;

/// How many things of each kind one round works on.
const ROUND: u32 = 50;

/// Tells the worker to end after the round it is in.
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn stop(&self) {
        let _ = self.0.send(true);
    }
}

/// Starts the worker on this runtime; the handle ends when it has ended.
pub(crate) fn start(services: Services, interval: Duration) -> (Stop, actix_web::rt::task::JoinHandle<()>) {
    let (sender, mut receiver) = watch::channel(false);
    let handle = actix_web::rt::spawn(async move {
        while !*receiver.borrow_and_update() {
            round(&services).await;
            let _ = tokio::time::timeout(interval, receiver.changed()).await;
        }
    });
    (Stop(sender), handle)
}

async fn round(services: &Services) {
    report("closed expired orders", services.orders.close_expired(ROUND).await);
    report("tried callbacks again", services.payments.retry_inbox(ROUND).await);
    report("closed charges that nobody will pay", services.payments.close_stale(ROUND).await);
    report("sent back unapplied receipts", services.payments.refund_due(ROUND).await);
}

fn report(what: &'static str, result: Result<u32, StoreError>) {
    match result {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "{what}"),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "{what}: the store failed"),
    }
}
