//! Claims about refunds of packages: what they do to the days that were bought.

use super::case::refusal_of;
use super::{Campus, Case, Placed, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::packages::{Day, Period, Purchase, PurchaseKind, PurchaseState, ServicePeriod};
use edupay_domain::payments::{ChargeSubject, RefundStatus};
use edupay_domain::recovery::{PERIOD_LEFT, ReviewId, ReviewKind};
use edupay_domain::refunds::{
    RecordGatewayRefund, Refund, RefundOrigin, RefundRefusal, RefundStage, RefundTarget, RequestRefund,
};

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    /// A purchase that was paid.
    async fn paid_for(&self, campus: &Campus, kind: PurchaseKind, package: usize, minutes: i64) -> Purchase {
        let command = self.place_command_at(campus, kind, &[package], self.minute(minutes));
        let placed: Placed = self.placed(&command).await;
        self.pay_purchase(&placed).await;
        self.stored_purchase(&placed.purchase).await
    }

    /// Into the student's cash, at a minute.
    fn purchase_refund(&self, purchase: &Purchase, amount: Option<u32>, minutes: i64) -> RequestRefund {
        let subject = ChargeSubject::Purchase(purchase.purchase_no.clone());
        let command = self.refund_command(purchase.user_id, subject, amount);
        RequestRefund { to: RefundTarget::Balance, at: self.minute(minutes), ..command }
    }

    async fn refunded(&self, purchase: &Purchase, minutes: i64) -> Refund {
        let refund = self.asked(&self.purchase_refund(purchase, None, minutes)).await;
        assert_eq!(refund.stage, RefundStage::Succeeded);
        refund
    }

    async fn period_of(&self, purchase: &Purchase) -> ServicePeriod {
        let periods = self.periods(purchase.user_id).await;
        let own = |held: &ServicePeriod| purchase.records.iter().any(|record| record.id == held.record_id);
        periods.into_iter().find(own).unwrap()
    }
}

/// So many days in minutes.
const DAY: i64 = 24 * 60;

/// The days end the day before; on the first day none is left, and the package can be bought again at
/// once. The money is the student's cash, and the purchase still says that it was paid.
pub async fn a_refunded_purchase_gives_no_days_from_today_on<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let purchase = case.paid_for(&campus, PurchaseKind::New, 0, 1).await;
    case.refunded(&purchase, 20).await;
    assert_eq!(case.wallet(campus.student).await.cash, fen(100));
    let stored = case.stored_purchase(&purchase).await;
    assert_eq!((stored.status_code(), stored.refunded()), ("refunded", fen(100)));
    assert!(matches!(stored.state, PurchaseState::Paid { .. }));
    let period = case.period_of(&purchase).await;
    assert_eq!((period.held(), period.ended), (None, Some(Day::of(case.minute(20)))));
    assert_eq!(case.events(campus.student, "period.ended").await.len(), 1);
    // On the same day, and refunded again in the midst of its term.
    let again = case.paid_for(&campus, PurchaseKind::New, 0, 30).await;
    let bought = case.period_of(&again).await.period;
    case.refunded(&again, 30 + 10 * DAY).await;
    let ends = Day::of(case.minute(30 + 9 * DAY));
    assert_eq!(case.period_of(&again).await.held(), Some(Period { starts: bought.starts, ends }));
    let third = case.paid_for(&campus, PurchaseKind::New, 1, 40 + 10 * DAY).await;
    assert_eq!(case.period_of(&third).await.held().map(|days| days.starts), ends.next());
    case.audit().await;
}

/// A part takes no day.
pub async fn a_partly_refunded_purchase_keeps_its_days<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let purchase = case.paid_for(&campus, PurchaseKind::New, 0, 1).await;
    let before = case.period_of(&purchase).await;
    case.asked(&case.purchase_refund(&purchase, Some(99), 20)).await;
    assert_eq!(case.period_of(&purchase).await, before);
    let stored = case.stored_purchase(&purchase).await;
    assert_eq!((stored.status_code(), stored.refunded()), ("partly_refunded", fen(99)));
    let above = case.ask(&case.purchase_refund(&purchase, Some(2), 21)).await;
    assert_eq!(refusal_of(above), RefundRefusal::AboveLeft { left: fen(1) });
    case.audit().await;
}

/// The cheaper package goes on to its end, and can be upgraded again.
pub async fn what_an_upgrade_replaced_goes_on_when_it_is_refunded<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let base = case.paid_for(&campus, PurchaseKind::New, 0, 1).await;
    let upgrade = case.paid_for(&campus, PurchaseKind::Upgrade, 1, 5 * DAY).await;
    assert_eq!(case.period_of(&base).await.held(), None);
    case.refunded(&upgrade, 8 * DAY).await;
    let today = Day::of(case.minute(8 * DAY));
    let resumed = case.period_of(&base).await;
    assert_eq!(resumed.held(), Some(Period { starts: today, ends: resumed.period.ends }));
    assert_eq!(resumed.superseded.as_ref().and_then(|superseded| superseded.until), Some(today));
    let ended = case.period_of(&upgrade).await;
    assert_eq!(ended.held().map(|days| days.ends.next()), Some(Some(today)));
    case.audit().await;
    let second = case.paid_for(&campus, PurchaseKind::Upgrade, 2, 9 * DAY).await;
    assert_eq!(case.period_of(&base).await.held(), None);
    case.refunded(&second, 9 * DAY + 30).await;
    assert_eq!(case.period_of(&second).await.held(), None);
    case.refunded(&base, 10 * DAY).await;
    let starts = Day::of(case.minute(9 * DAY));
    assert_eq!(case.period_of(&base).await.held(), Some(Period { starts, ends: starts }));
    case.audit().await;
}

/// Whose days are an upgrade's now is not refunded in full before the upgrade is; a part is.
pub async fn an_upgraded_purchase_is_refunded_after_its_upgrade<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let base = case.paid_for(&campus, PurchaseKind::New, 0, 1).await;
    let upgrade = case.paid_for(&campus, PurchaseKind::Upgrade, 1, DAY).await;
    let whole = case.ask(&case.purchase_refund(&base, None, 2 * DAY)).await;
    assert_eq!(refusal_of(whole), RefundRefusal::PurchaseUpgraded);
    case.asked(&case.purchase_refund(&base, Some(60), 2 * DAY)).await;
    let rest = case.ask(&case.purchase_refund(&base, Some(40), 2 * DAY)).await;
    assert_eq!(refusal_of(rest), RefundRefusal::PurchaseUpgraded);
    case.refunded(&upgrade, 3 * DAY).await;
    case.refunded(&base, 3 * DAY).await;
    assert_eq!(case.wallet(campus.student).await.cash, fen(190));
    assert!(case.periods(campus.student).await.iter().all(|period| period.ended.is_some()));
    case.audit().await;
}

/// The money is booked; what the upgrade gave stays, and an event asks for a person.
pub async fn the_gateway_refunds_an_upgraded_purchase_and_its_days_are_left<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let campus = case.campus().await;
    let base = case.paid_for(&campus, PurchaseKind::New, 0, 1).await;
    let upgrade = case.paid_for(&campus, PurchaseKind::Upgrade, 1, DAY).await;
    let PurchaseState::Paid { charge_id, .. } = &base.state else { unpaid(&base) };
    let whose = (campus.student, &ChargeSubject::Purchase(base.purchase_no.clone()));
    let word = case.gateway_word(whose, charge_id, (fen(100), RefundStatus::Succeeded), None);
    let word = RecordGatewayRefund { at: case.minute(2 * DAY), ..word };
    let booked = case.told(&word).await.unwrap();
    assert_eq!((booked.origin, booked.recovered), (RefundOrigin::Gateway, fen(0)));
    assert_eq!(case.stored_purchase(&base).await.status_code(), "refunded");
    let held = case.period_of(&upgrade).await;
    assert_eq!(held.held(), Some(held.period));
    assert_eq!(case.events(campus.student, "period.left").await.len(), 1);
    case.audit().await;
    let record = base.records.first().unwrap();
    let id = ReviewId::try_new(ReviewKind::Period, record.id.as_str()).unwrap();
    let listed = harness.review().find_item(case.minute(2 * DAY), &id).await.unwrap().unwrap();
    let expected = (base.purchase_no.as_str(), Some(campus.student), PERIOD_LEFT, case.minute(2 * DAY));
    assert_eq!((listed.subject.as_str(), listed.user_id, listed.reason.as_str(), listed.since), expected);
    // When the upgrade goes back too, nothing goes on, and nobody needs to look.
    case.refunded(&upgrade, 3 * DAY).await;
    assert_eq!(harness.review().find_item(case.minute(4 * DAY), &id).await.unwrap(), None);
    assert_eq!(case.period_of(&base).await.held(), None);
    case.audit().await;
}

#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
fn unpaid(purchase: &Purchase) -> ! {
    panic!("not paid: {purchase:?}")
}
