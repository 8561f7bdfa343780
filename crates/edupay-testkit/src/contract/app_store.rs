//! Claims about purchases in the App Store: credited once on proof, and followed from then on.

use super::case::refusal_of;
use super::{Case, StoreHarness};
use crate::app_store::signed;
use crate::fixtures::fen;
use edupay_domain::app_store::{
    AppStoreTransaction, CreditPolicy, CreditPurchase, CreditVerdict, Observed, RecordVerdict, RedeemRefusal,
    SandboxCredit, StoreEnvironment, TextSource, Unclaimed, credit_purchase, observe_transaction,
};
use edupay_domain::ledger::{EntryKind, Wallet};
use edupay_domain::money::Money;
use edupay_domain::products::SetProductPrice;

/// A purchase is in the balance once, with entry, claim, row and event; a repeat is the same success.
pub async fn a_purchase_in_the_app_store_is_credited_once<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let transaction = signed(AppStoreTransaction { quantity: 2, ..case.transaction(&user, &product) });
    let key = transaction.key();
    assert_eq!(harness.app_store_purchases().find_claimant(&key).await.unwrap(), None);
    let command = case.credit_command(&user, &transaction);
    let verdict = harness.app_store_purchases().credit(&command, credit_purchase).await.unwrap();
    let CreditVerdict::Credited(purchase) = verdict else { return assert_eq!("credited", "not") };
    assert_eq!((purchase.unit_price, purchase.credited, purchase.clawed_back), (fen(600), fen(1_200), Money::ZERO));
    assert_eq!((&purchase.price, &purchase.signed.0), (&transaction.price, &transaction.signed));
    assert_eq!(case.wallet(user.id).await, Wallet { iap: fen(1_200), entries: 1, ..Wallet::new(user.id) });
    let line = case.statement(user.id).await.into_iter().next().unwrap();
    assert_eq!((line.kind, line.reference), (EntryKind::CreditAppStorePurchase, key.to_string()));
    let credited = ("app_store.credited".to_owned(), "1200".to_owned(), "0".to_owned());
    assert_eq!(case.app_store_events(user.id).await, [credited]);
    assert_eq!(case.app_store_purchases(user.id).await, std::slice::from_ref(&purchase));
    assert_eq!(harness.app_store_purchases().find_claimant(&key).await.unwrap(), Some(user.id));

    let before = case.snapshot(user.id).await;
    let again = CreditPurchase { event_id: case.event_id(), ..command };
    let verdict = harness.app_store_purchases().credit(&again, credit_purchase).await.unwrap();
    assert_eq!(verdict, CreditVerdict::AlreadyCredited(purchase));
    assert_eq!(case.snapshot(user.id).await, before);
    case.audit().await;
}

/// The same id in the other environment is another transaction.
pub async fn a_transaction_is_known_by_its_environment_too<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let real = case.credited(&user, &product).await;
    let play = signed(AppStoreTransaction { environment: StoreEnvironment::Sandbox, ..real });
    let command = case.credit_command(&user, &play);
    let policy = CreditPolicy { sandbox: SandboxCredit::Granted, ..command.policy };
    let verdict = harness.app_store_purchases().credit(&CreditPurchase { policy, ..command }, credit_purchase).await;
    assert!(matches!(verdict.unwrap(), CreditVerdict::Credited(_)));
    let wallet = case.wallet(user.id).await;
    assert_eq!((wallet.iap, wallet.bonus, wallet.debt), (fen(600), fen(600), Money::ZERO));
    case.observe(&case.seen(&play, 2, 100_000)).await;
    assert_eq!(case.wallet(user.id).await.bonus, Money::ZERO);
    case.audit().await;
}

/// Another user's transaction is refused and recorded once; nobody's balance moves.
pub async fn another_users_purchase_is_recorded_and_credits_nobody<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, thief, product) = (case.user().await, case.user().await, case.product(600).await);
    let claimed = case.credited(&user, &product).await;
    let unclaimed = case.transaction(&user, &product);
    for transaction in [&claimed, &unclaimed] {
        let before = (case.snapshot(user.id).await, case.snapshot(thief.id).await);
        for _ in 0..2 {
            let verdict = case.credit(&thief, transaction).await.unwrap();
            assert_eq!(verdict, CreditVerdict::Refused(RedeemRefusal::TokenDiffers));
        }
        assert_eq!((case.snapshot(user.id).await, case.snapshot(thief.id).await), before);
        let records = case.records_of(&transaction.key()).await;
        let [record] = records.as_slice() else { return assert_eq!(records.len(), 1) };
        assert_eq!((record.user_id, record.verdict), (thief.id, RecordVerdict::OtherUser));
        assert_eq!((record.source, record.received_at), (TextSource::Client, case.minute(60)));
        assert_eq!(record.signed.0, transaction.signed);
    }
    assert_eq!(case.app_store_purchases(thief.id).await, []);
    // The attempt did not spoil it for its owner.
    assert!(matches!(case.credit(&user, &unclaimed).await.unwrap(), CreditVerdict::Credited(_)));
    case.audit().await;
}

/// Play money of a user who may have none is recorded; it can still be credited when the user may.
pub async fn play_money_is_credited_to_those_who_may_have_it<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let environment = StoreEnvironment::Sandbox;
    let play = signed(AppStoreTransaction { environment, ..case.transaction(&user, &product) });
    let verdict = case.credit(&user, &play).await.unwrap();
    assert_eq!(verdict, CreditVerdict::Refused(RedeemRefusal::SandboxNotCredited));
    let verdicts: Vec<_> = case.records_of(&play.key()).await.iter().map(|record| record.verdict).collect();
    assert_eq!(verdicts, [RecordVerdict::SandboxNotCredited]);
    assert_eq!(case.wallet(user.id).await, Wallet::new(user.id));
    let command = case.credit_command(&user, &play);
    let policy = CreditPolicy { sandbox: SandboxCredit::Granted, ..command.policy };
    let granted = CreditPurchase { policy, ..command };
    let verdict = harness.app_store_purchases().credit(&granted, credit_purchase).await.unwrap();
    assert!(matches!(verdict, CreditVerdict::Credited(_)));
    assert_eq!(case.wallet(user.id).await.bonus, fen(600));
    case.audit().await;
}

/// A refusal leaves nothing: no row, no claim, no record.
pub async fn a_refused_purchase_leaves_no_trace<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let before = case.snapshot(user.id).await;
    let transaction = case.transaction(&user, &product);
    let unknown = signed(AppStoreTransaction { product_id: case.product_id(), ..transaction.clone() });
    let revoked = case.seen(&transaction, 2, 100_000);
    let nobodys = signed(AppStoreTransaction { app_account_token: None, ..transaction.clone() });
    for (command, refusal) in [
        (case.credit_command(&user, &unknown), RedeemRefusal::ProductUnknown),
        (case.credit_command(&user, &revoked), RedeemRefusal::Refunded),
        (case.credit_command(&user, &nobodys), RedeemRefusal::TokenMissing),
        (
            CreditPurchase { claimed: Some(fen(601)), ..case.credit_command(&user, &transaction) },
            RedeemRefusal::AmountDiffers,
        ),
    ] {
        let answer = harness.app_store_purchases().credit(&command, credit_purchase).await;
        assert_eq!(refusal_of(answer), refusal);
        assert_eq!(harness.app_store_purchases().find_claimant(&command.transaction.key()).await.unwrap(), None);
    }
    assert_eq!(case.snapshot(user.id).await, before);
    assert_eq!(case.app_store_purchases(user.id).await, []);
    assert_eq!(case.records_of(&transaction.key()).await, []);
    // The transaction is as free as before.
    assert!(matches!(case.credit(&user, &transaction).await.unwrap(), CreditVerdict::Credited(_)));
    case.audit().await;
}

/// A refund before its credit blocks it; when it is reversed the credit goes through.
pub async fn a_refund_before_its_credit_blocks_it_until_it_is_reversed<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let transaction = case.transaction(&user, &product);
    let left = edupay_domain::app_store::ObserveTransaction {
        unclaimed: Unclaimed::Left,
        ..case.observe_command(&case.seen(&transaction, 3, 0))
    };
    let seen = harness.app_store_purchases().observe(&left, observe_transaction).await.unwrap();
    assert_eq!(seen, Observed::Left);
    assert_eq!(case.observe(&case.seen(&transaction, 2, 100_000)).await, Observed::Newer, "nothing was remembered");
    assert_eq!(case.observe(&case.seen(&transaction, 2, 100_000)).await, Observed::Known);
    assert_eq!(refusal_of(case.credit(&user, &transaction).await), RedeemRefusal::Refunded);
    assert_eq!(case.wallet(user.id).await, Wallet::new(user.id));
    case.observe(&case.seen(&transaction, 3, 0)).await;
    assert_eq!(case.observe(&case.seen(&transaction, 2, 100_000)).await, Observed::Known, "it comes late");
    assert!(matches!(case.credit(&user, &transaction).await.unwrap(), CreditVerdict::Credited(_)));
    assert_eq!(case.wallet(user.id).await.iap, fen(600));
    case.audit().await;
}

/// A refund takes back what is there and makes a debt of the rest; the next credit pays it first, and a
/// reversal gives back what was taken.
pub async fn a_refund_leaves_a_debt_that_the_next_credit_pays<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let first = case.credited(&user, &product).await;
    let order = case.order(user.id, 500).await;
    case.pay(&order).await.unwrap();
    case.observe(&case.seen(&first, 2, 100_000)).await;
    let wallet = case.wallet(user.id).await;
    assert_eq!((wallet.iap, wallet.debt), (Money::ZERO, fen(500)));
    case.credited(&user, &case.product(800).await).await;
    let wallet = case.wallet(user.id).await;
    assert_eq!((wallet.iap, wallet.debt), (fen(300), Money::ZERO));
    case.observe(&case.seen(&first, 3, 0)).await;
    assert_eq!(case.wallet(user.id).await.iap, fen(900));
    let told = |kind: &str, amount: &str, debt: &str| (kind.to_owned(), amount.to_owned(), debt.to_owned());
    assert_eq!(
        case.app_store_events(user.id).await,
        [
            told("app_store.clawed_back", "600", "500"),
            told("app_store.credited", "600", "0"),
            told("app_store.credited", "800", "500"),
            told("app_store.restored", "600", "0"),
        ]
    );
    case.audit().await;
}

/// Parts are taken back step by step: the difference to what was taken before, rounded down, and nothing
/// for what is older or known.
pub async fn parts_of_a_purchase_are_taken_back_step_by_step<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(333).await);
    let transaction = case.credited(&user, &product).await;
    for (minute, milli_percent, clawed_back) in
        [(2, 33_333, 110), (3, 50_000, 166), (3, 100_000, 166), (2, 0, 166), (4, 40_000, 133), (5, 100_000, 333)]
    {
        case.observe(&case.seen(&transaction, minute, milli_percent)).await;
        let purchase = case.app_store_purchases(user.id).await.remove(0);
        assert_eq!(purchase.clawed_back, fen(clawed_back), "minute {minute}");
        assert_eq!(case.wallet(user.id).await.iap, fen(333_u32.saturating_sub(clawed_back)));
        case.audit().await;
    }
}

/// A device that brings the news of a refund of what was credited hears the same success, and the refund counts.
pub async fn a_device_that_brings_a_refund_hears_the_same_success_and_the_refund_counts<H: StoreHarness + ?Sized>(
    harness: &H,
) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let transaction = case.credited(&user, &product).await;
    let verdict = case.credit(&user, &case.seen(&transaction, 2, 100_000)).await.unwrap();
    assert!(matches!(verdict, CreditVerdict::AlreadyCredited(_)), "{verdict:?}");
    assert_eq!(case.wallet(user.id).await.iap, Money::ZERO);
    let verdict = case.credit(&user, &transaction).await.unwrap();
    assert!(matches!(verdict, CreditVerdict::AlreadyCredited(_)), "{verdict:?}");
    assert_eq!(case.wallet(user.id).await.iap, Money::ZERO);
    case.audit().await;
}

/// A purchase credits the price of its time, whatever the product costs now.
pub async fn a_purchase_credits_the_price_of_its_time<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    let products = harness.products();
    for (minute, price) in [(10, 700), (20, 800)] {
        let (product_id, at) = (product.product_id.clone(), case.minute(minute));
        products.set_price(&SetProductPrice { product_id, price: fen(price), at }).await.unwrap();
    }
    for (minute, expected) in [(-5, 600), (0, 600), (9, 600), (10, 700), (19, 700), (20, 800), (500, 800)] {
        let bought = AppStoreTransaction {
            purchased_at: case.minute(minute),
            signed_at: case.minute(1_000),
            ..case.transaction(&user, &product)
        };
        let verdict = case.credit(&user, &signed(bought)).await.unwrap();
        let CreditVerdict::Credited(purchase) = verdict else { return assert_eq!("credited", "not") };
        assert_eq!(purchase.credited, fen(expected), "minute {minute}");
    }
    case.audit().await;
}

/// A price that differs from ours credits ours, and is recorded.
pub async fn a_price_that_differs_is_recorded<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(700).await);
    let transaction = case.credited(&user, &product).await;
    assert_eq!(case.wallet(user.id).await.iap, fen(700));
    let verdicts: Vec<_> = case.records_of(&transaction.key()).await.iter().map(|record| record.verdict).collect();
    assert_eq!(verdicts, [RecordVerdict::PriceDiffers]);
}

/// Pages follow each other by time, and what came in one microsecond is on one page.
pub async fn purchases_are_paged_by_the_time_of_their_credit<H: StoreHarness + ?Sized>(harness: &H) {
    let case = Case::new(harness);
    let (user, product) = (case.user().await, case.product(600).await);
    for minute in [60, 61, 61, 62] {
        let transaction = case.transaction(&user, &product);
        let command = CreditPurchase { at: case.minute(minute), ..case.credit_command(&user, &transaction) };
        harness.app_store_purchases().credit(&command, credit_purchase).await.unwrap();
    }
    let page = async |before: Option<i64>| {
        let before = before.map(|minute| case.minute(minute));
        let page = harness.app_store_purchases().purchases(user.id, before, 2).await.unwrap();
        page.iter()
            .map(|purchase| purchase.credited_at.signed_duration_since(case.start()).num_minutes())
            .collect::<Vec<_>>()
    };
    assert_eq!(page(None).await, [62, 61, 61]);
    assert_eq!(page(Some(61)).await, [60]);
    assert_eq!(page(Some(60)).await, [0_i64; 0]);
}
