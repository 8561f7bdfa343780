//! Claims about paying from the balance.

use super::case::refusal_of;
use super::{Case, RecordedEvent, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::events::{Event, EventBody};
use edupay_domain::ledger::{EntryKind, Split, Wallet};
use edupay_domain::orders::{
    Order, OrderState, PaidOrder, PayFromBalance, PayRefusal, Payment, Tender, cancel_order, close_order,
    pay_from_balance,
};

/// Gifts go first, then App Store money, then cash, exactly; the order remembers the parts.
pub async fn a_payment_takes_bonus_then_iap_then_cash<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    for ((bonus, iap, cash), price, expected) in [
        ((500, 500, 500), 300, (300, 0, 0)),
        ((500, 500, 500), 500, (500, 0, 0)),
        ((500, 500, 500), 700, (500, 200, 0)),
        ((500, 500, 500), 1_200, (500, 500, 200)),
        ((0, 0, 500), 300, (0, 0, 300)),
    ] {
        let buyer = case.buyer(bonus, iap, cash).await;
        let order = case.order(buyer, price).await;
        let before = case.wallet(buyer).await;
        let split = Split { bonus: fen(expected.0), iap: fen(expected.1), cash: fen(expected.2) };
        let wallet = Wallet {
            bonus: before.bonus.checked_sub(split.bonus).unwrap(),
            iap: before.iap.checked_sub(split.iap).unwrap(),
            cash: before.cash.checked_sub(split.cash).unwrap(),
            entries: before.entries.saturating_add(1),
            ..before
        };
        let command = case.pay_command(&order);
        let paid = harness.orders().pay_from_balance(&command, pay_from_balance).await.unwrap();
        let payment = Payment { at: command.at, tender: Tender::Balance(split) };
        let order = Order { state: OrderState::Paid(payment), ..order };
        assert_eq!(paid, PaidOrder::Paid { order: order.clone(), wallet });
        assert_eq!(case.wallet(buyer).await, wallet);
        assert_eq!(case.stored(&order).await, order);
        let line = case.statement(buyer).await.into_iter().next().unwrap();
        assert_eq!((line.kind, line.reference.as_str()), (EntryKind::PayFromBalance, order.order_no.as_str()));
        assert_eq!((line.number, line.at), (wallet.entries, command.at));
        assert_eq!((Some(line.balance_before), Some(line.balance_after)), (before.balance(), wallet.balance()));
    }
    case.audit().await;
}

/// Every course of a paid order is owned, and nothing before that.
pub async fn a_payment_gives_every_course_of_the_order<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let courses = [case.course(100).await, case.course(200).await];
    let order = case.order_of(buyer, &courses).await;
    assert_eq!(harness.orders().owned_courses(buyer).await.unwrap(), []);
    case.pay(&order).await.unwrap();
    let mut owned = harness.orders().owned_courses(buyer).await.unwrap();
    owned.sort();
    assert_eq!(owned, courses.map(|course| course.id));
    let other = case.user().await.id;
    assert_eq!(harness.orders().owned_courses(other).await.unwrap(), []);
}

/// A payment puts one event into the outbox, with the order, the amount and the channel.
pub async fn a_payment_is_told_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 100).await;
    let order = case.order(buyer, 100).await;
    let command = case.pay_command(&order);
    for _ in 0..2 {
        harness.orders().pay_from_balance(&command, pay_from_balance).await.unwrap();
    }
    let body = EventBody::OrderPaid { order_no: order.order_no, amount: fen(100), channel: "balance" };
    let event = Event { id: command.event_id, user_id: buyer, at: command.at, body };
    assert_eq!(case.events(buyer, "order.paid").await, [RecordedEvent::of(&event)]);
}

/// A balance of exactly the price is enough and leaves nothing.
pub async fn the_last_fen_is_enough<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(1, 2, 3).await;
    let order = case.order(buyer, 6).await;
    case.pay(&order).await.unwrap();
    assert_eq!(case.wallet(buyer).await.balance(), Some(fen(0)));
    case.audit().await;
}

/// One fen too little and nothing has happened; the order can still be paid later.
pub async fn an_insufficient_balance_leaves_nothing<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(1, 2, 3).await;
    let order = case.order(buyer, 7).await;
    let before = case.snapshot(buyer).await;
    assert_eq!(refusal_of(case.pay(&order).await), PayRefusal::InsufficientBalance);
    assert_eq!(case.snapshot(buyer).await, before);
    case.audit().await;
}

/// Of two orders that share a course only one is paid.
pub async fn an_owned_course_is_not_paid_again<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let (shared, other) = (case.course(100).await, case.course(100).await);
    let first = case.order_of(buyer, std::slice::from_ref(&shared)).await;
    let second = case.order_of(buyer, &[other, shared.clone()]).await;
    case.pay(&first).await.unwrap();
    let before = case.snapshot(buyer).await;
    assert_eq!(refusal_of(case.pay(&second).await), PayRefusal::CourseOwned { name: shared.name });
    assert_eq!(case.snapshot(buyer).await, before);
}

/// Paying again answers the same order and moves nothing.
pub async fn a_paid_order_is_not_charged_twice<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let order = case.order(buyer, 100).await;
    case.pay(&order).await.unwrap();
    let before = case.snapshot(buyer).await;
    let again = case.pay(&order).await.unwrap();
    let expected = PaidOrder::AlreadyPaid { order: case.stored(&order).await, wallet: case.wallet(buyer).await };
    assert_eq!(again, expected);
    assert_eq!(case.snapshot(buyer).await, before);
    case.audit().await;
}

/// A cancelled, closed or expired order is not paid, nor one that a charge paid.
pub async fn an_ended_order_is_not_paid<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(0, 0, 1_000).await;
    let (cancelled, closed, expired, charged) = (
        case.order(buyer, 1).await,
        case.order(buyer, 2).await,
        case.order(buyer, 3).await,
        case.order(buyer, 4).await,
    );
    harness.orders().cancel(&case.cancel_command(&cancelled), cancel_order).await.unwrap();
    harness.orders().close(&case.close_command(&closed), close_order).await.unwrap();
    let attempt = case.attempt(&charged).await;
    case.confirm(&charged, &attempt, &case.charge(&attempt)).await;
    let before = case.snapshot(buyer).await;
    for (order, at, expected) in [
        (&cancelled, case.minute(2), PayRefusal::OrderCancelled),
        (&closed, case.minute(2), PayRefusal::OrderClosed),
        (&expired, expired.expires_at, PayRefusal::OrderClosed),
        (&charged, case.minute(5), PayRefusal::OrderPaid),
    ] {
        let command = PayFromBalance { at, ..case.pay_command(order) };
        let answer = harness.orders().pay_from_balance(&command, pay_from_balance).await;
        assert_eq!(refusal_of(answer), expected);
    }
    assert_eq!(case.snapshot(buyer).await, before);
}
