//! Events out: from the events that were noted to the endpoints that want them. Each endpoint has a task
//! of its own, so one that hangs holds up nobody else; several instances share the work by the leases in
//! the database.

use edupay_domain::event_delivery::{AttemptOutcome, DeliveryReport, DeliveryState, EndpointId, EventDeliveryService};
use edupay_domain::store::StoreError;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Of how many events deliveries are made at once.
const FAN_OUT: u32 = 200;
/// Through how many events a replay goes at once.
const REPLAY: u32 = 500;
/// How many deliveries are forgotten at once, how often at a time, and how often that is: faster than they come.
const FORGET: u32 = 200;
const FORGET_LOTS: u32 = 50;
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// How long a store may take for a step; what is left is due in the next.
const LONGEST: Duration = Duration::from_secs(30);
/// How long the end of the program waits for what is being sent: longer than an exchange takes, so that
/// its answer is recorded.
const FAREWELL: Duration = Duration::from_secs(17);

/// The running deliverer.
pub(crate) struct Deliverer {
    stop: watch::Sender<bool>,
    task: actix_web::rt::task::JoinHandle<()>,
}

impl Deliverer {
    /// Starts on this runtime.
    pub(crate) fn start(events: EventDeliveryService, interval: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = actix_web::rt::spawn(run(events, interval, stopped));
        Self { stop, task }
    }

    /// Ends after what is being sent.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(FAREWELL, self.task).await;
    }
}

type Sending = HashMap<EndpointId, actix_web::rt::task::JoinHandle<()>>;

async fn run(events: EventDeliveryService, interval: Duration, mut stopped: watch::Receiver<bool>) {
    let mut sending = Sending::new();
    let mut forget_at = Instant::now();
    while !*stopped.borrow_and_update() {
        fan_out(&events).await;
        sending.retain(|_, task| !task.is_finished());
        for endpoint in bounded("looked for endpoints", events.waiting()).await.unwrap_or_default() {
            sending
                .entry(endpoint)
                .or_insert_with(|| actix_web::rt::spawn(serve(events.clone(), endpoint, stopped.clone())));
        }
        if forget_at <= Instant::now() {
            forget_at = Instant::now().checked_add(FORGET_EVERY).unwrap_or(forget_at);
            forget(&events).await;
        }
        let _ = tokio::time::timeout(interval, stopped.changed()).await;
    }
    for task in sending.into_values() {
        let _ = task.await;
    }
}

/// In short transactions; what is left goes the next time.
async fn forget(events: &EventDeliveryService) {
    for _ in 0..FORGET_LOTS {
        match bounded("forgot deliveries", events.forget(FORGET)).await {
            Some(FORGET) => {}
            _ => return,
        }
    }
}

/// Until nothing is noted any more; what comes meanwhile may wait for the next time.
async fn fan_out(events: &EventDeliveryService) {
    const MOST: u32 = 50;
    for _ in 0..MOST {
        match bounded("made deliveries", events.fan_out(FAN_OUT)).await {
            Some(FAN_OUT) => {}
            _ => return,
        }
    }
}

/// Sends to one endpoint what is due there, one at a time.
async fn serve(events: EventDeliveryService, endpoint: EndpointId, stopped: watch::Receiver<bool>) {
    let mut goes_on = true;
    while !*stopped.borrow() {
        if goes_on {
            goes_on = bounded("sent again", events.replay(endpoint, REPLAY)).await.unwrap_or(false);
        }
        match events.deliver_next(endpoint).await {
            Ok(Some(report)) => tell(endpoint, &report),
            Ok(None) if goes_on => {}
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    endpoint.id = %endpoint,
                    "an event was not sent or its answer not recorded: it is tried again"
                );
                return;
            }
        }
    }
}

async fn bounded<T>(what: &'static str, job: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
    match tokio::time::timeout(LONGEST, job).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "{what}: the store failed");
            None
        }
        Err(_) => {
            tracing::warn!("{what}: it took too long and is tried again");
            None
        }
    }
}

/// Of what was delivered only a trace; of the rest what a person needs. Never the address, which may be a
/// secret of the receiver's.
fn tell(endpoint: EndpointId, report: &DeliveryReport) {
    let (status, fault) = match report.outcome {
        AttemptOutcome::Status(status) => (Some(status), None),
        AttemptOutcome::Fault(fault) => (None, Some(fault.code())),
    };
    let (event, kind, attempt) = (report.event_id, report.kind.as_str(), report.attempt);
    match report.state {
        Some(DeliveryState::Delivered { .. }) | None => {
            tracing::debug!(endpoint.id = %endpoint, event.id = %event, event.kind = kind, attempt, "an event was delivered");
        }
        Some(DeliveryState::Pending { due_at }) => tracing::warn!(
            endpoint.id = %endpoint, event.id = %event, event.kind = kind, attempt, status, fault, next_at = %due_at,
            "an event was not taken: it is tried again"
        ),
        Some(DeliveryState::Failed { .. }) => tracing::error!(
            endpoint.id = %endpoint, event.id = %event, event.kind = kind, attempt, status, fault,
            "an event is not tried any more: it waits for staff to send it again"
        ),
    }
    if report.disabled {
        tracing::error!(endpoint.id = %endpoint, "the endpoint said that it is gone, and was disabled");
    }
}
