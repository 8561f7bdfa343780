//! Claims about the statement and the audit.

use super::{Case, StoreHarness};
use crate::fixtures::fen;
use edupay_domain::accounts::adjust_balance;
use edupay_domain::ledger::{Bucket, EntryKind};
use edupay_domain::money::Money;

/// Each line begins with the balance that the one below it left; the first begins with nothing and
/// the last leaves the wallet's balance.
pub async fn a_statement_runs_newest_first_with_a_running_balance<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.buyer(100, 0, 1_000).await;
    let order = case.order(buyer, 1_050).await;
    case.pay(&order).await.unwrap();
    let second = case.order(buyer, 70).await;
    let attempt = case.attempt(&second).await;
    case.confirm(&second, &attempt, &case.charge(&attempt)).await;
    let lines = case.statement(buyer).await;
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line.number, line.kind, line.balance_before.fen(), line.balance_after.fen()))
        .collect();
    assert_eq!(
        seen,
        [
            (4, EntryKind::ConfirmOrderCharge, 50, 50),
            (3, EntryKind::PayFromBalance, 1_100, 50),
            (2, EntryKind::AdjustBalance, 100, 1_100),
            (1, EntryKind::AdjustBalance, 0, 100),
        ]
    );
    let references: Vec<_> = lines.iter().map(|line| line.reference.as_str()).take(2).collect();
    let confirmed = case.stored(&second).await;
    let paid_by = confirmed.state.payment().map(|payment| payment.tender.channel_code());
    assert_eq!(paid_by, Some("wx"));
    assert_eq!(references.last().copied(), Some(order.order_no.as_str()));
    assert_eq!(case.wallet(buyer).await.balance(), Some(fen(50)));
    case.audit().await;
}

/// Pages below a number join to the whole, and there is nothing below the first entry.
pub async fn a_statement_is_read_in_pages<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let buyer = case.user().await.id;
    for _ in 0..5 {
        let command = case.adjustment(buyer, Bucket::Cash, fen(1));
        harness.wallets().adjust_balance(&command, adjust_balance).await.unwrap();
    }
    let mut numbers = Vec::new();
    let mut below = None;
    loop {
        let page = harness.ledger().statement(buyer, below, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        below = Some(last.number);
        numbers.extend(page.iter().map(|line| line.number));
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    assert_eq!(below, Some(1));
}

/// What another user does is not on the statement.
pub async fn a_statement_shows_only_the_own_entries<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (one, other) = (case.buyer(0, 0, 10).await, case.buyer(0, 0, 20).await);
    let after = |lines: Vec<edupay_domain::ledger::StatementLine>| -> Vec<Money> {
        lines.into_iter().map(|line| line.balance_after).collect()
    };
    assert_eq!(after(case.statement(one).await), [fen(10)]);
    assert_eq!(after(case.statement(other).await), [fen(20)]);
    assert!(case.statement(case.user().await.id).await.is_empty());
}

/// An audit looks at every user, entry and posting, and says which invariants it checked.
pub async fn an_audit_sees_every_entry<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let before = harness.ledger().audit().await.unwrap();
    let buyer = case.buyer(100, 0, 1_000).await;
    let order = case.order(buyer, 1_050).await;
    case.pay(&order).await.unwrap();
    let after = harness.ledger().audit().await.unwrap();
    assert!(after.users > before.users, "a user was added");
    assert!(after.entries >= before.entries.saturating_add(3), "three entries were booked");
    // Two adjustments of two lines; a payment from two balances, of three.
    assert!(after.postings >= before.postings.saturating_add(7), "seven postings were booked");
    assert!(!after.checked.is_empty());
    assert_eq!((after.total_fen, after.breaches), (0, Vec::new()));
}
