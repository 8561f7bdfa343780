//! Looking for charges by our number, which the gateway's list can't be asked for: whoever looks goes through
//! all charges since then. So those who look at the same time go through the list together, or what an outage
//! has left behind would take a walk through the list for each charge.

use std::sync::{Arc, Mutex, PoisonError};

use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayOrderNo;
use edupay_domain::payments::{Charge, GatewayError, GatewayFault};
use edupay_mischief::failpoint;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::answer::unreadable;
use super::convert;
use super::gateway::PingppGateway;
use crate::wire::{ChargeDocument, List, tolerant};

/// A list that is still not at its end is given up.
const MAX_PAGES: usize = 1_000;

/// Who waits for a walk through the list, and the one walk that may be under way.
#[derive(Default)]
pub(super) struct Finding {
    waiting: Mutex<Vec<Wanted>>,
    walk: Arc<tokio::sync::Mutex<()>>,
}

/// A number that is looked for, and who waits for what there is of it.
struct Wanted {
    number: GatewayOrderNo,
    since: Timestamp,
    tell: oneshot::Sender<Result<Vec<Charge>, GatewayError>>,
}

/// What of a listed charge says whether it is one that is looked for.
#[derive(serde::Deserialize)]
struct Head {
    id: String,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    order_no: Option<String>,
}

impl PingppGateway {
    /// The charges of this number that were created since then. Whoever comes while a walk is under way waits
    /// for the next one, so what is told is never older than the question.
    pub(super) async fn find_in_list(
        &self,
        number: &GatewayOrderNo,
        since: Timestamp,
    ) -> Result<Vec<Charge>, GatewayError> {
        let finding = self.finding();
        let (tell, mut told) = oneshot::channel();
        finding.wanted().push(Wanted { number: number.clone(), since, tell });
        tokio::select! {
            biased;
            told = &mut told => return told.unwrap_or_else(|_| Err(cut_off())),
            turn = Arc::clone(&finding.walk).lock_owned() => {
                let wanted = std::mem::take(&mut *finding.wanted());
                let gateway = self.clone();
                // In a task of its own: whoever began it may give up waiting, the others have not.
                tokio::spawn(async move {
                    gateway.walk(wanted).await;
                    drop(turn);
                });
            }
        }
        told.await.unwrap_or_else(|_| Err(cut_off()))
    }

    /// Goes through the list once, for all of these.
    async fn walk(&self, wanted: Vec<Wanted>) {
        let Some(since) = wanted.iter().map(|wanted| wanted.since).min() else { return };
        let mut found: Vec<Result<Vec<Charge>, GatewayError>> = wanted.iter().map(|_| Ok(Vec::new())).collect();
        if let Err(error) = self.go_through(since, &wanted, &mut found).await {
            let error = Arc::new(error);
            for found in &mut found {
                *found = Err(GatewayError::new(error.fault().clone(), Arc::clone(&error)));
            }
        }
        for (wanted, found) in wanted.into_iter().zip(found) {
            // Who has given up waiting needs no answer.
            let _ = wanted.tell.send(found);
        }
    }

    async fn go_through(
        &self,
        since: Timestamp,
        wanted: &[Wanted],
        found: &mut [Result<Vec<Charge>, GatewayError>],
    ) -> Result<(), GatewayError> {
        let mut after = None;
        for _ in 0..MAX_PAGES {
            failpoint!("gateway.find_charges.before");
            let page: List<Box<RawValue>> = self.charge_page(since, after.as_deref()).await?;
            failpoint!("gateway.find_charges.after");
            for item in &page.data {
                let head: Head = serde_json::from_str(item.get()).map_err(unreadable)?;
                // The others are not ours to understand, and one that is odd must not hide ours.
                let ours = wanted
                    .iter()
                    .zip(found.iter_mut())
                    .filter(|(wanted, _)| head.order_no.as_deref() == Some(wanted.number.as_str()));
                for (_, found) in ours {
                    note(found, item.get());
                }
                after = Some(head.id);
            }
            if !page.has_more || page.data.is_empty() {
                return Ok(());
            }
        }
        Err(unreadable("the list of charges has no end"))
    }
}

impl Finding {
    fn wanted(&self) -> std::sync::MutexGuard<'_, Vec<Wanted>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them that can't be read leaves unknown what there is of that number, and of no other.
fn note(found: &mut Result<Vec<Charge>, GatewayError>, text: &str) {
    let read = ChargeDocument::parse(text).map_err(unreadable);
    let read = read.and_then(|document| convert::charge(document).map_err(unreadable));
    match (read, found) {
        (Ok(charge), Ok(charges)) => charges.push(charge),
        (Err(error), found) => *found = Err(error),
        (Ok(_), Err(_)) => {}
    }
}

fn cut_off() -> GatewayError {
    GatewayError::new(GatewayFault::Unknown, "the walk through the list was cut off")
}
