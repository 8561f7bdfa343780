//! Purchases in the App Store, as the service tells their story.

#![expect(clippy::unwrap_used, reason = "what a test sets up must be there")]

use edupay_domain::accounts::{AccountService, Profile, Role, User};
use edupay_domain::app_store::{
    AppStore, AppStoreInbox, AppStoreNotification, AppStorePolicy, AppStorePurchaseStore, AppStoreService,
    AppStoreTransaction, CatchUpError, KeptNotification, MissingToken, NotificationKind, NotificationOutcome,
    RecordVerdict, RedeemRefusal, Redeemed, RefundedShare, SandboxUser, SignatureRefusal, SignedText, StoreEnvironment,
};
use edupay_domain::clock::Clock;
use edupay_domain::ids::{AppAccountToken, NotificationId, ProductId};
use edupay_domain::products::Product;
use edupay_domain::store::EffectError;
use edupay_testkit::app_store::{FakeAppStore, refused_text, signed};
use edupay_testkit::fixtures::{app_store_notification, app_store_transaction, fen, minutes_after, monday};
use edupay_testkit::ids::SeededIds;
use edupay_testkit::platform::Platform;
use std::sync::Arc;

async fn product(platform: &Platform) -> Product {
    platform.products.create_product(ProductId::parse("com.example.coins6").unwrap(), fen(600)).await.unwrap()
}

fn bought_by(user: &User, id: &str, product: &Product) -> AppStoreTransaction {
    app_store_transaction(id, product.product_id.as_str(), Some(user.app_account_token))
}

/// As of so many minutes after the start of the tests.
fn seen(transaction: &AppStoreTransaction, minute: i64, milli_percent: u32) -> AppStoreTransaction {
    signed(AppStoreTransaction {
        signed_at: minutes_after(monday(), minute),
        refunded: RefundedShare::from_milli_percent(milli_percent),
        ..transaction.clone()
    })
}

async fn receive(platform: &Platform, notification: &AppStoreNotification) -> NotificationOutcome {
    platform.app_store.receive(&notification.signed).await.unwrap().outcome
}

fn notice(id: &str, kind: NotificationKind, transaction: &AppStoreTransaction) -> AppStoreNotification {
    app_store_notification(id, kind, Some(transaction.clone()))
}

/// A platform whose clock stands an hour after the first purchase.
fn an_hour_later() -> Platform {
    let platform = Platform::new();
    platform.clock.set(minutes_after(monday(), 60));
    platform
}

#[tokio::test]
async fn a_signed_transaction_is_redeemed_once_by_its_own_user() {
    let platform = an_hour_later();
    assert_eq!(platform.app_store.history_of(), Some(StoreEnvironment::Production));
    let (user, thief) = (platform.buyer("xiaoyu", 0).await, platform.buyer("thief", 0).await);
    let product = product(&platform).await;
    let bought = bought_by(&user, "1", &product);
    let stolen = platform.app_store.redeem(&thief, &bought.signed, None).await;
    assert!(matches!(stolen, Err(EffectError::Refused(RedeemRefusal::TokenDiffers))));
    let inflated = platform.app_store.redeem(&user, &bought.signed, Some(fen(60_000))).await;
    assert!(matches!(inflated, Err(EffectError::Refused(RedeemRefusal::AmountDiffers))));
    let first = platform.app_store.redeem(&user, &bought.signed, Some(fen(600))).await.unwrap();
    assert!(matches!(first, Redeemed::Credited(_)));
    for _ in 0..2 {
        let again = platform.app_store.redeem(&user, &bought.signed, None).await.unwrap();
        assert!(matches!(again, Redeemed::AlreadyCredited(_)));
    }
    assert_eq!((platform.wallet(&user).await.iap, platform.wallet(&thief).await.iap), (fen(600), fen(0)));
    let records = platform.app_store.records(None, 10).await.unwrap();
    assert_eq!(records.iter().map(|record| record.verdict).collect::<Vec<_>>(), [RecordVerdict::OtherUser]);
    platform.audit().await;
}

#[tokio::test]
async fn what_was_not_signed_is_not_believed() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    for refusal in SignatureRefusal::ALL {
        let answer = platform.app_store.redeem(&user, &refused_text(refusal), None).await;
        assert!(
            matches!(answer, Err(EffectError::Refused(RedeemRefusal::Signature(found))) if found == refusal),
            "{refusal}"
        );
        let answer = platform.app_store.receive(&refused_text(refusal)).await;
        assert!(matches!(answer, Err(EffectError::Refused(found)) if found == refusal), "{refusal}");
    }
    assert_eq!(platform.store.due(minutes_after(monday(), 999), 10).await.unwrap(), [], "nothing was kept");
    assert_eq!(platform.app_store.records(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_device_that_died_is_made_whole_by_the_notification() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let bought = bought_by(&user, "1", &product);
    let charge = notice("n1", NotificationKind::OneTimeCharge, &bought);
    for _ in 0..2 {
        assert_eq!(receive(&platform, &charge).await, NotificationOutcome::Processed);
        assert_eq!(platform.wallet(&user).await.iap, fen(600));
    }
    let late = platform.app_store.redeem(&user, &bought.signed, None).await.unwrap();
    assert!(matches!(late, Redeemed::AlreadyCredited(_)));
    platform.audit().await;
}

#[tokio::test]
async fn a_notification_of_nobodys_purchase_is_processed_and_credits_nobody() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let strangers = app_store_transaction("1", product.product_id.as_str(), Some(AppAccountToken::from_random(99)));
    let nobodys = app_store_transaction("2", product.product_id.as_str(), None);
    let unknown = app_store_transaction("3", "com.example.unknown", Some(user.app_account_token));
    for (id, transaction) in [("n1", strangers), ("n2", nobodys), ("n3", unknown)] {
        let outcome = receive(&platform, &notice(id, NotificationKind::OneTimeCharge, &transaction)).await;
        assert_eq!(outcome, NotificationOutcome::Processed);
        assert_eq!(platform.store.find_claimant(&transaction.key()).await.unwrap(), None);
    }
    let test = app_store_notification("n4", NotificationKind::Test, None);
    assert_eq!(receive(&platform, &test).await, NotificationOutcome::Ignored);
    let other = NotificationKind::Other("EXTERNAL_PURCHASE_TOKEN".to_owned());
    let bought = bought_by(&user, "5", &product);
    assert_eq!(receive(&platform, &notice("n5", other, &bought)).await, NotificationOutcome::Ignored);
    assert_eq!(platform.wallet(&user).await, user.wallet);
    platform.audit().await;
}

#[tokio::test]
async fn refunds_and_reversals_in_any_order_end_the_same() {
    let platform = an_hour_later();
    let product = product(&platform).await;
    for (round, order) in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].into_iter().enumerate() {
        let user = platform.buyer(&format!("buyer{round}"), 0).await;
        let bought = bought_by(&user, &format!("100{round}"), &product);
        let id = |n: usize| format!("n{round}-{n}");
        let notices = [
            notice(&id(0), NotificationKind::OneTimeCharge, &bought),
            notice(&id(1), NotificationKind::Refund, &seen(&bought, 5, 0)),
            notice(&id(2), NotificationKind::RefundReversed, &seen(&bought, 6, 0)),
        ];
        for at in order {
            for _ in 0..2 {
                receive(&platform, &notices[at]).await;
            }
        }
        let wallet = platform.wallet(&user).await;
        assert_eq!((wallet.iap, wallet.debt), (fen(600), fen(0)), "{order:?}");
        platform.audit().await;
    }
}

#[tokio::test]
async fn a_refund_that_comes_first_blocks_and_its_reversal_credits() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let bought = bought_by(&user, "1", &product);
    receive(&platform, &notice("n1", NotificationKind::Refund, &seen(&bought, 5, 100_000))).await;
    let blocked = platform.app_store.redeem(&user, &bought.signed, None).await;
    assert!(matches!(blocked, Err(EffectError::Refused(RedeemRefusal::Refunded))));
    receive(&platform, &notice("n2", NotificationKind::RefundReversed, &seen(&bought, 6, 0))).await;
    assert_eq!(platform.wallet(&user).await.iap, fen(600), "the reversal makes its user whole");
    platform.audit().await;
}

#[tokio::test]
async fn play_money_is_for_testers() {
    let platform = an_hour_later();
    let (user, tester) = (platform.buyer("xiaoyu", 0).await, platform.buyer("tester", 0).await);
    let product = product(&platform).await;
    let play = |user: &User, id| {
        let environment = StoreEnvironment::Sandbox;
        signed(AppStoreTransaction { environment, ..bought_by(user, id, &product) })
    };
    let refused = platform.app_store.redeem(&user, &play(&user, "1").signed, None).await;
    assert!(matches!(refused, Err(EffectError::Refused(RedeemRefusal::SandboxNotCredited))));
    platform.app_store.redeem(&tester, &play(&tester, "2").signed, None).await.unwrap();
    let wallet = platform.wallet(&tester).await;
    assert_eq!((wallet.bonus, wallet.iap), (fen(600), fen(0)));
    platform.audit().await;
}

#[tokio::test]
async fn testers_may_be_named_by_their_ids() {
    let platform = an_hour_later();
    let (user, tester) = (platform.buyer("xiaoyu", 0).await, platform.buyer("another", 0).await);
    let product = product(&platform).await;
    let app_store = AppStoreService::new(AppStore {
        signatures: Arc::new(FakeAppStore),
        server: None,
        environment: StoreEnvironment::Sandbox,
        purchases: Arc::new(platform.store.clone()),
        inbox: Arc::new(platform.store.clone()),
        users: Arc::new(platform.store.clone()),
        policy: AppStorePolicy {
            missing_token: MissingToken::Refused,
            sandbox_users: vec![SandboxUser::Id(tester.id)],
        },
        clock: platform.clock.clone(),
        ids: Arc::new(SeededIds::default()),
    });
    let redeem = async |user: &User, id| {
        let environment = StoreEnvironment::Sandbox;
        let bought = signed(AppStoreTransaction { environment, ..bought_by(user, id, &product) });
        app_store.redeem(user, &bought.signed, None).await
    };
    let refused = redeem(&user, "1").await;
    assert!(matches!(refused, Err(EffectError::Refused(RedeemRefusal::SandboxNotCredited))));
    redeem(&tester, "2").await.unwrap();
    assert_eq!((platform.wallet(&user).await.bonus, platform.wallet(&tester).await.bonus), (fen(0), fen(600)));
}

#[tokio::test]
async fn a_request_for_consumption_is_listed_until_it_is_answered() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let bought = bought_by(&user, "1", &product);
    let asked = notice("n1", NotificationKind::ConsumptionRequest, &seen(&bought, 30, 0));
    receive(&platform, &asked).await;
    receive(&platform, &asked).await;
    let found = platform.app_store.consumption_requests(None, 10).await.unwrap();
    let [request] = found.as_slice() else { return assert_eq!(found.len(), 1) };
    assert_eq!((request.user_id, request.answered_at), (Some(user.id), None));
    assert_eq!(request.deadline, minutes_after(monday(), 30 + 12 * 60));
    platform.clock.set(minutes_after(monday(), 90));
    let answered = platform.app_store.answer_consumption(&request.id).await.unwrap().unwrap();
    assert_eq!(answered.answered_at, Some(minutes_after(monday(), 90)));
    let unknown = platform.app_store.answer_consumption(&NotificationId::parse("n9").unwrap()).await.unwrap();
    assert_eq!(unknown, None);
}

#[tokio::test]
async fn a_notification_that_was_only_kept_is_worked_on_later() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let charge = notice("n1", NotificationKind::OneTimeCharge, &bought_by(&user, "1", &product));
    // The service died between storing it and working on it.
    platform.store.keep(&KeptNotification::of(&charge, platform.clock.now())).await.unwrap();
    let broken = KeptNotification {
        id: NotificationId::parse("n2").unwrap(),
        signed: SignedText(refused_text(SignatureRefusal::BadSignature)),
        ..KeptNotification::of(&charge, platform.clock.now())
    };
    platform.store.keep(&broken).await.unwrap();
    let round = platform.app_store.retry_notifications(10).await.unwrap();
    assert_eq!((round.done, round.failed.len()), (1, 1));
    assert_eq!(platform.wallet(&user).await.iap, fen(600));
    // What fails waits; what is done is done.
    assert_eq!(platform.app_store.retry_notifications(10).await.unwrap().failed.len(), 0);
    platform.clock.set(minutes_after(monday(), 65));
    assert_eq!(platform.app_store.retry_notifications(10).await.unwrap().failed.len(), 1);
    platform.audit().await;
}

#[tokio::test]
async fn what_was_sent_while_nobody_listened_is_caught_up_with() {
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let environment = StoreEnvironment::Production;
    let bought: Vec<_> = ["1", "2", "3"].map(|id| bought_by(&user, id, &product)).into();
    let lately = minutes_after(platform.clock.now(), -30);
    for (transaction, id) in bought.iter().zip(["n1", "n2", "n3"]) {
        platform.app_store_server.sent(lately, notice(id, NotificationKind::OneTimeCharge, transaction).signed);
    }
    platform.app_store_server.sent(lately, refused_text(SignatureRefusal::OtherApp));
    platform
        .app_store_server
        .sent(lately, notice("n4", NotificationKind::Refund, &seen(&bought[0], 5, 100_000)).signed);
    for _ in 0..2 {
        let round = platform.app_store.catch_up(environment, None).await.unwrap();
        assert_eq!((round.done, round.failed.len()), (4, 1));
        assert_eq!(platform.wallet(&user).await.iap, fen(1_200));
    }
    let now = platform.clock.now();
    let asked = platform.app_store_server.asked_from();
    assert_eq!(asked.first(), Some(&minutes_after(now, -30 * 24 * 60)));
    assert_eq!(asked.last(), Some(&minutes_after(now, -120)));
    platform.app_store_server.gave_back(seen(&bought[1], 7, 100_000).signed);
    for moved in [1, 0] {
        let round = platform.app_store.look_for_refunds(&bought[1].key()).await.unwrap();
        assert_eq!((round.done, round.failed.len()), (moved, 0));
        assert_eq!(platform.wallet(&user).await.iap, fen(600));
    }
    platform.app_store_server.fall_silent_after(0);
    let failed = platform.app_store.catch_up(environment, Some(monday())).await;
    assert!(matches!(&failed, Err(error @ CatchUpError::Server(server)) if error.code() == server.code()));
    let named = [CatchUpError::NotConfigured, CatchUpError::TooLong].map(|error| error.code());
    assert_eq!(named, ["app_store_server_not_configured", "app_store_history_too_long"]);
    let purchases = platform.app_store.purchases_of(user.id, None, 10).await.unwrap();
    let mut listed: Vec<_> = purchases.into_iter().map(|purchase| purchase.key).collect();
    listed.sort();
    assert_eq!(listed, bought.iter().map(AppStoreTransaction::key).collect::<Vec<_>>());
    platform.audit().await;
}

#[tokio::test]
async fn a_history_that_broke_off_goes_on_where_it_was() {
    const DAY: i64 = 24 * 60;
    let platform = an_hour_later();
    let user = platform.buyer("xiaoyu", 0).await;
    let product = product(&platform).await;
    let environment = StoreEnvironment::Production;
    let (now, server) = (platform.clock.now(), &platform.app_store_server);
    for (id, days) in [("1", 29), ("2", 15), ("3", 2)] {
        let bought = notice(id, NotificationKind::OneTimeCharge, &bought_by(&user, id, &product)).signed;
        server.sent(minutes_after(now, -days * DAY), bought);
    }
    // What fails on the eleventh day of thirty is begun again there, and not a month ago.
    server.fall_silent_after(10);
    assert!(platform.app_store.catch_up(environment, None).await.is_err());
    assert_eq!(platform.wallet(&user).await.iap, fen(600));
    server.recover();
    let before = server.asked_from().len();
    assert_eq!(platform.app_store.catch_up(environment, None).await.unwrap().done, 2);
    assert_eq!(platform.wallet(&user).await.iap, fen(1_800));
    assert_eq!(server.asked_from()[before], minutes_after(now, -20 * DAY - 120));
    // A clock that was a day ahead leaves nothing out.
    platform.clock.set(minutes_after(now, DAY));
    platform.app_store.catch_up(environment, None).await.unwrap();
    platform.clock.set(now);
    platform.app_store.catch_up(environment, None).await.unwrap();
    assert_eq!(server.asked_from().last(), Some(&minutes_after(now, -120)));
    platform.audit().await;
}

#[tokio::test]
async fn every_new_user_gets_a_token_of_its_own() {
    let platform = Platform::new();
    let create = async |accounts: &AccountService, name: &str| {
        let username = edupay_domain::ids::Username::parse(name).unwrap();
        accounts.create(username, "long enough".to_owned(), Profile::default(), Role::Member).await.unwrap()
    };
    let (one, other) = (create(&platform.accounts, "one").await, create(&platform.accounts, "other").await);
    assert_ne!(one.app_account_token, other.app_account_token);
}
