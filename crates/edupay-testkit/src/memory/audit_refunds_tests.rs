//! Each invariant of refunds is broken once, by hand.

use super::{MemoryStore, State};
use crate::contract::{Case, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::ids::UserId;
use edupay_domain::money::Money;
use edupay_domain::orders::{Entitlement, OrderState};
use edupay_domain::packages::{PurchaseKind, PurchaseState};
use edupay_domain::payments::{ChargeSubject, RefundHeard, RefundStatus};
use edupay_domain::refunds::{
    RecordGatewayRefund, RefundReason, RefundStage, RefundTarget, RequestRefund, record_gateway_refund, request_refund,
};

/// One user with an order that was refunded in full and one in part, and a refund made at the gateway.
async fn story() -> (MemoryStore, UserId) {
    let store = MemoryStore::new();
    let case = Case::new(&store);
    let buyer = case.buyer(0, 0, 300).await;
    for amount in [None, Some(fen(40))] {
        let order = case.order(buyer, 100).await;
        case.pay(&order).await.unwrap();
        let subject = ChargeSubject::Order(order.order_no);
        ask(&case, buyer, subject, amount).await;
    }
    let order = case.order(buyer, 100).await;
    let attempt = case.attempt(&order).await;
    let charge = case.charge(&attempt);
    case.confirm(&order, &attempt, &charge).await;
    let refund = edupay_domain::payments::GatewayRefund {
        id: case.refund_id(),
        charge_id: charge.id,
        gateway_order_no: None,
        amount: fen(30),
        status: RefundStatus::Succeeded,
        failure: None,
        refund_no: None,
    };
    let (at, subject) = (case.minute(10), ChargeSubject::Order(order.order_no));
    let event_id = case.event_id();
    let command = RecordGatewayRefund {
        user_id: buyer,
        subject,
        refund,
        heard: RefundHeard::Listing,
        at,
        next_try_at: at,
        event_id,
    };
    store.refunds().record(&command, record_gateway_refund).await.unwrap().unwrap();
    (store, buyer)
}

async fn ask(case: &Case<'_, MemoryStore>, user_id: UserId, subject: ChargeSubject, amount: Option<Money>) {
    let command = RequestRefund {
        user_id,
        subject,
        refund_no: edupay_domain::ids::RefundNo::parse(&case.unique("R-")).unwrap(),
        amount,
        to: RefundTarget::Balance,
        reason: RefundReason::parse("a reason").unwrap(),
        by: UserId::try_new(9).unwrap(),
        approval_above: None,
        at: case.minute(10),
        event_id: case.event_id(),
    };
    case.harness().refunds().request(&command, request_refund).await.unwrap();
}

async fn found(damage: impl FnOnce(&mut State, UserId)) -> Vec<&'static str> {
    let (store, buyer) = story().await;
    found_in(&store, |state| damage(state, buyer)).await
}

async fn found_in(store: &MemoryStore, damage: impl FnOnce(&mut State)) -> Vec<&'static str> {
    assert_eq!(store.ledger().audit().await.unwrap().breaches, []);
    store.transaction(damage);
    let report = store.ledger().audit().await.unwrap();
    assert!(report.breaches.iter().all(|breach| report.checked.contains(&breach.invariant)));
    report.breaches.iter().map(|breach| breach.invariant).collect()
}

#[tokio::test]
async fn a_refund_above_what_was_paid_is_found() {
    let names = found(|state, buyer| state.refunds.get_mut(&buyer).unwrap()[1].amount = fen(101));
    let names = names.await;
    assert!(names.contains(&"refunds_pass_what_was_paid") && names.contains(&"refund_differs_from_entries"));
}

#[tokio::test]
async fn an_order_whose_status_hides_its_refund_is_found() {
    let names = found(|state, buyer| {
        let order = &mut state.orders.get_mut(&buyer).unwrap()[1];
        order.state = OrderState::Paid(order.state.payment().cloned().unwrap());
    });
    assert_eq!(names.await, ["order_status_differs_from_refunds"]);
}

#[tokio::test]
async fn a_refund_without_its_entry_is_found() {
    let names = found(|state, buyer| state.refunds.get_mut(&buyer).unwrap()[1].stage = RefundStage::Failed);
    assert_eq!(names.await, ["order_status_differs_from_refunds", "refund_differs_from_entries"]);
}

#[tokio::test]
async fn an_entry_without_its_refund_is_found() {
    let names = found(|state, buyer| drop(state.refunds.get_mut(&buyer).unwrap().remove(1)));
    assert_eq!(names.await, ["order_status_differs_from_refunds", "entry_without_refund"]);
}

#[tokio::test]
async fn a_refund_of_the_gateway_without_a_claim_is_found() {
    assert_eq!(found(|state, _| state.refund_claims.clear()).await, ["gateway_refund_not_claimed"]);
}

#[tokio::test]
async fn a_refunded_order_that_still_gives_its_course_is_found() {
    let names = found(|state, buyer| {
        let order = &state.orders[&buyer][0];
        let (course_id, order_no) = (order.lines[0].course_id, order.order_no.clone());
        let granted_at = order.created_at;
        let given = Entitlement { user_id: buyer, course_id, order_no, granted_at };
        state.entitlements.insert((buyer, course_id), given);
    });
    assert_eq!(names.await, ["entitlement_without_payment"]);
}

#[tokio::test]
async fn a_refunded_purchase_that_still_gives_days_is_found() {
    let store = MemoryStore::new();
    let case = Case::new(&store);
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    case.pay_purchase(&placed).await;
    ask(&case, campus.student, ChargeSubject::Purchase(placed.purchase.purchase_no), None).await;
    let names = found_in(&store, |state| state.periods.get_mut(&campus.student).unwrap()[0].ended = None);
    assert_eq!(names.await, ["refunded_purchase_gives_days"]);
    store.transaction(|state| {
        let period = &mut state.periods.get_mut(&campus.student).unwrap()[0];
        period.ended = Some(period.period.starts);
    });
    let names = found_in(&store, |state| {
        let purchase = &mut state.purchases.get_mut(&campus.student).unwrap()[0];
        if let PurchaseState::Paid { refunded, .. } = &mut purchase.state {
            *refunded = fen(99);
        }
    });
    assert_eq!(names.await, ["purchase_refunded_differs_from_refunds"]);
}
