//! One run from its begin to its end.

use super::Reconciliation;
use crate::clock::Timestamp;
use crate::reconciliation::bill::{Bill, BillKind};
use crate::reconciliation::difference::{Difference, Source, Standing};
use crate::reconciliation::error::ReconcileError;
use crate::reconciliation::ports::{BooksCursor, ListOnly, ListQuery, Progress, Stage};
use crate::reconciliation::rules::{BillMatching, GatewayMatching, Lookup, standing};
use crate::reconciliation::run::{Counts, FinishRun, Run};
use crate::reconciliation::sides::{OurPayment, OurRefund};
use crate::store::StoreError;
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// How many of our rows, or numbers of a bill, are looked at together.
const CHUNK: u32 = 500;
/// How far the gateway's clock may be from ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(10);

pub(super) async fn run(
    parts: &Reconciliation,
    run: Run,
    bills: Vec<(BillKind, Bill)>,
    progress: &dyn Progress,
) -> Result<Run, ReconcileError> {
    let mut running = Running { parts, progress, counts: Counts::default(), run };
    let outcome = running.compare(bills).await;
    let failure = outcome.as_ref().err().map(|error| error.code().to_owned());
    let (id, counts, at) = (running.run.id, running.counts, parts.clock.now());
    let finished = parts.store.finish(&FinishRun { id, failure, counts, at }).await;
    outcome?;
    Ok(finished?)
}

struct Running<'a> {
    parts: &'a Reconciliation,
    progress: &'a dyn Progress,
    counts: Counts,
    run: Run,
}

impl Running<'_> {
    async fn compare(&mut self, bills: Vec<(BillKind, Bill)>) -> Result<(), ReconcileError> {
        let (merchant, days) = (&self.parts.merchant, self.run.days);
        let mut gateway = match self.run.sources.contains(&Source::Gateway) {
            true => Some(GatewayMatching::new(merchant.clone(), days)),
            false => None,
        };
        let mut matched = Vec::new();
        for (kind, bill) in bills {
            let mut matching = BillMatching::new(kind, merchant.clone(), days, bill);
            self.bill(&mut matching).await?;
            matched.push(matching);
        }
        if let Some(matching) = &mut gateway {
            self.lists(matching).await?;
        }
        self.our_payments(gateway.as_ref(), &matched).await?;
        self.our_refunds(gateway.as_ref(), &matched).await?;
        self.gone().await
    }

    /// The list knows when a charge was made; whether it was paid on the days is seen by its own time.
    async fn lists(&mut self, matching: &mut GatewayMatching) -> Result<(), ReconcileError> {
        let (begin, end, policy) = (self.run.days.begins_at(), self.run.days.ends_at(), self.parts.policy);
        let paid_from = earlier(begin, policy.lookback);
        let refunded_from = earlier(begin, policy.refund_lookback).min(paid_from);
        let paid = ListQuery { created_from: paid_from, created_to: later(end, CLOCK_SKEW), only: ListOnly::Paid };
        let older = ListQuery { created_from: refunded_from, created_to: paid_from, only: ListOnly::Refunded };
        self.list(matching, &paid).await?;
        self.list(matching, &older).await
    }

    async fn list(&mut self, matching: &mut GatewayMatching, query: &ListQuery) -> Result<(), ReconcileError> {
        let mut after: Option<String> = None;
        loop {
            let page = self.parts.gateway.list(query, after.as_deref()).await?;
            let numbers = GatewayMatching::numbers_of(&page.charges);
            let ours = self.parts.books.numbers(&numbers).await?;
            let refunds = self.parts.books.refunds_of(&GatewayMatching::refunded_of(&page.charges, &ours)).await?;
            for listed in &page.charges {
                count(&mut self.counts.their_payments, usize::from(matching.is_of_days(&listed.payment)));
                let of_days = listed.refunds.iter().filter(|refund| matching.is_refund_of_days(refund));
                count(&mut self.counts.their_refunds, of_days.count());
            }
            let mut found = matching.listed(&page.charges, &ours, &refunds);
            found.extend(page.unreadable.iter().map(|name| matching.unreadable(name)));
            self.keep(found).await?;
            self.progress.moved(Stage::Lists, page.charges.len());
            match page.next {
                Some(next) if after.as_ref() != Some(&next) => after = Some(next),
                _ => return Ok(()),
            }
        }
    }

    async fn bill(&mut self, matching: &mut BillMatching) -> Result<(), ReconcileError> {
        let (payments, refunds) = matching.counts();
        count(&mut self.counts.their_payments, payments);
        count(&mut self.counts.their_refunds, refunds);
        self.keep(matching.unreadable()).await?;
        let mut above: Option<String> = None;
        loop {
            let numbers = matching.numbers(above.as_deref(), usize::try_from(CHUNK).unwrap_or(usize::MAX));
            let Some(last) = numbers.last() else { return Ok(()) };
            above = Some(last.clone());
            let ours = self.parts.books.numbers(&BillMatching::of_our_shape(&numbers)).await?;
            let charges: Vec<_> =
                ours.iter().flat_map(|number| &number.payments).map(|payment| payment.charge_id.clone()).collect();
            let refunds = self.parts.books.refunds_of(&charges).await?;
            let found = matching.listed(&numbers, &ours, &refunds);
            self.keep(found).await?;
            self.progress.moved(Stage::Bill(matching.kind()), numbers.len());
        }
    }

    async fn our_payments(
        &mut self,
        gateway: Option<&GatewayMatching>,
        bills: &[BillMatching],
    ) -> Result<(), ReconcileError> {
        let (from, to) = (self.run.days.begins_at(), self.run.days.ends_at());
        let mut above: Option<BooksCursor> = None;
        loop {
            let chunk = self.parts.books.payments_between(from, to, above, CHUNK).await?;
            let Some(last) = chunk.last() else { return Ok(()) };
            let (at, user_id, name) = (last.received_at, last.user_id, last.charge_id.as_str().to_owned());
            above = Some(BooksCursor { at, user_id, name });
            count(&mut self.counts.our_payments, chunk.len());
            self.progress.moved(Stage::Books, chunk.len());
            for payment in gateway.map(|matching| matching.unlisted(chunk.clone())).unwrap_or_default() {
                let theirs = self.parts.gateway.look_up(&payment.charge_id).await?;
                let found = gateway.map(|matching| matching.looked_up(&payment, theirs.as_ref().map(|it| &it.payment)));
                self.keep(found.unwrap_or_default()).await?;
            }
            for matching in bills {
                for payment in matching.unlisted(chunk.clone()) {
                    let found = self.payment_not_in_bill(matching, &payment).await;
                    self.keep(found.into_iter().collect()).await?;
                }
            }
        }
    }

    /// A bill is compared also where no gateway can be asked: then a payment that it has not is told.
    async fn payment_not_in_bill(&self, matching: &BillMatching, payment: &OurPayment) -> Option<Difference> {
        match self.parts.gateway.look_up(&payment.charge_id).await {
            Ok(Some(theirs)) => matching.looked_up(payment, Lookup::Found(&theirs.payment)),
            Ok(None) => matching.looked_up(payment, Lookup::NotFound),
            Err(_) => matching.looked_up(payment, Lookup::Unanswered),
        }
    }

    async fn our_refunds(
        &mut self,
        gateway: Option<&GatewayMatching>,
        bills: &[BillMatching],
    ) -> Result<(), ReconcileError> {
        let (from, to) = (self.run.days.begins_at(), self.run.days.ends_at());
        let mut above: Option<BooksCursor> = None;
        loop {
            let chunk = self.parts.books.refunds_between(from, to, above, CHUNK).await?;
            let Some(last) = chunk.last() else { return Ok(()) };
            above = Some(BooksCursor { at: last.at, user_id: last.user_id, name: last.name.clone() });
            count(&mut self.counts.our_refunds, chunk.len());
            self.progress.moved(Stage::Books, chunk.len());
            for refund in gateway.map(|matching| matching.unlisted_refunds(chunk.clone())).unwrap_or_default() {
                let theirs = self.parts.gateway.refunds_of(&refund.charge_id).await?;
                let found = gateway.and_then(|matching| matching.refund_looked_up(&refund, &theirs));
                self.keep(found.into_iter().collect()).await?;
            }
            for matching in bills {
                for refund in matching.unlisted_refunds(chunk.clone()) {
                    let found = self.refund_not_in_bill(matching, &refund).await;
                    self.keep(found.into_iter().collect()).await?;
                }
            }
        }
    }

    async fn refund_not_in_bill(&self, matching: &BillMatching, refund: &OurRefund) -> Option<Difference> {
        match self.parts.gateway.refunds_of(&refund.charge_id).await {
            Ok(theirs) => matching.refund_looked_up(refund, Lookup::Found(theirs.as_slice())),
            Err(_) => matching.refund_looked_up(refund, Lookup::Unanswered),
        }
    }

    /// Keeps what was found, each with how it stands to the run before. Nothing found is a sign of life.
    async fn keep(&mut self, found: Vec<Difference>) -> Result<(), StoreError> {
        let known: Option<BTreeSet<String>> = match self.run.previous {
            Some(previous) if !found.is_empty() => {
                let fingerprints: Vec<_> = found.iter().map(Difference::fingerprint).collect();
                Some(self.parts.store.known(previous, &fingerprints).await?)
            }
            _ => None,
        };
        let stand = |difference: Difference| {
            let known = known.as_ref().map(|known| known.contains(&difference.fingerprint()));
            (difference, standing(known))
        };
        let rows = found.into_iter().map(stand).collect();
        let stored = self.parts.store.add(self.run.id, rows, self.parts.clock.now()).await?;
        for (difference, standing) in &stored {
            if difference.kind.is_hint() {
                count(&mut self.counts.hints, 1);
                continue;
            }
            match standing {
                Standing::New => {
                    count(&mut self.counts.differences, 1);
                    count(&mut self.counts.new, 1);
                }
                Standing::Still => count(&mut self.counts.differences, 1),
                Standing::Gone => count(&mut self.counts.gone, 1),
            }
        }
        Ok(())
    }

    /// What the run before had and this one has not.
    async fn gone(&mut self) -> Result<(), ReconcileError> {
        let Some(previous) = self.run.previous else { return Ok(()) };
        let mut above = 0;
        loop {
            let page = self.parts.store.differences(previous, above, CHUNK).await?;
            let Some(last) = page.last() else { return Ok(()) };
            above = last.ordinal;
            let had =
                page.into_iter().filter(|kept| kept.standing != Standing::Gone && !kept.difference.kind.is_hint());
            let had: Vec<_> = had.map(|kept| kept.difference).collect();
            self.progress.moved(Stage::Gone, had.len());
            let fingerprints: Vec<_> = had.iter().map(Difference::fingerprint).collect();
            let known = self.parts.store.known(self.run.id, &fingerprints).await?;
            let gone = had.into_iter().filter(|difference| !known.contains(&difference.fingerprint()));
            let rows: Vec<_> = gone.map(|difference| (difference, Standing::Gone)).collect();
            let stored = self.parts.store.add(self.run.id, rows, self.parts.clock.now()).await?;
            count(&mut self.counts.gone, stored.len());
        }
    }
}

fn count(counter: &mut u64, by: usize) {
    *counter = counter.saturating_add(u64::try_from(by).unwrap_or(u64::MAX));
}

fn earlier(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_sub_signed(by).unwrap_or(at)
}

fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}
