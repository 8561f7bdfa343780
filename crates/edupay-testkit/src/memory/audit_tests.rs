//! An audit that can't fail proves nothing: each invariant is broken once, by hand.

use super::{MemoryStore, State};
use crate::contract::{Case, StoreHarness};
use edupay_domain::ids::{ChargeId, UserId};
use edupay_domain::ledger::{EntryKind, Wallet};
use edupay_domain::money::Money;
use edupay_domain::orders::OrderState;
use edupay_domain::payments::{AttemptStatus, ReceiptStatus, UnappliedReason};

/// One user with a top-up, a payment from the balance, a charge that paid and one that could not.
async fn story() -> (MemoryStore, UserId) {
    let store = MemoryStore::new();
    let case = Case::new(&store);
    let buyer = case.user().await.id;
    let (number, attempt) = case.top_up(buyer, 1_000).await;
    case.confirm_top_up(&number, &attempt, &case.charge(&attempt)).await;
    let order = case.order(buyer, 100).await;
    case.pay(&order).await.unwrap();
    let order = case.order(buyer, 200).await;
    let attempt = case.attempt(&order).await;
    case.confirm(&order, &attempt, &case.charge(&attempt)).await;
    case.confirm(&order, &attempt, &case.charge(&attempt)).await;
    (store, buyer)
}

async fn found(damage: impl FnOnce(&mut State, UserId)) -> Vec<&'static str> {
    let (store, buyer) = story().await;
    assert_eq!(store.ledger().audit().await.unwrap().breaches, []);
    store.transaction(|state| damage(state, buyer));
    let report = store.ledger().audit().await.unwrap();
    let mut names: Vec<_> = report.breaches.iter().map(|breach| breach.invariant).collect();
    assert!(names.iter().all(|name| report.checked.contains(name)));
    names.dedup();
    names
}

fn wallet(state: &mut State, user_id: UserId) -> &mut Wallet {
    &mut state.users.get_mut(&user_id).unwrap().user.wallet
}

#[tokio::test]
async fn a_changed_posting_is_unbalanced() {
    let names = found(|state, buyer| {
        state.journal.get_mut(&buyer).unwrap()[0].postings[0].amount = Money::from_fen_u32(999);
    });
    assert!(names.await.contains(&"entry_unbalanced"));
}

#[tokio::test]
async fn a_removed_entry_leaves_a_gap() {
    let names = found(|state, buyer| drop(state.journal.get_mut(&buyer).unwrap().remove(1)));
    assert!(names.await.contains(&"entry_numbers_have_gaps"));
}

#[tokio::test]
async fn an_edited_balance_differs_from_the_postings() {
    let names = found(|state, buyer| wallet(state, buyer).cash = Money::from_fen_u32(901));
    assert_eq!(names.await, ["balance_differs_from_postings"]);
}

#[tokio::test]
async fn an_edited_statement_does_not_add_up() {
    let names = found(|state, buyer| {
        state.journal.get_mut(&buyer).unwrap()[1].balance_after = Money::from_fen_u32(901);
    });
    assert_eq!(names.await, ["statement_does_not_add_up"]);
}

#[tokio::test]
async fn an_order_set_back_to_unpaid_differs_from_its_entries() {
    let names = found(|state, buyer| state.orders.get_mut(&buyer).unwrap()[0].state = OrderState::Unpaid);
    assert_eq!(names.await, ["order_payment_differs_from_entries", "entitlement_without_payment"]);
}

#[tokio::test]
async fn an_order_that_was_booked_twice_differs_from_its_entries() {
    let names = found(|state, buyer| {
        let rows = state.journal.get_mut(&buyer).unwrap();
        let row = rows.iter().find(|row| row.kind == EntryKind::PayFromBalance).cloned().unwrap();
        rows.push(row);
    });
    assert!(names.await.contains(&"order_payment_differs_from_entries"));
}

#[tokio::test]
async fn a_paid_order_without_its_course_is_not_fulfilled() {
    assert_eq!(found(|state, _| drop(state.entitlements.pop_first())).await, ["order_not_fulfilled"]);
}

#[tokio::test]
async fn a_receipt_of_another_status_differs_from_its_entries() {
    for status in [ReceiptStatus::Applied, ReceiptStatus::Refunded] {
        let names = found(|state, buyer| {
            let receipts = state.receipts.get_mut(&buyer).unwrap();
            let kept = receipts.iter_mut().find(|receipt| receipt.reason.is_some()).unwrap();
            kept.status = status;
        });
        assert_eq!(names.await, ["receipt_differs_from_entries"]);
    }
    let names = found(|state, buyer| {
        state.receipts.get_mut(&buyer).unwrap()[0].reason = Some(UnappliedReason::PaidAlready);
    });
    assert!(names.await.contains(&"receipt_differs_from_entries"));
}

#[tokio::test]
async fn a_claim_without_a_receipt_is_found() {
    let names = found(|state, buyer| {
        state.charge_owners.insert(ChargeId::parse("ch_lost").unwrap(), buyer);
    });
    assert_eq!(names.await, ["charge_claim_differs_from_receipts"]);
}

#[tokio::test]
async fn a_paid_attempt_without_a_receipt_is_found() {
    let names = found(|state, buyer| {
        let attempts = state.attempts.get_mut(&buyer).unwrap();
        let attempt = attempts.iter_mut().find(|attempt| attempt.status == AttemptStatus::Paid).unwrap();
        attempt.charge_id = None;
    });
    assert_eq!(names.await, ["paid_without_receipt"]);
}
