//! Claims about reconciliation: what was booked is read in chunks, runs are kept, and one instance does the
//! daily one.

#![expect(clippy::indexing_slicing, reason = "a claim fails by panicking, as a test does")]

use super::{Case, StoreHarness};
use crate::fixtures::fen;
use chrono::{NaiveDate, TimeDelta};
use edupay_domain::ids::ChargeId;
use edupay_domain::packages::Day;
use edupay_domain::payments::{Channel, GatewayRefund, ReceiptStatus, RecordRefund, RefundStatus, record_refund};
use edupay_domain::reconciliation::{
    Action, BeginRun, BookedRefund, BooksCursor, Counts, Daily, Days, Difference, DifferenceKind, FinishRun,
    OurPayment, OurRefund, Repair, Run, RunStatus, Source, Standing, Thing, begin_run,
};
use futures_util::future::join_all;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A day that no other case has.
    fn day(&self) -> Day {
        let first = NaiveDate::from_ymd_opt(2100, 1, 1).unwrap();
        let days = i64::try_from(self.mark.checked_rem(2_000_000).unwrap_or_default()).unwrap();
        Day::new(first.checked_add_signed(TimeDelta::days(days)).unwrap())
    }

    fn begin(&self, daily: Daily, minutes: i64) -> BeginRun {
        let (days, sources) = (Days::one(self.day()), vec![Source::Gateway]);
        BeginRun { days, sources, started_by: None, daily, at: self.minute(minutes) }
    }

    async fn begun(&self, daily: Daily, minutes: i64) -> Option<Run> {
        self.harness().reconciliations().begin(&self.begin(daily, minutes), begin_run).await.unwrap()
    }

    async fn ended(&self, run: &Run, failure: Option<&str>, minutes: i64) -> Run {
        let counts = Counts { our_payments: 3, differences: 2, gone: 1, ..Counts::default() };
        let failure = failure.map(str::to_owned);
        let command = FinishRun { id: run.id, failure, counts, at: self.minute(minutes) };
        self.harness().reconciliations().finish(&command).await.unwrap()
    }

    fn difference(&self, name: &str) -> Difference {
        Difference {
            source: Source::Gateway,
            thing: Thing::Payment,
            kind: DifferenceKind::MissingHere,
            field: "amount_fen".to_owned(),
            name: name.to_owned(),
            gateway_order_no: Some("22016061601000100007".to_owned()),
            charge_id: Some(ChargeId::parse(name).unwrap()),
            refund_id: None,
            ours: None,
            theirs: Some("9900".to_owned()),
            action: Action::Confirm,
        }
    }

    /// Our payments that were booked in the case's first hour, of these charges, read two at a time.
    async fn booked(&self, of: &[ChargeId]) -> Vec<OurPayment> {
        let (mut found, mut above) = (Vec::new(), None);
        loop {
            let chunk = self.harness().books().payments_between(self.start(), self.minute(60), above, 2).await.unwrap();
            assert!(chunk.len() <= 2);
            let Some(last) = chunk.last() else { break };
            let (at, user_id, name) = (last.received_at, last.user_id, last.charge_id.to_string());
            above = Some(BooksCursor { at, user_id, name });
            found.extend(chunk.into_iter().filter(|payment| of.contains(&payment.charge_id)));
        }
        found
    }

    async fn given_back(&self, of: &[ChargeId]) -> Vec<OurRefund> {
        let (mut found, mut above) = (Vec::new(), None);
        loop {
            let chunk = self.harness().books().refunds_between(self.start(), self.minute(60), above, 2).await.unwrap();
            let Some(last) = chunk.last() else { break };
            above = Some(BooksCursor { at: last.at, user_id: last.user_id, name: last.name.clone() });
            found.extend(chunk.into_iter().filter(|refund| of.contains(&refund.charge_id)));
        }
        found
    }
}

/// A number is ours as soon as it has an attempt, and tells everything that was booked under it.
pub async fn a_number_tells_what_was_booked_under_it<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 9_900).await;
    let attempt = case.attempt(&order).await;
    let (number, unknown) = (attempt.gateway_order_no.clone(), case.attempt_no());
    let ask = async || harness.books().numbers(&[unknown.clone(), number.clone()]).await.unwrap();
    let found = ask().await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0].gateway_order_no, found[0].payments.len()), (&number, 0));
    let (first, second) = (case.charge(&attempt), case.charge(&attempt));
    case.confirm(&order, &attempt, &first).await;
    case.confirm(&order, &attempt, &second).await;
    let found = ask().await;
    let of = |id: &ChargeId| found[0].payments.iter().find(|payment| payment.charge_id == *id).unwrap().clone();
    let (applied, unapplied) = (of(&first.id), of(&second.id));
    assert_eq!((applied.status, unapplied.status), (ReceiptStatus::Applied, ReceiptStatus::RefundDue));
    assert_eq!((applied.asked, applied.booked, applied.channel), (fen(9_900), fen(9_900), Channel::Wx));
    assert_eq!((applied.user_id, applied.received_at), (order.user_id, case.minute(4)));
    assert_eq!(harness.books().numbers(&[]).await.unwrap(), []);
}

/// Payments are read by time, in chunks, each once.
pub async fn booked_payments_are_read_in_chunks<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let mut charges = Vec::new();
    for _ in 0..5 {
        charges.push(case.charged(100).await.1);
    }
    let found = case.booked(&charges).await;
    assert_eq!(found.len(), 5);
    assert!(found.is_sorted_by_key(|payment| (payment.received_at, payment.user_id)));
    let before = harness.books().payments_between(case.start(), case.minute(4), None, 100_000).await.unwrap();
    assert!(!before.iter().any(|payment| charges.contains(&payment.charge_id)), "the end is not included");
}

/// Refunds through the gateway are found by charge and by the time at which they succeeded; what went into the
/// balances is none of the gateway's.
pub async fn refunds_through_the_gateway_are_read_by_charge_and_by_time<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, charge) = case.charged(9_900).await;
    let refund = case.asked(&case.order_refund(&order, Some(900))).await;
    let found = harness.books().refunds_of(std::slice::from_ref(&charge)).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let told = (found[0].stage, found[0].amount, found[0].name.as_str());
    assert_eq!(told, (BookedRefund::AtGateway, fen(900), refund.refund_no.as_str()));
    assert_eq!(case.given_back(std::slice::from_ref(&charge)).await, []);
    // What could not be applied, and went back.
    let receipt = case.due().await;
    let news = RecordRefund {
        user_id: receipt.user_id,
        refund: GatewayRefund {
            id: case.refund_id(),
            charge_id: receipt.charge_id.clone(),
            gateway_order_no: Some(receipt.gateway_order_no.clone()),
            amount: receipt.amount,
            status: RefundStatus::Succeeded,
            failure: None,
            refund_no: None,
        },
        at: case.minute(6),
        next_try_at: case.minute(8),
        event_id: case.event_id(),
    };
    harness.receipts().record_refund(&news, record_refund).await.unwrap();
    let found = case.given_back(&[charge, receipt.charge_id.clone()]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].stage, found[0].at), (BookedRefund::Succeeded, case.minute(6)));
    assert_eq!(found[0].refund_id.as_ref(), Some(&news.refund.id));
    assert_eq!(harness.books().refunds_of(&[]).await.unwrap(), []);
}

/// A run is found as it was begun, and as it ended. Runs of the same days follow one another.
pub async fn a_run_is_kept_and_the_next_one_knows_it<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let first = case.begun(Daily::No, 1).await.unwrap();
    assert_eq!((first.status, first.previous, first.started_at), (RunStatus::Running, None, case.minute(1)));
    assert_eq!(harness.reconciliations().find(first.id).await.unwrap().as_ref(), Some(&first));
    let beside = case.begun(Daily::No, 2).await.unwrap();
    assert_eq!(beside.previous, None, "one that still runs is no run to compare with");
    let ended = case.ended(&first, None, 3).await;
    assert_eq!((ended.status, ended.finished_at), (RunStatus::Finished, Some(case.minute(3))));
    assert_eq!((ended.counts.our_payments, ended.counts.differences, ended.counts.gone), (3, 2, 1));
    assert_eq!(harness.reconciliations().find(first.id).await.unwrap().as_ref(), Some(&ended));
    let failed = case.ended(&beside, Some("gateway_unknown"), 4).await;
    assert_eq!((failed.status, failed.failure.as_deref()), (RunStatus::Failed, Some("gateway_unknown")));
    let next = case.begun(Daily::No, 5).await.unwrap();
    assert_eq!(next.previous, Some(first.id), "a failed one has not seen everything");
    assert!(next.id > beside.id && beside.id > first.id);
    let page = harness.reconciliations().list(Some(next.id), 1_000).await.unwrap();
    assert!(page.is_sorted_by(|one, other| one.id > other.id));
    assert!(page.iter().any(|run| run.id == first.id) && !page.iter().any(|run| run.id == next.id));
    let again = FinishRun { id: first.id, failure: None, counts: Counts::default(), at: case.minute(9) };
    assert!(harness.reconciliations().finish(&again).await.is_err(), "it has ended");
}

/// A difference is kept once, in its place; what was done about it is kept, and what is repaired stays so.
pub async fn differences_are_kept_once_and_in_their_places<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let store = harness.reconciliations();
    let run = case.begun(Daily::No, 1).await.unwrap();
    let named = |name: &str, standing| (case.difference(name), standing);
    let rows = vec![named("ch_1", Standing::New), named("ch_2", Standing::Still), named("ch_1", Standing::New)];
    let stored = store.add(run.id, rows, case.minute(2)).await.unwrap();
    assert_eq!(stored.len(), 2);
    let more = vec![named("ch_2", Standing::New), named("ch_3", Standing::Gone)];
    assert_eq!(store.add(run.id, more, case.minute(3)).await.unwrap().len(), 1);
    assert_eq!(store.find(run.id).await.unwrap().unwrap().touched_at, case.minute(3));
    let kept = store.differences(run.id, 0, 100).await.unwrap();
    let told: Vec<_> = kept.iter().map(|it| (it.ordinal, it.difference.name.as_str(), it.standing)).collect();
    assert_eq!(told, [(1, "ch_1", Standing::New), (2, "ch_2", Standing::Still), (3, "ch_3", Standing::Gone)]);
    assert_eq!(kept[0].difference, case.difference("ch_1"));
    let page = store.differences(run.id, 1, 1).await.unwrap();
    assert_eq!(page.iter().map(|it| it.ordinal).collect::<Vec<_>>(), [2]);
    let prints: Vec<_> = ["ch_1", "ch_3", "ch_4"].iter().map(|name| case.difference(name).fingerprint()).collect();
    let known = store.known(run.id, &prints).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), prints[..1], "what is gone is not had");
    let at = case.minute(5);
    let failed = Repair::Failed { code: "gateway_unknown".to_owned(), at };
    for repair in [failed, Repair::ForAPerson { at }, Repair::Done { at }] {
        store.mark(run.id, 1, &repair).await.unwrap();
        assert_eq!(store.differences(run.id, 0, 1).await.unwrap()[0].repair, repair);
    }
    store.mark(run.id, 1, &Repair::ForAPerson { at: case.minute(6) }).await.unwrap();
    assert_eq!(store.differences(run.id, 0, 1).await.unwrap()[0].repair, Repair::Done { at });
    case.ended(&run, None, 7).await;
    assert!(store.add(run.id, Vec::new(), case.minute(8)).await.is_err(), "it has ended");
}

/// Of sixteen that want the daily run of one day at once, one gets it.
pub async fn a_daily_run_is_given_to_one_of_many<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let answers = join_all((0..16).map(|_| {
        let (store, command) = (harness.reconciliations(), case.begin(Daily::Yes, 1));
        tokio::spawn(async move { store.begin(&command, begin_run).await.unwrap() })
    }))
    .await;
    let given: Vec<_> = answers.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(given.len(), 1);
    case.ended(&given[0], None, 2).await;
    assert_eq!(case.begun(Daily::Yes, 10_000).await, None, "it is done");
    assert!(case.begun(Daily::No, 10_000).await.is_some(), "anybody may compare again");
}

/// A daily run whose instance died is taken over; the dead one is failed and can't be gone on with.
pub async fn a_daily_run_that_was_left_is_taken_over<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let left = case.begun(Daily::Yes, 1).await.unwrap();
    assert_eq!(case.begun(Daily::Yes, 30).await, None);
    harness.reconciliations().add(left.id, Vec::new(), case.minute(31)).await.unwrap();
    assert_eq!(case.begun(Daily::Yes, 90).await, None, "it moved less than an hour ago");
    let next = case.begun(Daily::Yes, 91).await.unwrap();
    let left = harness.reconciliations().find(left.id).await.unwrap().unwrap();
    assert_eq!((left.status, left.failure.as_deref()), (RunStatus::Failed, Some("left")));
    assert!(harness.reconciliations().add(left.id, Vec::new(), case.minute(92)).await.is_err());
    case.ended(&next, Some("gateway_unknown"), 92).await;
    assert_eq!(case.begun(Daily::Yes, 93).await, None, "not at once after a failure");
    assert!(case.begun(Daily::Yes, 122).await.is_some());
}
