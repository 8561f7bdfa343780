//! Looking for charges by our number, which the gateway's list can't be asked for: whoever looks goes through
//! all charges since then. So those who look at the same time go through the list together, or what an outage
//! has left behind would take a walk through the list for each charge.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::GatewayOrderNo;
use edupay_domain::payments::{Charge, GatewayError, GatewayFault};
use edupay_domain::schedule::later;
use edupay_mischief::failpoint;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::answer::unreadable;
use super::convert;
use super::gateway::{CreatedRange, PingppGateway};
use crate::wire::{ChargeDocument, List, tolerant};

/// A part of a list that is still not at its end is given up.
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

/// What of a listed charge says whether it is one that is looked for, and where in the list it stands.
#[derive(serde::Deserialize)]
struct Head {
    id: String,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    order_no: Option<String>,
    #[serde(default)]
    created: Value,
}

impl Head {
    fn created(&self) -> Option<Timestamp> {
        DateTime::from_timestamp(self.created.as_i64()?, 0)
    }
}

/// A charge that is looked for: the place of who wants it, and its text.
type Match = (usize, Box<RawValue>);

/// What a page has of those that are looked for, and its last charge, behind which the list goes on.
struct Page {
    matches: Vec<Match>,
    last: Option<Head>,
    has_more: bool,
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

    /// Goes through the list since then: the first page, and what is left behind it in parts at once, since each
    /// page waits for the gateway for most of its time.
    async fn go_through(
        &self,
        since: Timestamp,
        wanted: &[Wanted],
        found: &mut [Result<Vec<Charge>, GatewayError>],
    ) -> Result<(), GatewayError> {
        let all = CreatedRange { from: since, to: None };
        let first = self.read_page(all, None, wanted).await?;
        let mut matches = first.matches;
        if let Some(last) = first.last.filter(|_| first.has_more) {
            let [newest, newer, older, oldest] = parts(all, last.created());
            let (newest, newer, older, oldest) = tokio::try_join!(
                self.read_part(newest, Some(last.id), wanted),
                self.read_part(newer, None, wanted),
                self.read_part(older, None, wanted),
                self.read_part(oldest, None, wanted),
            )?;
            matches.extend([newest, newer, older, oldest].into_iter().flatten());
        }
        for (place, text) in matches {
            if let Some(found) = found.get_mut(place) {
                note(found, text.get());
            }
        }
        Ok(())
    }

    /// What there is of these in a part of the list, behind the charge of this id.
    async fn read_part(
        &self,
        part: Option<CreatedRange>,
        mut after: Option<String>,
        wanted: &[Wanted],
    ) -> Result<Vec<Match>, GatewayError> {
        let mut matches = Vec::new();
        let Some(part) = part else { return Ok(matches) };
        for _ in 0..MAX_PAGES {
            let page = self.read_page(part, after.as_deref(), wanted).await?;
            matches.extend(page.matches);
            match page.last {
                Some(last) if page.has_more => after = Some(last.id),
                _ => return Ok(matches),
            }
        }
        Err(unreadable("the list of charges has no end"))
    }

    async fn read_page(
        &self,
        range: CreatedRange,
        after: Option<&str>,
        wanted: &[Wanted],
    ) -> Result<Page, GatewayError> {
        failpoint!("gateway.find_charges.before");
        let list: List<Box<RawValue>> = self.charge_page(range, after).await?;
        failpoint!("gateway.find_charges.after");
        let mut page = Page { matches: Vec::new(), last: None, has_more: list.has_more };
        for item in list.data {
            let head: Head = serde_json::from_str(item.get()).map_err(unreadable)?;
            // The others are not ours to understand, and one that is odd must not hide ours.
            let ours = wanted.iter().enumerate();
            let ours = ours.filter(|(_, wanted)| head.order_no.as_deref() == Some(wanted.number.as_str()));
            page.matches.extend(ours.map(|(place, _)| (place, item.clone())));
            page.last = Some(head);
        }
        Ok(page)
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

/// What is left of a list behind a charge that was created then, newest first: quarters of the time,
/// which have about as many charges each where they come evenly. Where there is no time to share out, the first
/// goes on to the end.
fn parts(all: CreatedRange, last: Option<Timestamp>) -> [Option<CreatedRange>; 4] {
    let span = last.map_or(0, |last| last.signed_duration_since(all.from).num_seconds());
    if span < 4 {
        return [Some(all), None, None, None];
    }
    let [first, second, third] = [1, 2, 3].map(|part| {
        let seconds = TimeDelta::seconds(span.saturating_mul(part).saturating_div(4));
        later(all.from, seconds)
    });
    let range = |from, to| Some(CreatedRange { from, to });
    [range(third, all.to), range(second, Some(third)), range(first, Some(second)), range(all.from, Some(first))]
}
