//! Claims about paid charges of purchases: each is applied once or kept apart once, never lost.

use super::{Campus, Case, Placed, RecordedEvent, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::clock::Timestamp;
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ledger::{EntryKind, Wallet};
use edupay_domain::packages::{
    Availability, ConfirmPurchaseCharge, Day, ImportMode, PackageDraft, Period, PlacePlan, Purchase, PurchaseKind,
    PurchaseRecord, PurchaseState, Selection, ServicePeriod, Supersession, Term, close_purchase,
    confirm_purchase_charge, put_students,
};
use edupay_domain::payments::{
    AttemptStatus, Channel, Charge, Confirmation, Mode, Receipt, ReceiptStatus, UnappliedReason,
};

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// Places and pays at once.
    async fn bought(&self, campus: &Campus, kind: PurchaseKind, packages: &[usize], at: Timestamp) -> Placed {
        let placed = self.placed(&self.place_command_at(campus, kind, packages, at)).await;
        let answer = self.pay_purchase(&placed).await;
        assert!(matches!(answer, Confirmation::Applied(_)), "{answer:?}");
        placed
    }

    /// Confirms, and checks that the charge was kept for this reason: a receipt, an entry and an event of
    /// its own, and nothing else.
    async fn is_kept_for(&self, placed: &Placed, charge: &Charge, reason: UnappliedReason) {
        let student = placed.purchase.user_id;
        let (purchase, periods) = (self.stored_purchase(&placed.purchase).await, self.periods(student).await);
        let before = self.wallet(student).await;
        let command = self.confirm_purchase_command(placed, charge);
        let answer = self.harness().packages().confirm_charge(&command, confirm_purchase_charge).await.unwrap();
        let receipt = Receipt {
            user_id: student,
            charge_id: charge.id.clone(),
            gateway_order_no: placed.attempt.gateway_order_no.clone(),
            amount: charge.amount,
            status: reason.follow_up(),
            reason: Some(reason),
            refund_id: None,
            received_at: command.at,
            next_try_at: command.at,
        };
        assert_eq!(answer, Confirmation::Unapplied(receipt.clone()));
        let stored = self.harness().receipts().find_receipt(student, &charge.id).await.unwrap();
        assert_eq!(stored, Some(receipt.clone()));
        let due = self.harness().receipts().due_refunds(command.at, 100_000).await.unwrap();
        assert_eq!(due.contains(&receipt), reason.follow_up() == ReceiptStatus::RefundDue);
        assert_eq!(self.stored_purchase(&placed.purchase).await, purchase);
        assert_eq!(self.periods(student).await, periods);
        let entries = before.entries.saturating_add(i64::from(u8::from(reason.is_booked())));
        assert_eq!(self.wallet(student).await, Wallet { entries, ..before });
        let body =
            EventBody::ReceiptUnapplied { charge_id: charge.id.clone(), amount: charge.amount, reason: reason.code() };
        let event = Event { id: command.event_id, user_id: student, at: command.at, body };
        assert_eq!(self.events(student, "receipt.unapplied").await.last(), Some(&RecordedEvent::of(&event)));
    }
}

fn year_from(at: Timestamp) -> Period {
    Term::try_new(12).unwrap().period_from(Day::of(at)).unwrap()
}

/// So many days after the start.
fn days<H: StoreHarness + ?Sized>(case: &Case<'_, H>, days: i64) -> Timestamp {
    case.minute(days.saturating_mul(24 * 60))
}

/// The right charge pays the purchase: state, period, receipt, attempt, entry and event.
pub async fn a_charge_pays_its_purchase<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    let charge = case.charge(&placed.attempt);
    let before = case.wallet(campus.student).await;
    let command = case.confirm_purchase_command(&placed, &charge);
    let answer = harness.packages().confirm_charge(&command, confirm_purchase_charge).await.unwrap();
    let receipt = Receipt {
        user_id: campus.student,
        charge_id: charge.id.clone(),
        gateway_order_no: placed.attempt.gateway_order_no.clone(),
        amount: fen(100),
        status: ReceiptStatus::Applied,
        reason: None,
        refund_id: None,
        received_at: command.at,
        next_try_at: command.at,
    };
    assert_eq!(answer, Confirmation::Applied(receipt.clone()));
    let stored = harness.receipts().find_receipt(campus.student, &charge.id).await.unwrap();
    assert_eq!(stored, Some(receipt));
    assert_eq!(harness.receipts().find_owner(&charge.id).await.unwrap(), Some(campus.student));
    let period = year_from(charge.paid_at.unwrap());
    let purchase = &placed.purchase;
    let state =
        PurchaseState::Paid { at: command.at, channel: Channel::Wx, charge_id: charge.id.clone(), refunded: fen(0) };
    let paid = |record: &PurchaseRecord| PurchaseRecord { period: Some(period), ..record.clone() };
    let records = purchase.records.iter().map(paid).collect();
    assert_eq!(case.stored_purchase(purchase).await, Purchase { state, records, ..purchase.clone() });
    let package = campus.packages.first().unwrap();
    let held = ServicePeriod {
        user_id: campus.student,
        project_id: campus.project.id,
        record_id: purchase.records.first().unwrap().id.clone(),
        package_id: package.id,
        period,
        term_starts: period.starts,
        list_price: fen(100),
        superseded: None,
        ended: None,
    };
    assert_eq!(case.periods(campus.student).await, [held]);
    let attempts = harness.charges().attempts_of(campus.student, &placed.attempt.subject).await.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.status).collect::<Vec<_>>(), [AttemptStatus::Paid]);
    assert_eq!(case.wallet(campus.student).await, Wallet { entries: 1, ..before });
    assert_eq!(case.entry_kinds(campus.student).await, [EntryKind::ConfirmPurchaseCharge]);
    assert_eq!(case.entry_kinds(campus.guardian).await, [], "whoever asked: it is the student's");
    let purchase_no = purchase.purchase_no.clone();
    let body = EventBody::PurchasePaid { purchase_no, amount: fen(100), channel: "wx", kind: "new" };
    let event = Event { id: command.event_id, user_id: campus.student, at: command.at, body };
    assert_eq!(case.events(campus.student, "purchase.paid").await, [RecordedEvent::of(&event)]);
    case.audit().await;
}

/// One charge for the sum, one period per record.
pub async fn a_charge_pays_several_packages_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus_of(Selection::Multi).await;
    let placed = case.bought(&campus, PurchaseKind::New, &[2, 0, 1], case.minute(1)).await;
    assert_eq!(placed.attempt.amount, fen(623));
    let periods = case.periods(campus.student).await;
    let given: Vec<_> = periods.iter().map(|held| (held.record_id.clone(), held.package_id)).collect();
    let asked: Vec<_> = placed.purchase.records.iter().map(|record| (record.id.clone(), record.package_id)).collect();
    assert_eq!(given, asked);
    case.audit().await;
}

/// The same charge again answers the receipt and moves nothing, applied or kept.
pub async fn the_same_purchase_charge_is_confirmed_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    for charge in [case.charge(&placed.attempt), case.charge(&placed.attempt)] {
        let first = case.confirm_purchase(&placed, &charge).await;
        let (before, periods) = (case.snapshot(campus.student).await, case.periods(campus.student).await);
        for _ in 0..3 {
            let again = case.confirm_purchase(&placed, &charge).await;
            assert_eq!(again, Confirmation::AlreadyConfirmed(first.receipt().clone()));
        }
        assert_eq!(case.snapshot(campus.student).await, before);
        assert_eq!(case.periods(campus.student).await, periods);
    }
    case.audit().await;
}

/// The parent pays twice by two open charges: the first pays, the second goes back.
pub async fn a_second_charge_of_a_purchase_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let mut command = case.place_command(&campus, PurchaseKind::New, &[0]);
    let first = case.placed(&command).await;
    command.charge.channel = Channel::Alipay;
    let second = case.placed(&command).await;
    assert_ne!(first.attempt, second.attempt);
    assert!(matches!(case.pay_purchase(&second).await, Confirmation::Applied(_)));
    case.is_kept_for(&first, &case.charge(&first.attempt), UnappliedReason::PaidAlready).await;
    // Also when both were paid under one number.
    case.is_kept_for(&second, &case.charge(&second.attempt), UnappliedReason::PaidAlready).await;
    case.audit().await;
}

/// The purchase was closed, or out of time when the payer paid: the charge goes back.
pub async fn a_charge_of_a_closed_purchase_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let (closed, late) =
        (case.place(&campus, PurchaseKind::New, &[0]).await, case.place(&campus, PurchaseKind::New, &[1]).await);
    let command = case.close_purchase_command(&closed.purchase);
    harness.packages().close(&command, close_purchase).await.unwrap();
    case.is_kept_for(&closed, &case.charge(&closed.attempt), UnappliedReason::PurchaseClosed).await;
    let paid_at = Some(late.purchase.expires_at);
    let charge = Charge { paid_at, ..case.charge(&late.attempt) };
    let command = ConfirmPurchaseCharge { at: case.minute(600), ..case.confirm_purchase_command(&late, &charge) };
    let answer = harness.packages().confirm_charge(&command, confirm_purchase_charge).await.unwrap();
    assert_eq!(answer.receipt().reason, Some(UnappliedReason::PurchaseClosed));
    assert_eq!(case.periods(campus.student).await, []);
    case.audit().await;
}

/// A package or its project was withdrawn before the payer paid: the charge goes back.
pub async fn a_charge_of_a_withdrawn_package_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus_of(Selection::Multi).await;
    let placed = case.place(&campus, PurchaseKind::New, &[0, 1]).await;
    let package_id = campus.packages.get(1).unwrap().id;
    case.withdraw(package_id, case.start()).await;
    case.is_kept_for(&placed, &case.charge(&placed.attempt), UnappliedReason::PackageWithdrawn).await;
    harness.catalogue().set_package_availability(package_id, Availability::Offered).await.unwrap();
    let withdrawn = Availability::Withdrawn { since: case.start() };
    harness.catalogue().set_project_availability(campus.project.id, withdrawn).await.unwrap();
    case.is_kept_for(&placed, &case.charge(&placed.attempt), UnappliedReason::PackageWithdrawn).await;
    // Who paid before it was withdrawn has bought.
    harness.catalogue().set_project_availability(campus.project.id, Availability::Offered).await.unwrap();
    case.withdraw(package_id, case.minute(3)).await;
    assert!(matches!(case.pay_purchase(&placed).await, Confirmation::Applied(_)));
    case.audit().await;
}

/// Two purchases of one project wait for payment and both are paid: the second goes back.
pub async fn a_charge_of_a_second_purchase_of_the_project_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let (first, second) =
        (case.place(&campus, PurchaseKind::New, &[0]).await, case.place(&campus, PurchaseKind::New, &[1]).await);
    assert!(matches!(case.pay_purchase(&first).await, Confirmation::Applied(_)));
    case.is_kept_for(&second, &case.charge(&second.attempt), UnappliedReason::PackageHeld).await;
    let (first, second) = (
        case.place(&campus, PurchaseKind::Upgrade, &[1]).await,
        case.place(&campus, PurchaseKind::Upgrade, &[2]).await,
    );
    assert!(matches!(case.pay_purchase(&first).await, Confirmation::Applied(_)));
    case.is_kept_for(&second, &case.charge(&second.attempt), UnappliedReason::HoldingChanged).await;
    case.audit().await;
}

/// Another amount, currency, app or mode than asked for is kept, and waits for a person.
pub async fn a_purchase_charge_that_differs_waits_for_a_person<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    let charge = || case.charge(&placed.attempt);
    for (reason, charge) in [
        (UnappliedReason::AmountDiffers, Charge { amount: fen(99), ..charge() }),
        (UnappliedReason::RefundedAlready, Charge { amount_refunded: fen(1), ..charge() }),
        (UnappliedReason::CurrencyDiffers, Charge { currency: "usd".to_owned(), ..charge() }),
        (UnappliedReason::AppDiffers, Charge { app_id: "app_other".to_owned(), ..charge() }),
        (UnappliedReason::ModeDiffers, Charge { mode: Mode::Live, ..charge() }),
    ] {
        case.is_kept_for(&placed, &charge, reason).await;
    }
    assert_eq!(case.stored_purchase(&placed.purchase).await.state, PurchaseState::Unpaid);
    case.audit().await;
}

/// What was promised is given: the price and the term as they were, and the day of payment.
pub async fn a_purchase_keeps_its_price_and_days_when_the_package_changes<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    let draft = PackageDraft {
        id: campus.packages.first().map(|package| package.id),
        term: Term::try_new(1).unwrap(),
        ..case.package_draft(&campus.project, 99_900)
    };
    case.put_packages(vec![draft]).await;
    let charge = case.charge(&placed.attempt);
    assert!(matches!(case.confirm_purchase(&placed, &charge).await, Confirmation::Applied(_)));
    let periods = case.periods(campus.student).await;
    assert_eq!(
        periods.iter().map(|held| (held.period, held.list_price)).collect::<Vec<_>>(),
        [(year_from(charge.paid_at.unwrap()), fen(100))]
    );
    case.audit().await;
}

/// The price is the difference of today's list prices; the period goes on to the same last day.
pub async fn an_upgrade_replaces_what_is_held_at_todays_prices<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let bought = case.bought(&campus, PurchaseKind::New, &[0], case.minute(1)).await;
    let dearer = PackageDraft {
        id: campus.packages.get(1).map(|package| package.id),
        ..case.package_draft(&campus.project, 250)
    };
    case.put_packages(vec![dearer]).await;
    let upgrade = case.bought(&campus, PurchaseKind::Upgrade, &[1], days(&case, 30)).await;
    assert_eq!(upgrade.purchase.amount, fen(150));
    let term = year_from(case.minute(2));
    let today = Day::of(days(&case, 30));
    let record = |placed: &Placed| placed.purchase.records.first().unwrap().id.clone();
    let held: Vec<_> = case
        .periods(campus.student)
        .await
        .into_iter()
        .map(|held| (held.record_id, held.period, held.term_starts, held.superseded))
        .collect();
    let superseded = Some(Supersession { by: record(&upgrade), on: today, until: None });
    let rest = Period { starts: today, ends: term.ends };
    assert_eq!(held, [(record(&bought), term, term.starts, superseded), (record(&upgrade), rest, term.starts, None)]);
    assert_eq!(case.stored_purchase(&upgrade.purchase).await.records.first().unwrap().period, Some(rest));
    assert_eq!(case.stored_purchase(&bought.purchase).await.records.first().unwrap().period, Some(term));
    case.audit().await;
}

/// Each upgrade is priced from what is held by then, and takes its place.
pub async fn a_second_upgrade_replaces_the_first<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    case.bought(&campus, PurchaseKind::New, &[0], case.minute(1)).await;
    let first = case.bought(&campus, PurchaseKind::Upgrade, &[1], days(&case, 1)).await;
    let second = case.bought(&campus, PurchaseKind::Upgrade, &[2], days(&case, 2)).await;
    assert_eq!((first.purchase.amount, second.purchase.amount), (fen(90), fen(143)));
    let periods = case.periods(campus.student).await;
    let [a, b, c] = periods.as_slice() else { return assert_eq!(periods, []) };
    assert!(a.superseded.is_some() && b.superseded.is_some() && c.superseded.is_none());
    assert_eq!((c.period.ends, c.term_starts), (a.period.ends, a.period.starts));
    case.audit().await;
}

/// A renewal begins on the day after, an expired one on the day of payment; a second one that was
/// quoted for the same days goes back.
pub async fn a_renewal_follows_the_last_day<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    case.bought(&campus, PurchaseKind::New, &[0], case.minute(1)).await;
    let mut command = case.place_command(&campus, PurchaseKind::Renewal, &[0]);
    let first = case.placed(&command).await;
    // The same renewal for a student whose class has changed is another purchase.
    let mut draft = case.student_draft(campus.school.id);
    (draft.user_id, draft.card_no) = (campus.student, None);
    draft.texts.class_name = "3 班".to_owned();
    let put = case.students_command(vec![draft], ImportMode::Write);
    harness.campus().put_students(&put, put_students).await.unwrap();
    command.purchase_no = case.purchase_no();
    let PlacePlan::Place { purchase, attempt } = case.planned_purchase(&command).await else {
        return assert_eq!("no purchase", "the class has changed");
    };
    assert!(matches!(case.pay_purchase(&first).await, Confirmation::Applied(_)));
    let second = Placed { purchase, attempt };
    case.is_kept_for(&second, &case.charge(&second.attempt), UnappliedReason::HoldingChanged).await;
    let late = days(&case, 4 * 365);
    case.bought(&campus, PurchaseKind::Renewal, &[0], late).await;
    let term = |starts| Term::try_new(12).unwrap().period_from(starts).unwrap();
    let year = year_from(case.minute(2));
    let periods: Vec<_> = case.periods(campus.student).await.into_iter().map(|held| held.period).collect();
    assert_eq!(periods, [year, term(year.ends.next().unwrap()), term(Day::of(late))]);
    case.audit().await;
}
