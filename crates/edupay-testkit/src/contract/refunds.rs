//! Claims about refunds of orders and top-ups: back the way the money came, never more than was paid,
//! booked once.

use super::case::refusal_of;
use super::refund_case::parts;
use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::{fen, owe};
use edupay_domain::ids::RefundNo;
use edupay_domain::ledger::{Bucket, EntryKind};
use edupay_domain::orders::{OrderState, PaidOrder, PayRefusal};
use edupay_domain::payments::{ChargeSubject, RefundStatus};
use edupay_domain::refunds::{
    DecisionRefusal, RefundCursor, RefundReason, RefundRefusal, RefundStage, RefundTarget, RequestRefund,
    approve_refund,
};

/// A refund of an order that the balances paid is done in one effect: entry, state, events.
pub async fn an_order_from_the_balances_goes_back_to_them_at_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let command = case.order_refund(&order, Some(30));
    let refund = case.asked(&command).await;
    assert_eq!((refund.stage, refund.amount, refund.charge_id.clone()), (RefundStage::Succeeded, fen(30), None));
    assert_eq!(harness.refunds().find(order.user_id, &refund.refund_no).await.unwrap(), Some(refund.clone()));
    assert_eq!(case.refunds(&order).await, [refund]);
    assert_eq!(case.wallet(order.user_id).await.cash, fen(30));
    assert!(matches!(case.stored(&order).await.state, OrderState::PartlyRefunded(_)));
    assert_eq!(case.entry_kinds(order.user_id).await.last(), Some(&EntryKind::RefundOrder));
    let events = case.events(order.user_id, "refund.succeeded").await;
    let [RecordedEvent { fields, .. }] = events.as_slice() else { unexpected(&events) };
    assert_eq!((fields["amount_fen"].as_str(), fields["subject_no"].as_str()), ("30", order.order_no.as_str()));
    assert_eq!(fields["refund_no"], command.refund_no.as_str());
    assert_eq!(case.events(order.user_id, "refund.requested").await.len(), 1);
    case.audit().await;
}

/// Cash comes back first, then App Store money, then gifts, whatever the parts.
pub async fn parts_come_back_to_each_balance_exactly<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(20, 30, 50).await;
    for (amount, expected) in [(40, [0, 0, 40, 0]), (25, [0, 15, 50, 0]), (16, [1, 30, 50, 0]), (19, [20, 30, 50, 0])] {
        case.asked(&case.order_refund(&order, Some(amount))).await;
        assert_eq!(parts(&case.wallet(order.user_id).await), expected, "after {amount}");
    }
    assert!(matches!(case.stored(&order).await.state, OrderState::Refunded(_)));
    case.audit().await;
}

/// Whoever owes something gets the rest.
pub async fn what_comes_back_pays_the_debt_first<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, _) = case.charged(100).await;
    let debt = case.adjustment(order.user_id, Bucket::Cash, fen(30));
    harness.wallets().adjust_balance(&debt, owe).await.unwrap();
    let command = RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, Some(20)) };
    case.asked(&command).await;
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 0, 10]);
    case.asked(&RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, None) }).await;
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 70, 0]);
    case.audit().await;
}

/// With the whole amount go the courses; a part takes none. What was given back can be bought again.
pub async fn a_full_refund_ends_what_the_order_gave_and_it_can_be_bought_again<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let courses = [case.course(60).await, case.course(40).await];
    let buyer = case.buyer(0, 0, 200).await;
    let order = case.order_of(buyer, &courses).await;
    case.pay(&order).await.unwrap();
    case.asked(&case.order_refund(&order, Some(99))).await;
    assert_eq!(harness.orders().owned_courses(buyer).await.unwrap().len(), 2);
    case.asked(&case.order_refund(&order, None)).await;
    assert_eq!(harness.orders().owned_courses(buyer).await.unwrap(), []);
    assert!(matches!(case.stored(&order).await.state, OrderState::Refunded(_)));
    let ended = case.events(buyer, "entitlement.ended").await;
    assert!(
        ended.len() == 2
            && ended.iter().all(|event| event.fields.get("order_no").is_some_and(|no| no == order.order_no.as_str()))
    );
    // The old order is paid and stays so; a new one is paid anew.
    assert_eq!(refusal_of(case.pay(&order).await), PayRefusal::OrderPaid);
    let again = case.order_of(buyer, &courses).await;
    assert!(matches!(case.pay(&again).await.unwrap(), PaidOrder::Paid { .. }));
    assert_eq!(harness.orders().owned_courses(buyer).await.unwrap().len(), 2);
    case.audit().await;
}

/// Staff may choose the balance instead.
pub async fn an_order_paid_by_a_charge_goes_into_the_cash<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, _) = case.charged(100).await;
    let command = RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, Some(60)) };
    assert_eq!(case.asked(&command).await.stage, RefundStage::Succeeded);
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 60, 0]);
    case.audit().await;
}

/// A repeat is answered with the refund as it is now, and moves nothing.
pub async fn the_same_number_is_the_same_refund<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let command = case.order_refund(&order, Some(30));
    let refund = case.asked(&command).await;
    let before = case.snapshot(order.user_id).await;
    for amount in [Some(fen(30)), None] {
        let again = RequestRefund { amount, at: case.minute(20), event_id: case.event_id(), ..command.clone() };
        assert_eq!(case.asked(&again).await, refund);
    }
    assert_eq!(case.snapshot(order.user_id).await, before);
}

/// A number is one refund's for ever.
pub async fn another_content_under_the_same_number_is_refused<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let (other, _) = case.charged(100).await;
    let command = case.order_refund(&order, Some(30));
    case.asked(&command).await;
    let before = case.snapshot(order.user_id).await;
    let subject = ChargeSubject::Order(case.order(order.user_id, 100).await.order_no);
    let snapshot_with_order = case.snapshot(order.user_id).await;
    for different in [
        RequestRefund { amount: Some(fen(31)), ..command.clone() },
        RequestRefund { to: RefundTarget::Balance, ..command.clone() },
        RequestRefund { reason: RefundReason::parse("another").unwrap(), ..command.clone() },
    ] {
        assert_eq!(refusal_of(case.ask(&different).await), RefundRefusal::RefundNoTaken, "{different:?}");
    }
    // Of an order that was not paid, or not this user's, it is refused for that.
    let unpaid = RequestRefund { subject, ..command.clone() };
    assert_eq!(refusal_of(case.ask(&unpaid).await), RefundRefusal::NotPaid);
    assert_eq!(case.snapshot(order.user_id).await, snapshot_with_order);
    assert_ne!(before, snapshot_with_order);
    // Another user's refunds have numbers of their own.
    let theirs = RequestRefund { refund_no: command.refund_no.clone(), ..case.order_refund(&other, Some(5)) };
    assert_eq!(case.asked(&theirs).await.refund_no, command.refund_no);
    let gateways = RequestRefund { refund_no: RefundNo::parse("gw-1").unwrap(), ..command };
    assert_eq!(refusal_of(case.ask(&gateways).await), RefundRefusal::RefundNoReserved);
    case.audit().await;
}

/// What is refunded or reserved is no longer there to refund.
pub async fn more_than_was_paid_is_refused<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, _) = case.charged(100).await;
    let above = |left| RefundRefusal::AboveLeft { left: fen(left) };
    assert_eq!(refusal_of(case.ask(&case.order_refund(&order, Some(101))).await), above(100));
    let reserved = case.asked(&case.order_refund(&order, Some(60))).await;
    assert_eq!(reserved.stage, RefundStage::Requested);
    assert_eq!(refusal_of(case.ask(&case.order_refund(&order, Some(41))).await), above(40));
    let to_balance = RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, None) };
    assert_eq!(case.asked(&to_balance).await.amount, fen(40));
    assert_eq!(refusal_of(case.ask(&case.order_refund(&order, None)).await), above(0));
    assert_eq!(refusal_of(case.ask(&case.order_refund(&order, Some(0))).await), RefundRefusal::AmountNotPositive);
    case.audit().await;
}

/// Neither an unpaid order nor one that is not there.
pub async fn what_was_not_paid_is_not_refunded<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.order(case.buyer(0, 0, 100).await, 100).await;
    assert_eq!(refusal_of(case.ask(&case.order_refund(&order, None)).await), RefundRefusal::NotPaid);
    let subject = ChargeSubject::Order(order.order_no.clone());
    assert_eq!(harness.refunds().find_refundable(&subject).await.unwrap(), Some(order.user_id));
    let nothing = ChargeSubject::Order(case.order_no());
    assert_eq!(harness.refunds().find_refundable(&nothing).await.unwrap(), None);
    let missing = case.refund_command(order.user_id, nothing, None);
    assert_eq!(refusal_of(case.ask(&missing).await), RefundRefusal::NotFound);
    let top_up = ChargeSubject::TopUp(case.top_up_no());
    assert_eq!(harness.refunds().find_refundable(&top_up).await.unwrap(), None);
}

/// No row, no reservation, no event.
pub async fn a_refused_refund_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let before = case.snapshot(order.user_id).await;
    let command = case.order_refund(&order, Some(101));
    refusal_of(case.ask(&command).await);
    assert_eq!(case.snapshot(order.user_id).await, before);
    assert_eq!(case.refunds(&order).await, []);
    assert_eq!(case.asked(&RequestRefund { amount: None, ..command }).await.amount, fen(100));
}

/// A failed refund frees its amount, and may be tried again with its number: at the gateway, or into the
/// balance. What is left is looked at anew.
pub async fn a_failed_refund_is_tried_again_the_other_way<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (order, _) = case.charged(100).await;
    let command = case.order_refund(&order, Some(70));
    let refund = case.at_gateway(&command).await;
    let failed = case.refused_there(&refund).await;
    assert_eq!((failed.stage, failed.failure.as_deref()), (RefundStage::Failed, Some("channel_connection_error")));
    assert_eq!(case.events(order.user_id, "refund.failed").await.len(), 1);
    // Through the gateway again: asked for anew, and this time it says no later.
    let again = RequestRefund { event_id: case.event_id(), ..command.clone() };
    let refund = case.at_gateway(&again).await;
    assert_eq!((refund.stage, refund.refund_id.clone()), (RefundStage::Requested, None));
    let word = case.word_of_ours(&refund, RefundStatus::Failed);
    let failed = case.told(&word).await.unwrap();
    assert_eq!((failed.stage, failed.failure.as_deref()), (RefundStage::Failed, Some("refund_refused")));
    // Meanwhile something else has gone back: what is left is not enough.
    let part = RequestRefund { to: RefundTarget::Balance, ..case.order_refund(&order, Some(31)) };
    case.asked(&part).await;
    let to_balance = RequestRefund { to: RefundTarget::Balance, event_id: case.event_id(), ..command.clone() };
    assert_eq!(refusal_of(case.ask(&to_balance).await), RefundRefusal::AboveLeft { left: fen(69) });
    let (order, _) = case.charged(100).await;
    let command = case.order_refund(&order, Some(70));
    let refund = case.at_gateway(&command).await;
    let word = case.word_of_ours(&refund, RefundStatus::Failed);
    case.told(&word).await;
    let to_balance = RequestRefund { to: RefundTarget::Balance, event_id: case.event_id(), ..command };
    let done = case.asked(&to_balance).await;
    assert_eq!((done.stage, done.to, done.refund_id), (RefundStage::Succeeded, RefundTarget::Balance, None));
    // A late repeat of the old news is of the earlier try.
    let kept = case.told(&word).await.unwrap();
    assert_eq!(kept.stage, RefundStage::Succeeded);
    assert_eq!(parts(&case.wallet(order.user_id).await), [0, 0, 70, 0]);
    case.audit().await;
}

/// Above the limit somebody else must agree; until then the amount is reserved and nothing moves.
pub async fn a_large_refund_waits_for_a_second_person<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let limited = |amount| RequestRefund { approval_above: Some(fen(50)), ..case.order_refund(&order, Some(amount)) };
    let small = case.asked(&limited(50)).await;
    assert_eq!(small.stage, RefundStage::Succeeded);
    let order = case.spent_on(0, 0, 100).await;
    let large = RequestRefund { approval_above: Some(fen(50)), ..case.order_refund(&order, Some(51)) };
    let waiting = case.asked(&large).await;
    assert_eq!(waiting.stage, RefundStage::AwaitingApproval);
    assert_eq!(case.wallet(order.user_id).await.cash, fen(0));
    let rest = case.ask(&case.order_refund(&order, Some(50))).await;
    assert_eq!(refusal_of(rest), RefundRefusal::AboveLeft { left: fen(49) });
    let own = harness.refunds().decide(&case.decision(&waiting, case.staff()), approve_refund).await;
    assert_eq!(refusal_of(own), DecisionRefusal::OwnRequest);
    let approved = case.approved(&waiting).await;
    assert_eq!((approved.stage, approved.decided_by), (RefundStage::Succeeded, Some(case.other_staff())));
    assert_eq!(case.wallet(order.user_id).await.cash, fen(51));
    assert_eq!(case.approved(&waiting).await, approved, "a repeat is the same success");
    let late = harness.refunds().decide(&case.decision(&waiting, case.staff()), approve_refund).await;
    assert_eq!(refusal_of(late), DecisionRefusal::NotAwaiting);
    case.audit().await;
}

/// Rejecting gives the amount free; the number stays taken.
pub async fn a_rejected_refund_frees_what_it_reserved<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let large = RequestRefund { approval_above: Some(fen(50)), ..case.order_refund(&order, None) };
    let waiting = case.asked(&large).await;
    let rejected = case.rejected(&waiting).await;
    assert_eq!((rejected.stage, rejected.decided_by), (RefundStage::Rejected, Some(case.staff())));
    assert_eq!(case.rejected(&waiting).await, rejected);
    let late = harness.refunds().decide(&case.decision(&waiting, case.other_staff()), approve_refund).await;
    assert_eq!(refusal_of(late), DecisionRefusal::NotAwaiting);
    assert_eq!(case.asked(&large).await, rejected, "a repeat is answered as it is");
    assert_eq!(case.asked(&case.order_refund(&order, None)).await.amount, fen(100));
    case.audit().await;
}

/// By stage or all of them, each exactly once.
pub async fn refunds_are_listed_newest_first_in_pages<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let order = case.spent_on(0, 0, 100).await;
    let mut own = Vec::new();
    for minutes in [40, 30, 40, 35] {
        let command = RequestRefund { at: case.minute(minutes), ..case.order_refund(&order, Some(10)) };
        own.push(case.asked(&command).await);
    }
    let waiting = RequestRefund { approval_above: Some(fen(1)), ..case.order_refund(&order, Some(10)) };
    let waiting = case.asked(&waiting).await;
    for (stage, expected) in [(Some(RefundStage::Succeeded), own.len()), (None, own.len().saturating_add(1))] {
        let (mut below, mut seen) = (None, Vec::new());
        loop {
            let page = harness.refunds().list(stage, below.take(), 50).await.unwrap();
            below = page.last().map(|last| RefundCursor {
                requested_at: last.requested_at,
                user_id: last.user_id,
                refund_no: last.refund_no.clone(),
            });
            seen.extend(page);
            if below.is_none() {
                break;
            }
        }
        assert!(
            seen.is_sorted_by(|one, next| { (one.requested_at, one.user_id) >= (next.requested_at, next.user_id) })
        );
        assert!(seen.iter().all(|refund| stage.is_none_or(|stage| refund.stage == stage)));
        assert_eq!(seen.iter().filter(|refund| refund.user_id == order.user_id).count(), expected);
    }
    let page = harness.refunds().list(Some(RefundStage::AwaitingApproval), None, 100_000).await.unwrap();
    assert!(page.contains(&waiting));
    assert_eq!(harness.refunds().list(None, None, 1).await.unwrap().len(), 1);
}

#[expect(clippy::panic, reason = "a claim fails by panicking, as a test does")]
fn unexpected(events: &[RecordedEvent]) -> ! {
    panic!("not what was expected: {events:?}")
}
