//! Whole stories of reconciliation: what nobody told us is found, booked by asking, and gone.

#![expect(clippy::unwrap_used, reason = "the steps of a test fail by panicking")]

use chrono::TimeDelta;
use edupay_domain::accounts::User;
use edupay_domain::ids::ChargeId;
use edupay_domain::orders::{Order, OrderState, OrderStore};
use edupay_domain::packages::Day;
use edupay_domain::payments::{Channel, Charge, PaymentGateway, Postponement};
use edupay_domain::reconciliation::{
    Action, Daily, Days, Difference, DifferenceKind, KeptDifference, ReconciliationStore, Repair, Repaired, Run,
    RunStatus, Silent, Source, Standing, Thing, WantedRun,
};
use edupay_testkit::fixtures::{fen, monday};
use edupay_testkit::gateway::{Call, Fault};
use edupay_testkit::platform::{PAYER_IP, Platform};

/// The day on which a platform begins, a few minutes before noon in Beijing.
pub(super) fn first_day() -> Days {
    Days::one(Day::parse("2016-06-15").unwrap())
}

fn wanted(daily: Daily) -> WantedRun {
    let days = Some(first_day());
    WantedRun { days, sources: vec![Source::Gateway], started_by: None, daily }
}

async fn run(platform: &Platform) -> (Run, Vec<KeptDifference>) {
    let run = platform.reconciliation.begin(&wanted(Daily::No)).await.unwrap().unwrap();
    let run = platform.reconciliation.carry_out(run, Vec::new(), &Silent).await.unwrap();
    let kept = platform.reconciliation.differences(run.id, 0, 500).await.unwrap();
    assert_eq!(
        platform.reconciliation.list(None, 1).await.unwrap().iter().map(|run| run.id).collect::<Vec<_>>(),
        [run.id]
    );
    (run, kept)
}

/// An order whose charge was paid, without our hearing of it.
pub(super) async fn paid_unheard(platform: &Platform, buyer: &User) -> (Order, Charge) {
    let order = platform.order(buyer, 9_900).await;
    let attempt = platform.orders.pay_by_charge(buyer, order.order_no.clone(), Channel::Wx, PAYER_IP).await.unwrap();
    let charge = platform.gateway.payer_pays(&attempt.charge_id.unwrap()).unwrap();
    (order, charge)
}

/// Another charge of the first one's number, paid: the gateway makes it once its minute is over.
pub(super) async fn paid_again(platform: &Platform) -> Charge {
    platform.clock.step(TimeDelta::minutes(5));
    let request = platform.gateway.requests().remove(0);
    let second = PaymentGateway::create_charge(platform.gateway.as_ref(), &request).await;
    platform.gateway.payer_pays(&second.unwrap().id).unwrap()
}

async fn hear(platform: &Platform, charge: &Charge) {
    platform.payments.confirm(charge).await.unwrap();
}

fn named(kept: &[KeptDifference]) -> Vec<(DifferenceKind, &str, Standing)> {
    let mut named: Vec<_> =
        kept.iter().map(|it| (it.difference.kind, it.difference.name.as_str(), it.standing)).collect();
    named.sort();
    named
}

#[tokio::test]
async fn what_was_paid_unheard_is_found_repaired_and_gone() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let mut lost = Vec::new();
    for place in 0..8 {
        let (order, charge) = paid_unheard(&platform, &buyer).await;
        if place % 2 == 0 { hear(&platform, &charge).await } else { lost.push((order, charge)) }
    }
    let all = |standing: Standing| {
        let mut all: Vec<_> =
            lost.iter().map(|(_, charge)| (DifferenceKind::MissingHere, charge.id.as_str(), standing)).collect();
        all.sort();
        all
    };
    let (first, kept) = run(&platform).await;
    assert_eq!(named(&kept), all(Standing::New));
    assert_eq!((first.counts.our_payments, first.counts.their_payments, first.counts.differences), (4, 8, 4));
    assert!(platform.gateway.calls(Call::ListCharges) >= 4, "the list has pages of three");
    let (second, kept) = run(&platform).await;
    assert_eq!((second.previous, named(&kept)), (Some(first.id), all(Standing::Still)));
    let repaired = platform.reconciliation.repair(second.id, &Silent).await.unwrap();
    assert_eq!(repaired, Repaired { done: 4, for_a_person: 0, failed: 0 });
    for (order, _) in &lost {
        let order = OrderStore::find(&platform.store, buyer.id, &order.order_no).await.unwrap().unwrap();
        assert!(matches!(order.state, OrderState::Paid(_)));
    }
    let again = platform.reconciliation.repair(second.id, &Silent).await.unwrap();
    assert_eq!(again, Repaired::default(), "what is repaired stays so");
    let (third, kept) = run(&platform).await;
    assert_eq!((third.counts.differences, third.counts.gone, named(&kept)), (0, 4, all(Standing::Gone)));
    let (fourth, kept) = run(&platform).await;
    assert_eq!((fourth.counts.gone, kept.len()), (0, 0));
    platform.audit().await;
}

#[tokio::test]
async fn a_second_payment_of_one_order_is_booked_and_owed_back() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (order, first) = paid_unheard(&platform, &buyer).await;
    hear(&platform, &first).await;
    let second = paid_again(&platform).await;
    let (found, kept) = run(&platform).await;
    assert_eq!(named(&kept), [(DifferenceKind::DuplicateThere, second.id.as_str(), Standing::New)]);
    assert_eq!(platform.reconciliation.repair(found.id, &Silent).await.unwrap().done, 1);
    platform.payments.refund_due(10).await.unwrap();
    assert_eq!(platform.gateway.refunds().len(), 1);
    assert_eq!(platform.gateway.refunds()[0].charge_id, second.id);
    let order = OrderStore::find(&platform.store, buyer.id, &order.order_no).await.unwrap().unwrap();
    assert!(matches!(order.state, OrderState::Paid(_)));
    assert_eq!(run(&platform).await.0.counts.differences, 0);
    platform.audit().await;
}

#[tokio::test]
async fn a_refund_made_at_the_gateway_is_found_and_booked() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    let (_, charge) = paid_unheard(&platform, &buyer).await;
    hear(&platform, &charge).await;
    let refund = platform.gateway.refund_by_hand(&charge.id, fen(900), None).unwrap();
    let (found, kept) = run(&platform).await;
    assert_eq!(named(&kept), [(DifferenceKind::MissingHere, refund.id.as_str(), Standing::New)]);
    assert_eq!(kept[0].difference.action, Action::RecordRefund);
    assert_eq!(platform.reconciliation.repair(found.id, &Silent).await.unwrap().done, 1);
    assert_eq!(run(&platform).await.0.counts.differences, 0);
    platform.audit().await;
}

#[tokio::test]
async fn a_gateway_that_fails_half_way_fails_the_run_and_repair_is_tried_again() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    for _ in 0..5 {
        paid_unheard(&platform, &buyer).await;
    }
    let begun = platform.reconciliation.begin(&wanted(Daily::No)).await.unwrap().unwrap();
    let running = platform.reconciliation.repair(begun.id, &Silent).await.unwrap_err();
    assert_eq!(running.code(), "reconciliation_running");
    platform.gateway.fail_until_healed(Call::ListCharges, Fault::LoseAnswer);
    let failed = platform.reconciliation.carry_out(begun.clone(), Vec::new(), &Silent).await.unwrap_err();
    assert_eq!(failed.code(), "gateway_unknown");
    let stored = platform.reconciliation.find(begun.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.failure.as_deref()), (RunStatus::Failed, Some("gateway_unknown")));
    platform.gateway.heal();
    let (found, kept) = run(&platform).await;
    assert_eq!((found.previous, kept.len()), (None, 5));
    platform.gateway.fail_until_healed(Call::FindCharge, Fault::Postpone(Postponement::Throttled));
    let repaired = platform.reconciliation.repair(found.id, &Silent).await.unwrap();
    assert_eq!(repaired, Repaired { done: 0, for_a_person: 0, failed: 5 });
    let kept = platform.reconciliation.differences(found.id, 0, 1).await.unwrap();
    assert!(matches!(&kept[0].repair, Repair::Failed { code, .. } if code == "gateway_throttled"), "{kept:?}");
    platform.gateway.heal();
    assert_eq!(platform.reconciliation.repair(found.id, &Silent).await.unwrap().done, 5);
    platform.audit().await;
}

#[tokio::test]
async fn the_daily_run_is_of_yesterday_once_and_not_before_its_hour() {
    let platform = Platform::new();
    let buyer = platform.buyer("xiaoyu", 0).await;
    paid_unheard(&platform, &buyer).await;
    platform.clock.step(TimeDelta::days(1));
    assert_eq!(platform.reconciliation.run_daily(12).await.unwrap(), None);
    let daily = platform.reconciliation.run_daily(11).await.unwrap().unwrap();
    assert_eq!((daily.days, daily.counts.differences), (first_day(), 1));
    assert_eq!(platform.reconciliation.run_daily(11).await.unwrap(), None, "it is done");
}

#[tokio::test]
async fn what_a_person_must_look_at_is_marked() {
    let platform = Platform::new();
    let run = platform.reconciliation.begin(&wanted(Daily::No)).await.unwrap().unwrap();
    let stranger = Difference {
        source: Source::Gateway,
        thing: Thing::Payment,
        kind: DifferenceKind::MissingHere,
        field: "amount_fen".to_owned(),
        name: "ch_stranger".to_owned(),
        gateway_order_no: Some("another-shop's".to_owned()),
        charge_id: Some(ChargeId::parse("ch_stranger").unwrap()),
        refund_id: None,
        ours: None,
        theirs: Some("1".to_owned()),
        action: Action::Confirm,
    };
    let rows = vec![(stranger, Standing::New)];
    ReconciliationStore::add(&platform.store, run.id, rows, monday()).await.unwrap();
    let run = platform.reconciliation.carry_out(run, Vec::new(), &Silent).await.unwrap();
    let repaired = platform.reconciliation.repair(run.id, &Silent).await.unwrap();
    assert_eq!(repaired, Repaired { done: 0, for_a_person: 1, failed: 0 });
}

/// The list of the gateway is read for as long before the days as the policy says.
#[tokio::test]
async fn what_is_older_than_the_lists_that_are_read_is_not_found_in_them() {
    for (age, found) in [(TimeDelta::days(89), 1), (TimeDelta::days(92), 0)] {
        let platform = Platform::new();
        let buyer = platform.buyer("xiaoyu", 0).await;
        platform.clock.step(-age);
        let (_, charge) = paid_unheard(&platform, &buyer).await;
        hear(&platform, &charge).await;
        platform.clock.step(age);
        platform.gateway.refund_by_hand(&charge.id, fen(900), None).unwrap();
        assert_eq!(run(&platform).await.0.counts.differences, found, "{age}");
    }
}
