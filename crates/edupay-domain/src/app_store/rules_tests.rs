//! Tables of what is credited, refused, taken back and given again.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers, added up independently of the code under test")]

use super::*;
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ids::{AppAccountToken, EventId, NotificationId, ProductId, TransactionId, UserId};
use crate::ledger::{EntryKind, Wallet};
use crate::money::Money;
use chrono::DateTime;
use proptest::prelude::*;

fn fen(fen: u32) -> Money {
    Money::from_fen_u32(fen)
}

fn user(id: i64) -> UserId {
    UserId::try_new(id).unwrap()
}

fn at(second: i64) -> Timestamp {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn token(of: u128) -> AppAccountToken {
    AppAccountToken::from_random(of)
}

fn share(milli_percent: u32) -> RefundedShare {
    RefundedShare::from_milli_percent(milli_percent)
}

/// One product of 6 yuan, bought by user 1 and signed in second 10.
fn transaction() -> AppStoreTransaction {
    AppStoreTransaction {
        id: TransactionId::parse("2000000123").unwrap(),
        environment: StoreEnvironment::Production,
        product_id: ProductId::parse("com.example.coins6").unwrap(),
        product_type: ProductType::Consumable,
        quantity: 1,
        ownership: Ownership::Purchased,
        app_account_token: Some(token(1)),
        purchased_at: at(9),
        signed_at: at(10),
        refunded: RefundedShare::NONE,
        price: Some(AppStorePrice { milli_units: 6_000, currency: "CNY".to_owned() }),
        signed: "a.signed.text".to_owned(),
    }
}

fn seen(second: i64, milli_percent: u32) -> AppStoreTransaction {
    AppStoreTransaction { signed_at: at(second), refunded: share(milli_percent), ..transaction() }
}

fn credit(transaction: AppStoreTransaction) -> CreditPurchase {
    CreditPurchase {
        user_id: user(1),
        token: token(1),
        transaction,
        claimed: None,
        source: TextSource::Client,
        policy: CreditPolicy {
            max_quantity: 10,
            missing_token: MissingToken::Refused,
            sandbox: SandboxCredit::Withheld,
        },
        at: at(20),
        event_id: EventId::from_random(1),
    }
}

fn observe(transaction: AppStoreTransaction) -> ObserveTransaction {
    ObserveTransaction { transaction, unclaimed: Unclaimed::Remembered, at: at(30), event_id: EventId::from_random(2) }
}

fn unclaimed(wallet: Wallet) -> TransactionView {
    TransactionView { wallet: Some(wallet), price: Some(fen(600)), ..TransactionView::default() }
}

fn wallet() -> Wallet {
    Wallet::new(user(1))
}

/// What the next effect sees after this plan.
fn after(view: TransactionView, writes: TransactionWrites) -> TransactionView {
    TransactionView {
        claim: writes.claim.or(view.claim),
        purchase: writes.purchase.or(view.purchase),
        wallet: writes.posted.map(|posted| posted.wallet).or(view.wallet),
        price: view.price,
    }
}

fn credited(view: TransactionView, command: &CreditPurchase) -> TransactionView {
    let plan = credit_purchase(command, &view).unwrap();
    assert!(matches!(plan.verdict, CreditVerdict::Credited(_)), "{:?}", plan.verdict);
    after(view, plan.writes)
}

fn observed(view: TransactionView, transaction: AppStoreTransaction) -> TransactionView {
    let plan = observe_transaction(&observe(transaction), &view).unwrap();
    after(view, plan.writes)
}

/// Iap, bonus, cash, debt, and what is clawed back.
fn money(view: &TransactionView) -> [i64; 5] {
    let (wallet, purchase) = (view.wallet.unwrap(), view.purchase.as_ref().unwrap());
    [wallet.iap, wallet.bonus, wallet.cash, wallet.debt, purchase.clawed_back].map(Money::fen)
}

#[test]
fn a_purchase_credits_the_price_of_its_time_times_its_quantity_and_nothing_else() {
    let command = credit(AppStoreTransaction { quantity: 3, price: None, ..transaction() });
    let view = unclaimed(Wallet { debt: fen(500), ..wallet() });
    let plan = credit_purchase(&command, &view).unwrap();
    let CreditVerdict::Credited(purchase) = &plan.verdict else { return assert_eq!("credited", "not") };
    assert_eq!((purchase.unit_price, purchase.credited, purchase.clawed_back), (fen(600), fen(1_800), Money::ZERO));
    let posted = plan.writes.posted.as_ref().unwrap();
    assert_eq!(posted.entry.kind(), EntryKind::CreditAppStorePurchase);
    assert_eq!(posted.entry.reference(), "production/2000000123");
    assert_eq!((posted.wallet.debt, posted.wallet.iap), (Money::ZERO, fen(1_300)));
    let transaction_id = command.transaction.id.clone();
    let body = EventBody::AppStoreCredited { transaction_id, amount: fen(1_800), debt: fen(500) };
    assert_eq!(plan.writes.events[0].body, body);
    assert_eq!(plan.writes.claim.unwrap().user_id, Some(user(1)));
    assert_eq!(plan.writes.record, None);
}

#[test]
fn each_thing_that_is_wrong_is_refused_in_order_and_nothing_is_written() {
    let changed = |change: fn(&mut CreditPurchase)| {
        let mut command = credit(transaction());
        change(&mut command);
        command
    };
    let cases: Vec<(CreditPurchase, RedeemRefusal)> = vec![
        (
            changed(|c| {
                c.transaction.product_type = ProductType::Other("Non-Consumable".to_owned());
                c.transaction.ownership = Ownership::Other("FAMILY_SHARED".to_owned());
            }),
            RedeemRefusal::NotConsumable,
        ),
        (
            changed(|c| {
                c.transaction.ownership = Ownership::Other("FAMILY_SHARED".to_owned());
                c.transaction.quantity = 0;
            }),
            RedeemRefusal::NotPurchased,
        ),
        (
            changed(|c| {
                c.transaction.quantity = 0;
                c.transaction.refunded = RefundedShare::FULL;
            }),
            RedeemRefusal::QuantityOutOfBounds,
        ),
        (changed(|c| c.transaction.quantity = 11), RedeemRefusal::QuantityOutOfBounds),
        (changed(|c| c.transaction.quantity = -1), RedeemRefusal::QuantityOutOfBounds),
        (changed(|c| c.transaction.refunded = RefundedShare::FULL), RedeemRefusal::Refunded),
        (changed(|c| c.transaction.refunded = RefundedShare::from_milli_percent(1)), RedeemRefusal::Refunded),
        (
            changed(|c| {
                c.transaction.app_account_token = None;
                c.claimed = Some(Money::from_fen_u32(1));
            }),
            RedeemRefusal::TokenMissing,
        ),
        (changed(|c| c.claimed = Some(Money::from_fen_u32(601))), RedeemRefusal::AmountDiffers),
    ];
    for (command, refusal) in cases {
        assert_eq!(credit_purchase(&command, &unclaimed(wallet())), Err(refusal), "{:?}", command.transaction);
    }
    let unknown = TransactionView { price: None, ..unclaimed(wallet()) };
    assert_eq!(credit_purchase(&credit(transaction()), &unknown), Err(RedeemRefusal::ProductUnknown));
    let dear = TransactionView { price: Some(Money::MAX), ..unclaimed(wallet()) };
    let twice = credit(AppStoreTransaction { quantity: 2, ..transaction() });
    assert_eq!(credit_purchase(&twice, &dear), Err(RedeemRefusal::AmountTooLarge));
    let rich = unclaimed(Wallet { cash: Money::MAX, ..wallet() });
    assert_eq!(credit_purchase(&credit(transaction()), &rich), Err(RedeemRefusal::AmountTooLarge));
}

#[test]
fn another_users_purchase_is_refused_and_recorded() {
    let view = credited(unclaimed(wallet()), &credit(transaction()));
    let thief = CreditPurchase { user_id: user(2), token: token(2), ..credit(transaction()) };
    let legacy = CreditPurchase {
        transaction: AppStoreTransaction { app_account_token: None, ..transaction() },
        policy: CreditPolicy { missing_token: MissingToken::TakenByTheFirst, ..thief.policy },
        ..thief.clone()
    };
    for (command, view, refusal) in [
        (&thief, unclaimed(Wallet::new(user(2))), RedeemRefusal::TokenDiffers),
        (&thief, view.clone(), RedeemRefusal::TokenDiffers),
        (&legacy, view, RedeemRefusal::OtherUser),
    ] {
        let plan = credit_purchase(command, &view).unwrap();
        assert_eq!(plan.verdict, CreditVerdict::Refused(refusal));
        let record = plan.writes.record.clone().unwrap();
        assert_eq!((record.user_id, record.verdict), (user(2), RecordVerdict::OtherUser));
        assert_eq!(plan.writes, TransactionWrites { record: Some(record), ..TransactionWrites::default() });
    }
}

#[test]
fn the_same_purchase_again_credits_nothing() {
    let command = credit(transaction());
    let view = credited(unclaimed(wallet()), &command);
    for claimed in [None, Some(fen(600))] {
        let plan = credit_purchase(&CreditPurchase { claimed, ..command.clone() }, &view).unwrap();
        assert!(matches!(plan.verdict, CreditVerdict::AlreadyCredited(_)));
        assert!(plan.writes.is_empty());
    }
    // The price has changed since: what was credited counts.
    let dearer = TransactionView { price: Some(fen(700)), ..view };
    let plan = credit_purchase(&CreditPurchase { claimed: Some(fen(600)), ..command }, &dearer).unwrap();
    assert!(matches!(plan.verdict, CreditVerdict::AlreadyCredited(_)));
}

#[test]
fn a_newer_text_that_tells_of_a_refund_takes_back_and_is_the_same_success() {
    let view = credited(unclaimed(wallet()), &credit(transaction()));
    let plan = credit_purchase(&credit(seen(11, 100_000)), &view).unwrap();
    assert!(matches!(plan.verdict, CreditVerdict::AlreadyCredited(_)), "{:?}", plan.verdict);
    let view = after(view, plan.writes);
    assert_eq!(money(&view), [0, 0, 0, 0, 600]);
    // The old text does not bring it back.
    let plan = credit_purchase(&credit(transaction()), &view).unwrap();
    assert!(matches!(plan.verdict, CreditVerdict::AlreadyCredited(_)) && plan.writes.is_empty(), "{plan:?}");
    // Another user who brings the news changes the owner's purchase, not his own.
    let thief = CreditPurchase { user_id: user(2), token: token(2), ..credit(seen(12, 0)) };
    let plan = credit_purchase(&thief, &view).unwrap();
    assert_eq!(plan.verdict, CreditVerdict::Refused(RedeemRefusal::TokenDiffers));
    assert_eq!(plan.writes.posted.as_ref().unwrap().wallet.user_id, user(1));
    assert_eq!(money(&after(view, plan.writes)), [600, 0, 0, 0, 0]);
}

#[test]
fn a_refund_before_its_credit_blocks_it_until_it_is_reversed() {
    let nobody = TransactionView::default();
    let waiting = observed(nobody, seen(11, 100_000));
    assert_eq!(waiting.claim.as_ref().unwrap().user_id, None);
    let asked = TransactionView { wallet: Some(wallet()), price: Some(fen(600)), ..waiting.clone() };
    assert_eq!(credit_purchase(&credit(transaction()), &asked), Err(RedeemRefusal::Refunded));
    let lifted = observed(waiting, seen(12, 0));
    let asked = TransactionView { wallet: Some(wallet()), price: Some(fen(600)), ..lifted };
    let view = credited(asked, &credit(transaction()));
    assert_eq!(money(&view), [600, 0, 0, 0, 0]);
    assert_eq!(view.claim.unwrap().newest.signed_at, at(12));
}

#[test]
fn a_client_leaves_no_trace_of_a_transaction_that_nobody_has() {
    let command = ObserveTransaction { unclaimed: Unclaimed::Left, ..observe(seen(11, 100_000)) };
    let plan = observe_transaction(&command, &TransactionView::default()).unwrap();
    assert_eq!((plan.observed, plan.writes.is_empty()), (Observed::Left, true));
}

#[test]
fn a_refund_takes_app_store_money_then_gifts_then_cash_and_the_rest_is_owed() {
    let view = credited(unclaimed(wallet()), &credit(transaction()));
    for (iap, bonus, cash, expected) in [
        (600, 50, 50, [0, 50, 50, 0, 600]),
        (550, 100, 50, [0, 50, 50, 0, 600]),
        (100, 100, 500, [0, 0, 100, 0, 600]),
        (100, 100, 100, [0, 0, 0, 300, 600]),
        (0, 0, 0, [0, 0, 0, 600, 600]),
    ] {
        let spent = Wallet { iap: fen(iap), bonus: fen(bonus), cash: fen(cash), ..view.wallet.unwrap() };
        let refunded = observed(TransactionView { wallet: Some(spent), ..view.clone() }, seen(11, 100_000));
        assert_eq!(money(&refunded), expected, "{iap} {bonus} {cash}");
        let back = observed(refunded, seen(12, 0));
        let total = money(&back);
        assert_eq!(total[0] + total[1] + total[2] - total[3], i64::from(iap + bonus + cash));
        assert_eq!((total[3], total[4]), (0, 0));
    }
}

#[test]
fn each_move_of_money_is_one_event_of_the_purchases_user() {
    let view = credited(unclaimed(wallet()), &credit(transaction()));
    let spent = Wallet { iap: fen(500), ..view.wallet.unwrap() };
    let mut view = TransactionView { wallet: Some(spent), ..view };
    let transaction_id = || transaction().id;
    let clawed_back = |debt| EventBody::AppStoreClawedBack { transaction_id: transaction_id(), amount: fen(300), debt };
    let restored = EventBody::AppStoreRestored { transaction_id: transaction_id(), amount: fen(600), debt: fen(100) };
    for (second, milli_percent, expected) in [
        (11, 50_000, Some(clawed_back(fen(0)))),
        (12, 100_000, Some(clawed_back(fen(100)))),
        (13, 0, Some(restored)),
        (14, 0, None),
    ] {
        let command = observe(seen(second, milli_percent));
        let writes = observe_transaction(&command, &view).unwrap().writes;
        let event = |body| Event { id: command.event_id, user_id: user(1), at: command.at, body };
        assert_eq!(writes.events, expected.map(event).into_iter().collect::<Vec<_>>(), "second {second}");
        view = after(view, writes);
    }
}

#[test]
fn parts_are_taken_step_by_step_rounded_down_and_never_more_than_was_credited() {
    let odd = TransactionView { price: Some(fen(333)), ..unclaimed(wallet()) };
    let mut view = credited(odd, &credit(AppStoreTransaction { price: None, ..transaction() }));
    for (second, milli_percent, clawed_back) in
        [(11, 33_333, 110), (12, 50_000, 166), (12, 100_000, 166), (11, 0, 166), (13, 40_000, 133), (14, 100_000, 333)]
    {
        view = observed(view, seen(second, milli_percent));
        assert_eq!(money(&view), [333 - clawed_back, 0, 0, 0, clawed_back], "second {second}");
    }
}

#[test]
fn play_money_is_a_gift_for_those_who_may_have_it_and_leaves_no_debt() {
    let sandbox = |second, milli_percent| AppStoreTransaction {
        environment: StoreEnvironment::Sandbox,
        ..seen(second, milli_percent)
    };
    let withheld = credit(sandbox(10, 0));
    let owing = Wallet { debt: fen(40), ..wallet() };
    let plan = credit_purchase(&withheld, &unclaimed(owing)).unwrap();
    assert_eq!(plan.verdict, CreditVerdict::Refused(RedeemRefusal::SandboxNotCredited));
    let record = plan.writes.record.clone().unwrap();
    assert_eq!(record.verdict, RecordVerdict::SandboxNotCredited);
    assert_eq!(plan.writes, TransactionWrites { record: Some(record), ..TransactionWrites::default() });

    let policy = CreditPolicy { sandbox: SandboxCredit::Granted, ..withheld.policy };
    let view = credited(unclaimed(owing), &CreditPurchase { policy, ..withheld });
    assert_eq!(money(&view), [0, 600, 0, 40, 0]);
    let mostly_spent = Wallet { bonus: fen(100), cash: fen(70), ..view.wallet.unwrap() };
    let view = observed(TransactionView { wallet: Some(mostly_spent), ..view }, sandbox(11, 100_000));
    assert_eq!(money(&view), [0, 0, 70, 40, 100]);
    let gifted = Wallet { bonus: fen(900), ..view.wallet.unwrap() };
    let view = observed(TransactionView { wallet: Some(gifted), ..view }, sandbox(12, 100_000));
    assert_eq!(money(&view), [0, 900, 70, 40, 100], "what was let go is not asked for again");
    let view = observed(view, sandbox(13, 50_000));
    assert_eq!(money(&view), [0, 900, 70, 40, 100], "less was taken than half");
    let view = observed(view, sandbox(14, 0));
    assert_eq!(money(&view), [0, 1_000, 70, 40, 0]);
}

#[test]
fn a_price_that_is_neither_of_one_piece_nor_of_all_is_recorded() {
    for (milli_units, currency, recorded) in [
        (6_000, "CNY", false),
        (12_000, "CNY", false),
        (6_001, "CNY", true),
        (18_000, "CNY", true),
        (-1, "CNY", true),
        (999, "USD", false),
    ] {
        let price = Some(AppStorePrice { milli_units, currency: currency.to_owned() });
        let command = credit(AppStoreTransaction { price, quantity: 2, ..transaction() });
        let plan = credit_purchase(&command, &unclaimed(wallet())).unwrap();
        assert!(matches!(plan.verdict, CreditVerdict::Credited(_)));
        let verdict = plan.writes.record.map(|record| record.verdict);
        assert_eq!(verdict, recorded.then_some(RecordVerdict::PriceDiffers), "{milli_units} {currency}");
    }
}

#[test]
fn a_notification_tells_what_its_transaction_leaves_open() {
    let told = |kind, refunded| {
        let notification = AppStoreNotification {
            id: NotificationId::parse("n1").unwrap(),
            kind,
            subtype: String::new(),
            signed_at: at(50),
            transaction: Some(seen(10, refunded)),
            consumption_reason: String::new(),
            signed: String::new(),
        };
        notification.told().unwrap().observation()
    };
    let is = |second, milli_percent| Observation { signed_at: at(second), refunded: share(milli_percent) };
    assert_eq!(told(NotificationKind::Refund, 0), is(50, 100_000));
    assert_eq!(told(NotificationKind::Refund, 30_000), is(10, 30_000));
    assert_eq!(told(NotificationKind::RefundReversed, 100_000), is(50, 0));
    assert_eq!(told(NotificationKind::RefundDeclined, 0), is(10, 0));
    assert_eq!(told(NotificationKind::OneTimeCharge, 100_000), is(10, 100_000));
}

proptest! {
    /// Whatever the order and however often: the newest text tells how the purchase is in the end.
    #[test]
    fn any_order_of_texts_ends_in_the_same_state(
        texts in prop::collection::vec((11_i64..18, 0_u32..=100_000), 1..6),
        order in prop::collection::vec(0_usize..64, 1..24),
        iap in 0_u32..700, cash in 0_u32..700,
    ) {
        // Two texts of one moment say the same.
        let of_moment = |second: i64| texts.iter().find(|(of, _)| *of == second).copied().unwrap();
        let start = credited(unclaimed(wallet()), &credit(transaction()));
        let start = TransactionView {
            wallet: Some(Wallet { iap: fen(iap), cash: fen(cash), ..start.wallet.unwrap() }),
            ..start
        };
        let mut view = start.clone();
        let picked = order.iter().map(|index| texts[index % texts.len()]).chain(texts.iter().copied());
        for (second, _) in picked {
            let (second, milli_percent) = of_moment(second);
            view = observed(view, seen(second, milli_percent));
            let [iap, bonus, cash, debt, clawed_back] = money(&view);
            prop_assert!(iap >= 0 && bonus >= 0 && cash >= 0 && debt >= 0 && (0..=600).contains(&clawed_back));
        }
        let newest = texts.iter().map(|(second, _)| *second).max().unwrap();
        let expected = i64::from(of_moment(newest).1) * 600 / 100_000;
        let [left, bonus, rest, debt, clawed_back] = money(&view);
        prop_assert_eq!(clawed_back, expected);
        prop_assert_eq!(left + bonus + rest - debt, i64::from(iap + cash) - expected);
        prop_assert_eq!(view.claim.unwrap().newest.signed_at, at(newest));
    }

    #[test]
    fn a_share_is_never_more_than_the_amount(amount in 0_i64..=i64::MAX, milli_percent in any::<u32>()) {
        let amount = Money::try_from_fen(amount).unwrap();
        let part = rules_observe::share_of(amount, share(milli_percent)).unwrap();
        prop_assert!(part <= amount);
        prop_assert_eq!(rules_observe::share_of(amount, RefundedShare::FULL), Some(amount));
    }
}

#[test]
fn a_signed_text_is_not_shown() {
    assert_eq!(format!("{:?}", crate::app_store::SignedText("a.signed.text".to_owned())), "SignedText(…)");
}

#[test]
fn of_two_texts_the_newer_one_counts_and_of_one_moment_the_one_at_hand() {
    let seen = |second, milli_percent| Observation { signed_at: at(second), refunded: share(milli_percent) };
    assert_eq!(seen(1, 10).or_newer(seen(2, 20)), seen(2, 20));
    assert_eq!(seen(2, 10).or_newer(seen(1, 20)), seen(2, 10));
    assert_eq!(seen(1, 10).or_newer(seen(1, 20)), seen(1, 10));
}
