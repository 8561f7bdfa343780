//! What a paid charge makes of a purchase: applied once, or kept.

use super::*;
use crate::events::EventBody;
use crate::ledger::EntryKind;
use crate::payments::{Receipt, ReceiptStatus};

#[test]
fn a_charge_pays_its_purchase_and_starts_its_periods() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    let purchase = world.place(PurchaseKind::New, &[B, A]).unwrap();
    let view = world.confirm_view(&purchase);
    let command = confirm_command(&purchase, &view.attempt, morning(world.today));
    let ConfirmationPlan::Apply { subject, receipt, posted, events, .. } =
        confirm_purchase_charge(&command, &view).unwrap()
    else {
        panic!("it is the first right charge")
    };
    assert_eq!((posted.entry.kind(), posted.number), (EntryKind::ConfirmPurchaseCharge, 1));
    assert_eq!(posted.entry.reference(), command.charge.id.as_str());
    assert_eq!((receipt.status, receipt.amount.fen()), (ReceiptStatus::Applied, 34_600));
    let body = EventBody::PurchasePaid {
        purchase_no: purchase.purchase_no.clone(),
        amount: purchase.amount,
        channel: "wx",
        kind: "new",
    };
    assert_eq!(events.iter().map(|event| event.body.clone()).collect::<Vec<_>>(), [body]);
    assert_eq!(subject.purchase.state.code(), "paid");
    for (record, held) in subject.purchase.records.iter().zip(&subject.periods) {
        assert_eq!(
            (record.period, &record.id, record.package_id),
            (Some(held.period), &held.record_id, held.package_id)
        );
        assert_eq!(held.term_starts, held.period.starts);
    }
    assert_eq!((subject.periods.len(), subject.superseded.len()), (2, 0));
}

#[test]
fn the_days_count_from_the_day_on_which_the_payer_paid() {
    // 23:59 and 00:01 in Beijing.
    for (paid_at, expected) in [
        ("2026-09-02T15:59:00Z", "2026-09-02..2027-09-01"),
        ("2026-09-02T16:01:00Z", "2026-09-03..2027-09-02"),
        // A payer's clock that is behind ours can't pay before the purchase was made.
        ("2026-08-30T00:00:00Z", "2026-09-01..2027-08-31"),
    ] {
        let mut world = World::new("2026-09-01");
        let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
        let view = world.confirm_view(&purchase);
        let mut command = confirm_command(&purchase, &view.attempt, morning(day("2026-10-01")));
        command.charge.paid_at = Some(paid_at.parse().unwrap());
        let ConfirmationPlan::Apply { subject, .. } = confirm_purchase_charge(&command, &view).unwrap() else {
            panic!("it was paid in time")
        };
        assert_eq!(days(subject.periods[0].period), expected, "{paid_at}");
    }
}

#[test]
fn a_second_a_late_and_a_closed_one_are_kept_and_go_back() {
    let mut world = World::new("2026-09-01");
    let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
    let Fate::Applied(paid) = world.clone().pay(&purchase) else { panic!("it is the first") };
    for (purchase, reason) in [
        (paid.purchase.clone(), UnappliedReason::PaidAlready),
        (Purchase { state: PurchaseState::Closed, ..purchase.clone() }, UnappliedReason::PurchaseClosed),
        (Purchase { expires_at: morning(world.today), ..purchase.clone() }, UnappliedReason::PurchaseClosed),
    ] {
        assert_eq!(world.clone().pay(&purchase), Fate::Kept(reason));
        assert_eq!(reason.follow_up(), ReceiptStatus::RefundDue);
    }
}

#[test]
fn the_same_charge_again_moves_nothing() {
    let mut world = World::new("2026-09-01");
    let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
    let mut view = world.confirm_view(&purchase);
    let command = confirm_command(&purchase, &view.attempt, morning(world.today));
    let receipt = crate::payments::receipt(&command.charge, &view.attempt, ReceiptStatus::Applied, None, command.at);
    view.receipt = Some(Receipt { ..receipt.clone() });
    let plan = confirm_purchase_charge(&command, &view).unwrap();
    assert_eq!(plan, ConfirmationPlan::AlreadyConfirmed(receipt));
}

/// What is wrong with a charge.
type Change = fn(&mut Charge);

#[test]
fn a_charge_that_differs_waits_for_a_person() {
    let changes: [(UnappliedReason, Change); 5] = [
        (UnappliedReason::AmountDiffers, |charge| charge.amount = Money::from_fen_u32(1)),
        (UnappliedReason::ModeDiffers, |charge| charge.mode = Mode::Live),
        (UnappliedReason::AppDiffers, |charge| charge.app_id.push('2')),
        (UnappliedReason::CurrencyDiffers, |charge| charge.currency = "usd".to_owned()),
        (UnappliedReason::RefundedAlready, |charge| charge.amount_refunded = Money::from_fen_u32(1)),
    ];
    for (reason, change) in changes {
        let mut world = World::new("2026-09-01");
        let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
        let view = world.confirm_view(&purchase);
        let mut command = confirm_command(&purchase, &view.attempt, morning(world.today));
        change(&mut command.charge);
        let ConfirmationPlan::Keep { receipt, .. } = confirm_purchase_charge(&command, &view).unwrap() else {
            panic!("it must not be applied: {reason:?}")
        };
        assert_eq!((receipt.reason, receipt.status), (Some(reason), ReceiptStatus::Review));
    }
}

#[test]
fn what_was_withdrawn_before_the_payer_paid_goes_back() {
    let moments = [(-1, true), (0, true), (1, false)];
    for (seconds, kept) in moments {
        let since = morning(day("2026-09-01")) + TimeDelta::seconds(seconds);
        let changes: [fn(&mut World, Timestamp); 2] = [
            |world, since| world.package(A).availability = Availability::Withdrawn { since },
            |world, since| world.view.projects[0].availability = Availability::Withdrawn { since },
        ];
        for change in changes {
            let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
            let purchase = world.place(PurchaseKind::New, &[B, A]).unwrap();
            change(&mut world, since);
            let fate = world.pay(&purchase);
            assert_eq!(fate == Fate::Kept(UnappliedReason::PackageWithdrawn), kept, "{seconds}");
            assert_eq!(world.view.periods.len(), if kept { 0 } else { 2 });
        }
    }
    let mut world = World::new("2026-09-01");
    let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
    world.view.packages.clear();
    assert_eq!(world.clone().pay(&purchase), Fate::Kept(UnappliedReason::PackageWithdrawn));
    world.view.projects.clear();
    assert_eq!(world.pay(&purchase), Fate::Kept(UnappliedReason::SubjectMissing));
}

#[test]
fn a_changed_price_touches_no_open_purchase() {
    let mut world = World::new("2026-09-01");
    let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
    world.package(A).list_price = Money::from_fen_u32(99_900);
    world.package(A).term = Term::try_new(1).unwrap();
    let Fate::Applied(paid) = world.pay(&purchase) else { panic!("it was promised") };
    assert_eq!(
        (paid.purchase.amount.fen(), days(paid.periods[0].period)),
        (15_800, "2026-09-01..2027-08-31".to_owned())
    );
}

#[test]
fn of_two_open_purchases_of_one_project_the_second_payment_goes_back() {
    let mut world = World::new("2026-09-01");
    let (a, b) = (world.place(PurchaseKind::New, &[A]).unwrap(), world.place(PurchaseKind::New, &[B]).unwrap());
    assert!(matches!(world.pay(&a), Fate::Applied(_)));
    assert_eq!(world.pay(&b), Fate::Kept(UnappliedReason::PackageHeld));
    // Two upgrades: what the second would replace is held no more.
    let (b, c) = (world.place(PurchaseKind::Upgrade, &[B]).unwrap(), world.place(PurchaseKind::Upgrade, &[C]).unwrap());
    assert!(matches!(world.clone().pay(&c), Fate::Applied(_)));
    assert!(matches!(world.pay(&b), Fate::Applied(_)));
    assert_eq!(world.pay(&c), Fate::Kept(UnappliedReason::HoldingChanged));
}

#[test]
fn a_renewal_is_given_while_its_first_day_is_the_quoted_one() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    let first = world.place(PurchaseKind::Renewal, &[A]).unwrap();
    world.package(A).name = "another name".to_owned();
    let second = world.place(PurchaseKind::Renewal, &[A]).unwrap();
    assert_ne!(second.purchase_no, first.purchase_no);
    // An upgrade meanwhile ends on the same day, so the renewal is what was promised.
    world.buy(PurchaseKind::Upgrade, &[B]).unwrap();
    let Fate::Applied(paid) = world.pay(&first) else { panic!("the first day is still the quoted one") };
    assert_eq!(days(paid.periods[0].period), "2027-09-01..2028-08-31");
    // The other one was quoted for the same days.
    assert_eq!(world.pay(&second), Fate::Kept(UnappliedReason::HoldingChanged));
    // A third, quoted after that, goes on from there.
    assert_eq!(world.buy(PurchaseKind::Renewal, &[A]).unwrap().1, ["2028-09-01..2029-08-31"]);
}

#[test]
fn a_renewal_that_is_paid_after_the_end_starts_on_the_day_of_payment() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    world.today = day("2027-08-30");
    let renewal = world.place(PurchaseKind::Renewal, &[A]).unwrap();
    world.today = day("2027-09-05");
    let Fate::Applied(paid) = world.pay(&renewal) else { panic!("nothing else was bought") };
    assert_eq!(days(paid.periods[0].period), "2027-09-05..2028-09-04");
}

#[test]
fn an_upgrade_that_is_paid_after_the_term_goes_back() {
    let mut world = World::new("2026-09-01");
    world.buy(PurchaseKind::New, &[A]).unwrap();
    world.buy(PurchaseKind::Renewal, &[A]).unwrap();
    world.today = day("2027-08-31");
    let upgrade = world.place(PurchaseKind::Upgrade, &[B]).unwrap();
    let Fate::Applied(_) = world.clone().pay(&upgrade) else { panic!("the last day is a day") };
    world.today = day("2027-09-01");
    assert_eq!(world.pay(&upgrade), Fate::Kept(UnappliedReason::HoldingChanged));
}

#[test]
fn of_several_a_renewal_of_what_was_replaced_goes_back() {
    let mut world = World::of("2026-09-01", Selection::Multi, UpgradePricing::Difference);
    world.buy(PurchaseKind::New, &[A]).unwrap();
    let renewal = world.place(PurchaseKind::Renewal, &[A]).unwrap();
    let (b, c) = (world.place(PurchaseKind::Upgrade, &[B]).unwrap(), world.place(PurchaseKind::Upgrade, &[C]).unwrap());
    assert!(matches!(world.pay(&b), Fate::Applied(_)));
    assert_eq!(world.pay(&renewal), Fate::Kept(UnappliedReason::HoldingChanged));
    assert_eq!(world.pay(&c), Fate::Kept(UnappliedReason::HoldingChanged));
}

#[test]
fn only_an_unpaid_purchase_past_its_time_is_closed() {
    let mut world = World::new("2026-09-01");
    let purchase = world.place(PurchaseKind::New, &[A]).unwrap();
    let Fate::Applied(paid) = world.pay(&purchase) else { panic!("it is the first") };
    let close = |purchase: &Purchase, at| {
        let command = ClosePurchase {
            user_id: purchase.user_id,
            purchase_no: purchase.purchase_no.clone(),
            at,
            event_id: EventId::from_random(7),
        };
        close_purchase(&command, purchase)
    };
    let before = purchase.expires_at - TimeDelta::microseconds(1);
    assert_eq!(close(&purchase, before), ClosePurchasePlan::Keep(purchase.clone()));
    assert_eq!(close(&paid.purchase, purchase.expires_at), ClosePurchasePlan::Keep(paid.purchase.clone()));
    let ClosePurchasePlan::Close { purchase: closed, events } = close(&purchase, purchase.expires_at) else {
        panic!("its time is over")
    };
    assert_eq!((closed.state.clone(), events.len()), (PurchaseState::Closed, 1));
    assert_eq!(close(&closed, purchase.expires_at), ClosePurchasePlan::Keep(closed));
}
