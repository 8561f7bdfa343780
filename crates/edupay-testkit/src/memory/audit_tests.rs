//! An audit that can't fail proves nothing: each invariant is broken once, by hand.

use super::{MemoryStore, State};
use crate::contract::{Case, StoreHarness};
use edupay_domain::app_store::{RefundedShare, TransactionKey};
use edupay_domain::ids::{ChargeId, UserId};
use edupay_domain::ledger::{EntryKind, Wallet};
use edupay_domain::money::Money;
use edupay_domain::orders::OrderState;
use edupay_domain::packages::{PurchaseKind, PurchaseState};
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
async fn a_bonus_that_nobody_booked_differs_from_its_promise() {
    let names = found(|state, _| state.top_ups.values_mut().for_each(|top_up| top_up.bonus = Money::from_fen_u32(1)));
    assert_eq!(names.await, ["bonus_differs_from_promise"]);
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

/// One student with a package, an upgrade, and a renewal that waits for payment.
async fn campus_story() -> (MemoryStore, UserId) {
    let store = MemoryStore::new();
    let case = Case::new(&store);
    let campus = case.campus().await;
    for (kind, package) in [(PurchaseKind::New, 0), (PurchaseKind::Upgrade, 1)] {
        case.pay_purchase(&case.place(&campus, kind, &[package]).await).await;
    }
    case.place(&campus, PurchaseKind::Renewal, &[1]).await;
    (store, campus.student)
}

async fn found_on_campus(damage: impl FnOnce(&mut State, UserId)) -> Vec<&'static str> {
    let (store, student) = campus_story().await;
    assert_eq!(store.ledger().audit().await.unwrap().breaches, []);
    store.transaction(|state| damage(state, student));
    let report = store.ledger().audit().await.unwrap();
    assert!(report.breaches.iter().all(|breach| report.checked.contains(&breach.invariant)));
    report.breaches.iter().map(|breach| breach.invariant).collect()
}

#[tokio::test]
async fn a_purchase_set_back_to_unpaid_differs_from_its_entries() {
    let names = found_on_campus(|state, student| {
        state.purchases.get_mut(&student).unwrap()[0].state = PurchaseState::Unpaid;
    });
    assert_eq!(names.await, ["purchase_payment_differs_from_entries", "purchase_not_fulfilled"]);
}

#[tokio::test]
async fn a_purchase_that_says_it_was_paid_differs_from_its_entries() {
    let names = found_on_campus(|state, student| {
        let purchases = state.purchases.get_mut(&student).unwrap();
        purchases[2].state = purchases[1].state.clone();
    });
    assert_eq!(names.await, ["purchase_payment_differs_from_entries", "purchase_not_fulfilled"]);
}

#[tokio::test]
async fn a_purchase_whose_price_was_edited_differs_from_its_records() {
    let names = found_on_campus(|state, student| {
        state.purchases.get_mut(&student).unwrap()[2].records[0].price = Money::from_fen_u32(1);
    });
    assert_eq!(names.await, ["purchase_sum_differs_from_records"]);
}

#[tokio::test]
async fn a_purchase_number_that_leads_nowhere_is_found() {
    let names = found_on_campus(|state, _| state.purchase_numbers.clear());
    assert_eq!(names.await, ["purchase_number_leads_elsewhere"; 3]);
}

#[tokio::test]
async fn a_lost_period_leaves_its_purchase_unfulfilled_and_its_forerunner_alone() {
    let names = found_on_campus(|state, student| drop(state.periods.get_mut(&student).unwrap().remove(1)));
    assert_eq!(names.await, ["purchase_not_fulfilled", "superseded_period_has_no_successor"]);
}

#[tokio::test]
async fn a_period_of_another_package_was_not_paid_for() {
    let names = found_on_campus(|state, student| {
        let periods = state.periods.get_mut(&student).unwrap();
        periods[1].package_id = periods[0].package_id;
    });
    assert_eq!(names.await, ["period_without_payment"]);
}

#[tokio::test]
async fn two_periods_of_one_day_are_found() {
    let names = found_on_campus(|state, student| state.periods.get_mut(&student).unwrap()[0].superseded = None);
    assert_eq!(names.await, ["periods_overlap"]);
}

/// A user with a purchase of which a half was refunded.
async fn found_in_the_app_store(damage: impl FnOnce(&mut State, UserId, TransactionKey)) -> Vec<&'static str> {
    let store = MemoryStore::new();
    let case = Case::new(&store);
    let (user, product) = (case.user().await, case.product(600).await);
    let transaction = case.credited(&user, &product).await;
    case.observe(&case.seen(&transaction, 2, 50_000)).await;
    assert_eq!(store.ledger().audit().await.unwrap().breaches, []);
    store.transaction(|state| damage(state, user.id, transaction.key()));
    let report = store.ledger().audit().await.unwrap();
    assert!(report.breaches.iter().all(|breach| report.checked.contains(&breach.invariant)));
    report.breaches.iter().map(|breach| breach.invariant).collect()
}

#[tokio::test]
async fn a_purchase_whose_credit_was_edited_differs_from_its_entries() {
    let names = found_in_the_app_store(|state, user, key| {
        state.app_store.purchases.get_mut(&(user, key)).unwrap().credited = Money::from_fen_u32(601);
    });
    assert_eq!(names.await, ["app_store_purchase_differs_from_entries"]);
}

#[tokio::test]
async fn a_refund_that_was_not_taken_back_is_found() {
    let names = found_in_the_app_store(|state, _, key| {
        state.app_store.claims.get_mut(&key).unwrap().newest.refunded = RefundedShare::FULL;
    });
    assert_eq!(names.await, ["app_store_refund_not_taken_back"]);
}

#[tokio::test]
async fn a_claim_without_its_purchase_is_found() {
    let names = found_in_the_app_store(|state, user, key| drop(state.app_store.purchases.remove(&(user, key))));
    assert_eq!(
        names.await,
        [
            "app_store_claim_differs_from_purchases",
            "app_store_entry_without_purchase",
            "app_store_entry_without_purchase"
        ]
    );
}

#[tokio::test]
async fn a_purchase_without_its_claim_is_found() {
    let names = found_in_the_app_store(|state, _, key| drop(state.app_store.claims.remove(&key)));
    assert_eq!(names.await, ["app_store_claim_differs_from_purchases"]);
}

#[tokio::test]
async fn a_transaction_that_was_credited_twice_is_found() {
    let names = found_in_the_app_store(|state, user, _| {
        let other = UserId::try_new(user.get().saturating_add(1)).unwrap();
        let twice = state.journal[&user][0].clone();
        state.journal.insert(other, vec![twice]);
    });
    assert_eq!(names.await, ["app_store_entry_without_purchase", "app_store_transaction_credited_twice"]);
}
