//! Claims about paid charges of orders: each is applied once or kept apart once, never lost.

use super::case::refusal_of;
use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{EntryKind, LedgerError, Wallet};
use edupay_domain::orders::{
    ConfirmOrderCharge, Order, OrderState, PaidOrder, Payment, Tender, cancel_order, close_order, confirm_order_charge,
};
use edupay_domain::payments::{
    AttemptStatus, Channel, Charge, ChargeAttempt, ChargeReply, Confirmation, Mode, Receipt, ReceiptStatus,
    RecordChargeReply, UnappliedReason, record_charge_reply,
};

/// What is wrong with a charge.
type Change = fn(Charge) -> Charge;

impl<H: StoreHarness + ?Sized> Case<'_, H> {
    async fn stored_receipt(&self, user_id: UserId, charge: &Charge) -> Option<Receipt> {
        self.harness().receipts().find_receipt(user_id, &charge.id).await.unwrap()
    }

    async fn stored_attempt(&self, attempt: &ChargeAttempt) -> ChargeAttempt {
        let attempts = self.harness().charges().attempts_of(attempt.user_id, &attempt.subject).await.unwrap();
        attempts.into_iter().find(|stored| stored.gateway_order_no == attempt.gateway_order_no).unwrap()
    }

    /// Confirms, and checks that the charge was kept for this reason: a receipt, an entry and an
    /// event of its own, and nothing else.
    async fn is_kept(&self, order: &Order, attempt: &ChargeAttempt, charge: &Charge, reason: UnappliedReason) {
        let buyer = order.user_id;
        let (order_before, before) = (self.stored(order).await, self.wallet(buyer).await);
        let owned_before = self.harness().orders().owned_courses(buyer).await.unwrap();
        let command = self.confirm_command(order, attempt, charge);
        let answer = self.harness().orders().confirm_charge(&command, confirm_order_charge).await.unwrap();
        let receipt = Receipt {
            user_id: buyer,
            charge_id: charge.id.clone(),
            gateway_order_no: attempt.gateway_order_no.clone(),
            amount: charge.amount,
            status: reason.follow_up(),
            reason: Some(reason),
            refund_id: None,
            received_at: command.at,
            next_try_at: command.at,
        };
        assert_eq!(answer, Confirmation::Unapplied(receipt.clone()));
        assert_eq!(self.stored_receipt(buyer, charge).await, Some(receipt));
        assert_eq!(self.harness().receipts().find_owner(&charge.id).await.unwrap(), Some(buyer));
        assert_eq!(self.stored(order).await, order_before);
        assert_eq!(self.harness().orders().owned_courses(buyer).await.unwrap(), owned_before);
        // A stranger of a charge does not take the place of the one that was asked for.
        let strange = matches!(reason, UnappliedReason::ModeDiffers | UnappliedReason::AppDiffers);
        let status = if strange { attempt.status } else { AttemptStatus::Paid };
        assert_eq!(self.stored_attempt(attempt).await.status, status);

        let booked = u8::from(reason.is_booked());
        let entries = before.entries.saturating_add(i64::from(booked));
        assert_eq!(self.wallet(buyer).await, Wallet { entries, ..before });
        let newest = self.statement(buyer).await.into_iter().next();
        let is_its = newest.is_some_and(|line| line.reference == charge.id.as_str());
        assert_eq!(is_its, booked == 1);
        let body =
            EventBody::ReceiptUnapplied { charge_id: charge.id.clone(), amount: charge.amount, reason: reason.code() };
        let event = Event { id: command.event_id, user_id: buyer, at: command.at, body };
        assert_eq!(self.events(buyer, "receipt.unapplied").await.last(), Some(&RecordedEvent::of(&event)));
    }
}

/// The right charge pays the order: state, courses, receipt, attempt, entry and event.
pub async fn a_charge_pays_its_order<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 50).await;
    let courses = [case.course(60).await, case.course(40).await];
    let order = case.order_of(buyer, &courses).await;
    let attempt = case.attempt(&order).await;
    let charge = case.charge(&attempt);
    let before = case.wallet(buyer).await;
    let command = case.confirm_command(&order, &attempt, &charge);
    let answer = harness.orders().confirm_charge(&command, confirm_order_charge).await.unwrap();
    let receipt = Receipt {
        user_id: buyer,
        charge_id: charge.id.clone(),
        gateway_order_no: attempt.gateway_order_no.clone(),
        amount: fen(100),
        status: ReceiptStatus::Applied,
        reason: None,
        refund_id: None,
        received_at: command.at,
        next_try_at: command.at,
    };
    assert_eq!(answer, Confirmation::Applied(receipt.clone()));
    assert_eq!(case.stored_receipt(buyer, &charge).await, Some(receipt));
    assert_eq!(harness.receipts().find_owner(&charge.id).await.unwrap(), Some(buyer));
    assert_eq!(case.stored_receipt(case.user().await.id, &charge).await, None);
    let tender = Tender::Charge { channel: Channel::Wx, charge_id: charge.id.clone() };
    let state = OrderState::Paid(Payment { at: command.at, tender });
    assert_eq!(case.stored(&order).await, Order { state, ..order.clone() });
    let mut owned = harness.orders().owned_courses(buyer).await.unwrap();
    owned.sort();
    assert_eq!(owned, courses.map(|course| course.id));
    let paid = ChargeAttempt {
        status: AttemptStatus::Paid,
        charge_id: Some(charge.id.clone()),
        document: Some(charge.document.clone()),
        ..attempt.clone()
    };
    assert_eq!(case.stored_attempt(&attempt).await, paid);
    assert_eq!(case.wallet(buyer).await, Wallet { entries: 2, ..before });
    assert_eq!(case.entry_kinds(buyer).await, [EntryKind::AdjustBalance, EntryKind::ConfirmOrderCharge]);
    let body = EventBody::OrderPaid { order_no: order.order_no, amount: fen(100), channel: "wx" };
    let event = Event { id: command.event_id, user_id: buyer, at: command.at, body };
    assert_eq!(case.events(buyer, "order.paid").await, [RecordedEvent::of(&event)]);
    case.audit().await;
}

/// Two attempts of one order are paid: the first pays it, the second goes back.
pub async fn a_second_charge_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let (first, second) = (case.attempt(&order).await, case.attempt_by(&order, Channel::Alipay).await);
    let charge = case.charge(&first);
    assert!(matches!(case.confirm(&order, &first, &charge).await, Confirmation::Applied(_)));
    case.is_kept(&order, &second, &case.charge(&second), UnappliedReason::PaidAlready).await;
    // Also when both were paid under one number.
    case.is_kept(&order, &first, &case.charge(&first), UnappliedReason::PaidAlready).await;
    assert_eq!(case.stored_attempt(&first).await.charge_id, Some(charge.id), "its own charge is not forgotten");
    case.audit().await;
}

/// The balance was faster: the charge goes back.
pub async fn a_charge_after_a_payment_from_the_balance_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let order = case.order(buyer, 100).await;
    let attempt = case.attempt(&order).await;
    case.pay(&order).await.unwrap();
    case.is_kept(&order, &attempt, &case.charge(&attempt), UnappliedReason::PaidAlready).await;
    assert!(matches!(case.pay(&order).await.unwrap(), PaidOrder::AlreadyPaid { .. }));
    case.audit().await;
}

/// Another order gave the course meanwhile: the charge goes back and the order stays unpaid.
pub async fn a_charge_of_an_owned_course_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let course = case.course(100).await;
    let first = case.order_of(buyer, std::slice::from_ref(&course)).await;
    let second = case.order_of(buyer, &[course, case.course(1).await]).await;
    let attempt = case.attempt(&second).await;
    case.pay(&first).await.unwrap();
    case.is_kept(&second, &attempt, &case.charge(&attempt), UnappliedReason::CourseOwned).await;
    case.audit().await;
}

/// The order was cancelled, closed, or out of time when the payer paid: the charge goes back.
pub async fn a_charge_of_an_ended_order_is_kept_for_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let (cancelled, closed, late) =
        (case.order(buyer, 1).await, case.order(buyer, 2).await, case.order(buyer, 3).await);
    let attempts = [case.attempt(&cancelled).await, case.attempt(&closed).await, case.attempt(&late).await];
    harness.orders().cancel(&case.cancel_command(&cancelled), cancel_order).await.unwrap();
    harness.orders().close(&case.close_command(&closed), close_order).await.unwrap();
    let [first, second, third] = &attempts;
    case.is_kept(&cancelled, first, &case.charge(first), UnappliedReason::OrderCancelled).await;
    case.is_kept(&closed, second, &case.charge(second), UnappliedReason::OrderClosed).await;
    let command = ConfirmOrderCharge {
        at: case.minute(90),
        ..case.confirm_command(&late, third, &Charge { paid_at: Some(late.expires_at), ..case.charge(third) })
    };
    let answer = harness.orders().confirm_charge(&command, confirm_order_charge).await.unwrap();
    assert_eq!(answer.receipt().reason, Some(UnappliedReason::OrderClosed));
    case.audit().await;
}

/// Another amount, currency, app or mode than asked for never pays; a person decides. Another
/// currency is not booked, since this ledger can't hold it.
pub async fn a_charge_that_differs_waits_for_a_person<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let changes: [(UnappliedReason, Change); 6] = [
        (UnappliedReason::RefundedAlready, |charge| Charge { amount_refunded: fen(1), ..charge }),
        (UnappliedReason::AmountDiffers, |charge| Charge { amount: fen(99), ..charge }),
        (UnappliedReason::AmountDiffers, |charge| Charge { amount: fen(101), ..charge }),
        (UnappliedReason::CurrencyDiffers, |charge| Charge { currency: "usd".to_owned(), ..charge }),
        (UnappliedReason::AppDiffers, |charge| Charge { app_id: "app_other".to_owned(), ..charge }),
        (UnappliedReason::ModeDiffers, |charge| Charge { mode: Mode::Live, ..charge }),
    ];
    for (reason, change) in changes {
        let order = case.order(buyer, 100).await;
        let attempt = case.attempt(&order).await;
        case.is_kept(&order, &attempt, &change(case.charge(&attempt)), reason).await;
        assert_eq!(case.stored(&order).await.state, OrderState::Unpaid);
        let due = harness.receipts().due_refunds(case.minute(600), 100_000).await.unwrap();
        assert!(!due.iter().any(|receipt| receipt.user_id == buyer), "it must not go back by itself");
    }
    case.audit().await;
}

/// A charge that is not the attempt's own is kept, and leaves the attempt to its own one.
pub async fn a_strangers_charge_leaves_the_attempt_to_its_own<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let charge = case.charge(&attempt);
    let reply = RecordChargeReply {
        user_id: attempt.user_id,
        gateway_order_no: attempt.gateway_order_no.clone(),
        reply: ChargeReply::Created { charge_id: charge.id.clone(), document: charge.document.clone() },
        look_at: case.minute(25),
    };
    let open = harness.charges().record_reply(&reply, record_charge_reply).await.unwrap();
    assert_eq!((open.status, open.look_at), (AttemptStatus::Open, case.minute(25)));
    let strange = case.confirm(&order, &attempt, &Charge { amount: fen(99), ..case.charge(&attempt) }).await;
    assert_eq!(strange.receipt().reason, Some(UnappliedReason::AmountDiffers));
    assert_eq!(case.stored_attempt(&attempt).await, open);
    assert!(matches!(case.confirm(&order, &attempt, &charge).await, Confirmation::Applied(_)));
    case.audit().await;
}

/// Who paid in time has paid, although the callback comes after the order's time.
pub async fn a_charge_paid_in_time_pays_however_late_we_hear<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let charge = Charge { paid_at: Some(case.minute(59)), ..case.charge(&attempt) };
    let command = ConfirmOrderCharge { at: case.minute(600), ..case.confirm_command(&order, &attempt, &charge) };
    let answer = harness.orders().confirm_charge(&command, confirm_order_charge).await.unwrap();
    assert!(matches!(answer, Confirmation::Applied(_)), "{answer:?}");
    case.audit().await;
}

/// The same charge again answers the receipt and moves nothing, applied or kept.
pub async fn the_same_charge_is_confirmed_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    let order = case.order(buyer, 100).await;
    let attempt = case.attempt(&order).await;
    for charge in [case.charge(&attempt), case.charge(&attempt)] {
        let first = case.confirm(&order, &attempt, &charge).await;
        let before = case.snapshot(buyer).await;
        for _ in 0..3 {
            let again = case.confirm(&order, &attempt, &charge).await;
            assert_eq!(again, Confirmation::AlreadyConfirmed(first.receipt().clone()));
        }
        assert_eq!(case.snapshot(buyer).await, before);
    }
    case.audit().await;
}

/// A charge that one user's order took can't pay another's, whatever its number says.
pub async fn a_charge_is_claimed_over_all_users<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, foreign) = (case.order(case.user().await.id, 100).await, case.order(case.user().await.id, 100).await);
    let (attempt, stolen) = (case.attempt(&order).await, case.attempt(&foreign).await);
    let charge = case.charge(&attempt);
    let first = case.confirm(&order, &attempt, &charge).await;
    let before = case.snapshot(foreign.user_id).await;
    let theft = Charge { gateway_order_no: stolen.gateway_order_no.clone(), ..charge.clone() };
    let command = case.confirm_command(&foreign, &stolen, &theft);
    match harness.orders().confirm_charge(&command, confirm_order_charge).await {
        Ok(answer) => assert_eq!(answer, Confirmation::AlreadyConfirmed(first.receipt().clone())),
        Err(error) => assert!(matches!(error, edupay_domain::store::EffectError::Store(_)), "{error:?}"),
    }
    assert_eq!(case.snapshot(foreign.user_id).await, before);
    assert_eq!(case.stored_attempt(&stolen).await, stolen);
    assert_eq!(case.stored_receipt(foreign.user_id, &charge).await, None);
    assert_eq!(harness.receipts().find_owner(&charge.id).await.unwrap(), Some(order.user_id));
    case.audit().await;
}

/// A charge of nothing can't be an entry: it is refused and may be confirmed again.
pub async fn a_charge_that_cannot_be_booked_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.user().await.id, 100).await;
    let attempt = case.attempt(&order).await;
    let before = case.snapshot(order.user_id).await;
    let charge = Charge { amount: fen(0), ..case.charge(&attempt) };
    let command = case.confirm_command(&order, &attempt, &charge);
    let answer = harness.orders().confirm_charge(&command, confirm_order_charge).await;
    assert_eq!(refusal_of(answer), LedgerError::Empty);
    assert_eq!(case.snapshot(order.user_id).await, before);
    assert_eq!(case.stored_attempt(&attempt).await, attempt);
    assert_eq!(harness.receipts().find_owner(&charge.id).await.unwrap(), None);
    let right = Charge { amount: fen(100), ..charge };
    assert!(matches!(case.confirm(&order, &attempt, &right).await, Confirmation::Applied(_)));
    case.audit().await;
}
