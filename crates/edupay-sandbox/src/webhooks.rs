//! Sending webhooks: signed over the raw body, repeated on Ping++'s schedule until a 2xx.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use actix_web::rt::time::sleep;
use edupay_pingpp::signing::REPLY_SIGNATURE_HEADER;

use crate::events::{Delivery, StoredEvent};
use crate::faults::{DeliveryFaults, Signing};
use crate::shared::Shared;

/// Keeps an event and sends its webhook in the background.
pub(crate) fn announce(shared: &Arc<Shared>, event: StoredEvent) {
    let Some((faults, event)) = prepare(shared, event) else { return };
    for copy in 1..=faults.copies {
        let (shared, outgoing) = (Arc::clone(shared), Outgoing::new(&event, &faults, copy));
        rt::spawn(async move {
            sleep(faults.delay).await;
            outgoing.deliver(&shared).await;
        });
    }
}

/// Keeps an event and waits for the answer to the first attempt; repeats follow in the background.
pub(crate) async fn announce_and_wait(shared: &Arc<Shared>, event: StoredEvent) {
    let Some((faults, event)) = prepare(shared, event) else { return };
    sleep(faults.delay).await;
    let mut first_attempts = Vec::new();
    for copy in 1..=faults.copies {
        let (shared, mut outgoing) = (Arc::clone(shared), Outgoing::new(&event, &faults, copy));
        first_attempts.push(rt::spawn(async move {
            if outgoing.attempt(&shared).await.is_retryable() {
                rt::spawn(async move { outgoing.repeat(&shared).await });
            }
        }));
    }
    for attempt in first_attempts {
        // A panic of the sender is visible in the log; the reply goes out all the same.
        let _ = attempt.await;
    }
}

/// Sends an event once more, well signed and without faults.
pub(crate) async fn resend(shared: &Arc<Shared>, event: &StoredEvent) -> Delivery {
    let text = event.document.to_string();
    let mut outgoing = Outgoing { event: event.clone(), text, signing: Signing::Good, copy: 1, attempts: 0 };
    let _ = outgoing.attempt(shared).await;
    shared.book().deliveries().last().cloned().unwrap_or_else(|| outgoing.record(shared, Err(String::new())))
}

struct Outgoing {
    event: StoredEvent,
    text: String,
    signing: Signing,
    copy: u64,
    attempts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepted,
    Refused,
    NoReceiver,
}

impl Answer {
    fn is_retryable(self) -> bool {
        self == Self::Refused
    }
}

impl Outgoing {
    fn new(event: &StoredEvent, faults: &DeliveryFaults, copy: u64) -> Self {
        let mut document = event.document.clone();
        faults.distortions.apply(&mut document);
        let text = document.to_string();
        Self { event: event.clone(), text, signing: faults.signing, copy, attempts: 0 }
    }

    async fn deliver(mut self, shared: &Arc<Shared>) {
        if self.attempt(shared).await.is_retryable() {
            self.repeat(shared).await;
        }
    }

    async fn repeat(&mut self, shared: &Arc<Shared>) {
        for wait in shared.options.webhook_retries.clone() {
            sleep(wait).await;
            if !self.attempt(shared).await.is_retryable() {
                return;
            }
        }
    }

    async fn attempt(&mut self, shared: &Arc<Shared>) -> Answer {
        self.attempts = self.attempts.saturating_add(1);
        let Some(url) = shared.webhook_url() else {
            let delivery = self.record(shared, Err("no webhook address is set".to_owned()));
            shared.book().keep_delivery(delivery);
            return Answer::NoReceiver;
        };
        let signature = match self.signing {
            Signing::Good => shared.keys.pingpp.sign(self.text.as_bytes()).ok(),
            Signing::Bad => shared.keys.pingpp.sign(b"another body").ok(),
            Signing::Absent => None,
        };
        let (agent, text) = (shared.agent.clone(), self.text.clone());
        let sent = rt::task::spawn_blocking(move || post(&agent, &url, &text, signature)).await;
        let outcome = sent.unwrap_or_else(|error| Err(error.to_string()));
        if !matches!(outcome, Ok(200..=299)) {
            tracing::warn!(event.id = %self.event.id, attempt = self.attempts, ?outcome, "a webhook was not accepted");
        }
        let answer = match outcome {
            Ok(200..=299) => Answer::Accepted,
            Ok(_) | Err(_) => Answer::Refused,
        };
        let delivery = self.record(shared, outcome);
        shared.book().keep_delivery(delivery);
        answer
    }

    fn record(&self, shared: &Shared, outcome: Result<u16, String>) -> Delivery {
        Delivery {
            event: self.event.id.clone(),
            kind: self.event.kind,
            object_id: self.event.object_id.clone(),
            copy: self.copy,
            attempt: self.attempts,
            at: shared.clock.now(),
            status: outcome.as_ref().ok().copied(),
            error: outcome.err(),
        }
    }
}

/// Keeps the event and decides its faults; nothing when it is never sent.
fn prepare(shared: &Arc<Shared>, event: StoredEvent) -> Option<(DeliveryFaults, StoredEvent)> {
    let mut faults = shared.faults().of_delivery();
    // The two test cases that Ping++'s test mode knows.
    match event.test_case.as_deref() {
        Some("001") => faults.copies = faults.copies.saturating_add(1),
        Some("002") => faults.delay = faults.delay.saturating_add(Duration::from_secs(300)),
        _ => {}
    }
    let mut book = shared.book();
    book.keep_event(event.clone());
    if faults.never {
        book.keep_delivery(Delivery {
            event: event.id.clone(),
            kind: event.kind,
            object_id: event.object_id.clone(),
            copy: 1,
            attempt: 0,
            at: shared.clock.now(),
            status: None,
            error: Some("never sent, as the fault plan says".to_owned()),
        });
        return None;
    }
    Some((faults, event))
}

fn post(agent: &ureq::Agent, url: &str, text: &str, signature: Option<String>) -> Result<u16, String> {
    let mut request = agent
        .post(url)
        .header("Content-Type", "application/json; charset=UTF-8")
        .header("User-Agent", "Pingplusplus Webhook (edupay sandbox)")
        .header("Connection", "close");
    if let Some(signature) = signature {
        request = request.header(REPLY_SIGNATURE_HEADER, signature);
    }
    let response = request.send(text).map_err(|error| error.to_string())?;
    Ok(response.status().as_u16())
}
