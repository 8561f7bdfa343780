//! Purchases in the App Store through the running program: what was signed by a chain made here is
//! credited once, followed when it is refunded, and refused when anything about it is wrong.
//!
//! The program trusts no root but Apple's for real money, so what can be signed here is play money: it is
//! credited as a gift, to the users that the settings list.

use chrono::{DateTime, TimeDelta, Utc};
use edupay_appstore::dev::{ChainPlan, DevSigner, NotificationPlan, Revocation, TransactionPlan};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use tempfile::TempDir;

use crate::support::database::{Database, PostgresDatabase};
use crate::support::demo::{Demo, NONE};
use crate::support::http::{Reply, Request};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, XIAOCHEN, XIAOYU, assert_refused};

const BUNDLE: &str = "com.example.edupay";
const PRODUCT: &str = "com.example.coins60";
const INVALID: &str = "充值凭证无效";

/// A demo that trusts a root of this test's own, and what signs under it.
struct Store {
    demo: Demo,
    signer: DevSigner,
    signed: AtomicU32,
    at: DateTime<Utc>,
    // Dropped after the program that has read the root from it.
    _folder: TempDir,
}

impl Store {
    /// Both users of the demo may have play money; a product costs 60.00.
    fn open(database: Database, more: &[(&str, String)]) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let signer = DevSigner::generate(&ChainPlan::new(Utc::now())).expect("a chain");
        signer.save(folder.path()).expect("files");
        let root = folder.path().join(edupay_appstore::dev::ROOT_FILE);
        let mut settings = vec![
            ("EDUPAY_APPSTORE__BUNDLE_ID", BUNDLE.to_owned()),
            ("EDUPAY_APPSTORE__ENVIRONMENT", "sandbox".to_owned()),
            ("EDUPAY_APPSTORE__ROOT_CERTIFICATE_FILES", format!("[{root:?}]")),
            ("EDUPAY_APPSTORE__SANDBOX_USERS", "[1, 2]".to_owned()),
        ];
        settings.extend_from_slice(more);
        let demo = Demo::start(database, &settings);
        let product = json!({ "product_id": PRODUCT, "price": "60.00" }).to_string();
        demo.call(Request::post("/pay/products/").token(XIAOCHEN).json(product)).expect_status(201);
        // An hour ago, so that what is signed some minutes later is not from the future.
        let at = Utc::now() - TimeDelta::hours(1);
        Self { demo, signer, signed: AtomicU32::new(0), at, _folder: folder }
    }

    /// The token that binds a user's purchases to the user.
    fn account_token(&self, token: &str) -> String {
        let me = self.me(token);
        me["app_account_token"].as_str().unwrap_or_else(|| panic!("no token: {me}")).to_owned()
    }

    fn me(&self, token: &str) -> Value {
        self.demo.call(Request::get("/v1/me").token(token)).expect_status(200).json()
    }

    /// A purchase by a user, with a number of its own.
    fn purchase(&self, token: &str) -> TransactionPlan {
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let id = format!("2000000{number:09}");
        TransactionPlan {
            app_account_token: Some(self.account_token(token)),
            ..TransactionPlan::new(&id, BUNDLE, PRODUCT, self.at)
        }
    }

    fn sign(&self, plan: &TransactionPlan) -> String {
        self.signer.sign(&plan.payload()).expect("a signature")
    }

    fn redeem(&self, token: &str, signed: &str) -> Reply {
        redeem(&self.demo.service, token, signed)
    }

    /// A notification about a transaction, as the App Store posts it.
    fn notification(&self, kind: &str, transaction: Option<&TransactionPlan>) -> Value {
        let number = self.signed.fetch_add(1, Ordering::Relaxed);
        let plan = NotificationPlan {
            signed_transaction: transaction.map(|plan| self.sign(plan)),
            ..NotificationPlan::new(&format!("7e3fb20b-4cdb-47cc-936d-{number:012}"), kind, BUNDLE, self.at)
        };
        json!({ "signedPayload": self.signer.sign(&plan.payload()).expect("a signature") })
    }

    fn notify(&self, notification: &Value) -> Reply {
        notify(&self.demo.service, notification)
    }

    fn bonus(&self, token: &str) -> i64 {
        self.me(token)["bonus_fen"].as_i64().expect("a number")
    }

    /// How many rows say that anything of the App Store happened.
    fn rows(&self) -> String {
        let tables = ["app_store_claims", "app_store_purchases", "app_store_records", "app_store_notifications"];
        let counts = tables.map(|table| format!("(SELECT COUNT(*) FROM {table})"));
        self.demo.by_hand(&format!("SELECT {}", counts.join(" + "))).trim().to_owned()
    }
}

fn redeem(service: &str, token: &str, signed: &str) -> Reply {
    let body = json!({ "transaction": signed }).to_string();
    Request::put("/pay/fill_in_balance/").token(token).json(body).send(service)
}

fn notify(service: &str, notification: &Value) -> Reply {
    Request::post("/webhooks/app-store").json(notification.to_string()).send(service)
}

/// As the App Store knows a purchase some minutes later, given back in full.
fn refunded(plan: &TransactionPlan, minutes: i64) -> TransactionPlan {
    let at = plan.purchased_at + TimeDelta::minutes(minutes);
    let revocation = Revocation { at, kind: Some("REFUND_FULL".to_owned()), milli_percent: None };
    TransactionPlan { signed_at: Some(at), revocation: Some(revocation), ..plan.clone() }
}

/// The same without a trace of the refund, signed again.
fn signed_again(plan: &TransactionPlan, minutes: i64) -> TransactionPlan {
    TransactionPlan { signed_at: Some(plan.purchased_at + TimeDelta::minutes(minutes)), ..plan.clone() }
}

fn a_purchase_is_credited_once_and_to_its_user_only(database: Database) {
    let store = Store::open(database, &[]);
    let plan = store.purchase(XIAOYU);
    let signed = store.sign(&plan);
    assert_refused(&store.redeem(XIAOCHEN, &signed), INVALID);
    for _ in 0..3 {
        let profile = store.redeem(XIAOYU, &signed).expect_status(200).json();
        assert_eq!(profile["account"], "60.00", "{profile}");
    }
    // The same purchase signed again is the same purchase.
    store.redeem(XIAOYU, &store.sign(&signed_again(&plan, 3))).expect_status(200);
    assert_eq!((store.bonus(XIAOYU), store.me(XIAOYU)["iap_fen"].as_i64()), (6_000, Some(0)));
    assert_refused(&store.redeem(XIAOCHEN, &signed), INVALID);
    let records = store.demo.call(Request::get("/v1/app-store/records").token(XIAOCHEN)).expect_status(200).json();
    assert_eq!(records["items"][0]["verdict"], "other_user", "{records}");
    let claimed = json!({ "transaction": store.sign(&store.purchase(XIAOYU)), "amount": "600.00" }).to_string();
    let inflated = store.demo.call(Request::put("/pay/fill_in_balance/").token(XIAOYU).json(claimed));
    assert_refused(&inflated, INVALID);
    assert_eq!(store.bonus(XIAOYU), 6_000);
    store.demo.verify();
}

fn one_of_many_posts_by_two_users_and_the_webhook_credits(database: Database) {
    let without_token = ("EDUPAY_APPSTORE__ALLOW_MISSING_TOKEN", "true".to_owned());
    let store = Store::open(database, &[without_token]);
    for round in 1..=5 {
        let before = store.bonus(XIAOCHEN) + store.bonus(XIAOYU);
        // The first come has a purchase without a token; the webhook knows nobody for it.
        let plan = TransactionPlan { app_account_token: None, ..store.purchase(XIAOYU) };
        let signed = store.sign(&plan);
        let notification = store.notification("ONE_TIME_CHARGE", Some(&plan));
        let start = Barrier::new(34);
        let winners = thread::scope(|scope| {
            let clients: Vec<_> = (0..32)
                .map(|client| {
                    let (service, signed, start) = (store.demo.service.as_str(), &signed, &start);
                    scope.spawn(move || {
                        let token = if client % 2 == 0 { XIAOCHEN } else { XIAOYU };
                        start.wait();
                        redeem(service, token, signed).json().get("account").map(|_| token)
                    })
                })
                .collect();
            for _ in 0..2 {
                let (service, notification, start) = (store.demo.service.as_str(), &notification, &start);
                scope.spawn(move || {
                    start.wait();
                    notify(service, notification).expect_status(200);
                });
            }
            clients.into_iter().filter_map(|client| client.join().expect("a client")).collect::<Vec<_>>()
        });
        assert_eq!(winners.len(), 16, "round {round}: one user's posts succeed, the other's do not");
        assert!(winners.iter().all(|winner| *winner == winners[0]), "round {round}");
        assert_eq!(store.bonus(XIAOCHEN) + store.bonus(XIAOYU), before + 6_000, "round {round}");
    }
    store.demo.verify();
}

fn a_client_and_the_webhook_at_once_credit_once(database: Database) {
    let store = Store::open(database, &[]);
    for round in 1..=10 {
        let plan = store.purchase(XIAOYU);
        let (signed, notification) = (store.sign(&plan), store.notification("ONE_TIME_CHARGE", Some(&plan)));
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for client in 0..4 {
                let (service, signed, notification, start) =
                    (store.demo.service.as_str(), &signed, &notification, &start);
                scope.spawn(move || {
                    start.wait();
                    match client % 2 {
                        0 => redeem(service, XIAOYU, signed).expect_status(200).json(),
                        _ => notify(service, notification).expect_status(200).json(),
                    }
                });
            }
        });
        assert_eq!(store.bonus(XIAOYU), 6_000 * round, "round {round}");
    }
    store.demo.verify();
}

fn a_client_that_died_is_made_whole_and_a_refund_is_taken_back(database: Database) {
    let store = Store::open(database, &[]);
    let plan = store.purchase(XIAOCHEN);
    let before = store.bonus(XIAOCHEN);
    store.notify(&store.notification("ONE_TIME_CHARGE", Some(&plan))).expect_status(200);
    assert_eq!(store.bonus(XIAOCHEN), before + 6_000);
    let refund = store.notification("REFUND", Some(&refunded(&plan, 5)));
    for _ in 0..2 {
        store.notify(&refund).expect_status(200);
        assert_eq!(store.bonus(XIAOCHEN), before);
    }
    // The text from before the refund is an old one, whoever brings it again.
    store.redeem(XIAOCHEN, &store.sign(&plan)).expect_status(200);
    store.notify(&store.notification("ONE_TIME_CHARGE", Some(&plan))).expect_status(200);
    assert_eq!(store.bonus(XIAOCHEN), before);
    store.notify(&store.notification("REFUND_REVERSED", Some(&signed_again(&plan, 9)))).expect_status(200);
    assert_eq!(store.bonus(XIAOCHEN), before + 6_000);
    // Spent play money is let go, and no debt is made of it.
    store.demo.pay_in_balance(XIAOCHEN, ORDER_OF_66).expect_status(200);
    store.notify(&store.notification("REFUND", Some(&refunded(&plan, 12)))).expect_status(200);
    let me = store.me(XIAOCHEN);
    assert_eq!((me["bonus_fen"].as_i64(), me["debt_fen"].as_i64()), (Some(0), Some(0)), "{me}");
    store.demo.verify();
}

fn a_refund_before_its_credit_blocks_it_until_it_is_reversed(database: Database) {
    let store = Store::open(database, &[]);
    let plan = store.purchase(XIAOYU);
    store.notify(&store.notification("REFUND", Some(&refunded(&plan, 5)))).expect_status(200);
    assert_refused(&store.redeem(XIAOYU, &store.sign(&plan)), INVALID);
    assert_eq!(store.bonus(XIAOYU), 0);
    store.notify(&store.notification("REFUND_REVERSED", Some(&signed_again(&plan, 7)))).expect_status(200);
    store.redeem(XIAOYU, &store.sign(&plan)).expect_status(200);
    assert_eq!(store.bonus(XIAOYU), 6_000);
    store.demo.verify();
}

fn what_is_wrong_in_one_way_is_refused_and_leaves_nothing(database: Database) {
    let store = Store::open(database, &[]);
    let good = store.purchase(XIAOYU);
    let stranger = DevSigner::generate(&ChainPlan::new(Utc::now())).expect("a chain");
    let with = |change: &dyn Fn(&mut TransactionPlan)| {
        let mut plan = good.clone();
        change(&mut plan);
        store.sign(&plan)
    };
    let signed = store.sign(&good);
    let (told, signature) = signed.rsplit_once('.').expect("three parts");
    // What another text says, under the signature of this one.
    let nine = with(&|plan| plan.quantity = Some(9));
    let (told_nine, _) = nine.rsplit_once('.').expect("three parts");
    let wrong = [
        ("another app", with(&|plan| plan.bundle_id = "com.example.other".to_owned())),
        ("another environment", with(&|plan| plan.environment = "Production".to_owned())),
        ("nobody's environment", with(&|plan| plan.environment = "Xcode".to_owned())),
        ("an unknown product", with(&|plan| plan.product_id = "com.example.nothing".to_owned())),
        ("another type", with(&|plan| plan.product_type = "Non-Consumable".to_owned())),
        ("a family's", with(&|plan| plan.ownership = "FAMILY_SHARED".to_owned())),
        ("no token", with(&|plan| plan.app_account_token = None)),
        ("none of it", with(&|plan| plan.quantity = Some(0))),
        ("too many", with(&|plan| plan.quantity = Some(11))),
        ("from the future", with(&|plan| plan.signed_at = Some(Utc::now() + TimeDelta::minutes(10)))),
        ("never signed", with(&|plan| plan.signed_at = None)),
        ("given back", store.sign(&refunded(&good, 1))),
        ("another root", stranger.sign(&good.payload()).expect("a signature")),
        ("tampered with", format!("{told_nine}.{signature}")),
        ("no signature", format!("{told}.")),
        ("no text of three parts", "eyJhbGciOiJub25lIn0.e30".to_owned()),
        ("nothing", String::new()),
    ];
    for (what, signed) in &wrong {
        let reply = store.redeem(XIAOYU, signed);
        assert_refused(&reply, INVALID);
        assert_eq!(reply.header("X-Error-Code"), Some("proof_invalid"), "{what}");
        assert_eq!((store.bonus(XIAOYU), store.rows().as_str()), (0, "0"), "{what}");
    }
    let long = json!({ "transaction": "e".repeat(70 * 1024) }).to_string();
    store.demo.call(Request::put("/pay/fill_in_balance/").token(XIAOYU).json(long)).expect_status(413);
    let both = json!({ "transaction": signed, "charge": "ch_WrHW58Ki5unLCSuf54OuHKCS" }).to_string();
    assert_refused(&store.demo.call(Request::put("/pay/fill_in_balance/").token(XIAOYU).json(both)), INVALID);
    let forged = json!({ "signedPayload": wrong[12].1 });
    store.notify(&forged).expect_status(401);
    store.notify(&json!({ "signedPayload": 1 })).expect_status(400);
    assert_eq!((store.bonus(XIAOYU), store.rows().as_str()), (0, "0"));
    // What was refused was never spoilt.
    store.redeem(XIAOYU, &signed).expect_status(200);
    assert_eq!(store.bonus(XIAOYU), 6_000);
    store.demo.verify();
}

fn what_is_not_for_us_is_taken_and_a_question_is_kept_for_a_person(database: Database) {
    let store = Store::open(database, &[("EDUPAY_APPSTORE__SANDBOX_USERS", "[2]".to_owned())]);
    store.notify(&store.notification("TEST", None)).expect_status(200);
    store.notify(&store.notification("SOMETHING_NEW", None)).expect_status(200);
    wait_for("the unknown type to be logged", || store.demo.log().contains("SOMETHING_NEW").then_some(()));
    let plan = store.purchase(XIAOYU);
    store.redeem(XIAOYU, &store.sign(&plan)).expect_status(200);
    store.notify(&store.notification("CONSUMPTION_REQUEST", Some(&plan))).expect_status(200);
    let list = || {
        let list = store.demo.call(Request::get("/v1/app-store/consumption-requests").token(XIAOCHEN));
        list.expect_status(200).json()["items"].clone()
    };
    let question = list()[0].clone();
    assert_eq!((&question["user_id"], &question["answered_at"]), (&json!(2), &Value::Null), "{question}");
    let id = question["notification_id"].as_str().expect("an id").to_owned();
    let answered = Request::post(&format!("/v1/app-store/consumption-requests/{id}/answered"));
    store.demo.call(answered.clone().token(XIAOYU)).expect_status(403);
    store.demo.call(answered.token(XIAOCHEN)).expect_status(200);
    wait_for("the question to be answered", || list().to_string().contains(r#""answered_at":"20"#).then_some(()));
    // Play money of a user who may have none is on record, and credits nothing.
    let before = store.bonus(XIAOCHEN);
    assert_refused(&store.redeem(XIAOCHEN, &store.sign(&store.purchase(XIAOCHEN))), INVALID);
    assert_eq!(store.bonus(XIAOCHEN), before);
    let records = store.demo.call(Request::get("/v1/app-store/records").token(XIAOCHEN)).expect_status(200).json();
    assert_eq!(records["items"][0]["verdict"], "sandbox_not_credited", "{records}");
    store.demo.verify();
}

fn a_price_counts_from_its_time_on(database: Database) {
    let store = Store::open(database, &[]);
    let early = store.purchase(XIAOYU);
    let price = format!("/v1/products/{PRODUCT}/price");
    store.demo.call(Request::put(&price).token(XIAOCHEN).json(r#"{"price_fen":1000}"#)).expect_status(200);
    // What is signed counts in milliseconds, the price from a microsecond on.
    let now = Utc::now() + TimeDelta::seconds(1);
    let late = TransactionPlan { purchased_at: now, signed_at: Some(now), quantity: Some(3), ..store.purchase(XIAOYU) };
    store.redeem(XIAOYU, &store.sign(&late)).expect_status(200);
    assert_eq!(store.bonus(XIAOYU), 3_000);
    store.redeem(XIAOYU, &store.sign(&early)).expect_status(200);
    assert_eq!(store.bonus(XIAOYU), 9_000);
    store.demo.verify();
}

/// Without an app nothing is believed, and the App Store is asked to send it again.
fn without_an_app_nothing_is_believed(database: Database) {
    let demo = Demo::start(database, NONE);
    let signer = DevSigner::generate(&ChainPlan::new(Utc::now())).expect("a chain");
    let plan = TransactionPlan::new("2000000000000001", BUNDLE, PRODUCT, Utc::now());
    let body = json!({ "transaction": signer.sign(&plan.payload()).expect("a signature") }).to_string();
    let reply = demo.call(Request::put("/pay/fill_in_balance/").token(XIAOYU).json(body));
    assert_refused(&reply, INVALID);
    assert_eq!(reply.header("X-Error-Code"), Some("app_store_not_configured"));
    let notice = NotificationPlan::new("7e3fb20b-4cdb-47cc-936d-99d65f608138", "TEST", BUNDLE, Utc::now());
    let body = json!({ "signedPayload": signer.sign(&notice.payload()).expect("a signature") }).to_string();
    demo.call(Request::post("/webhooks/app-store").json(body)).expect_status(503);
    demo.verify();
}

macro_rules! on_both {
    ($($claim:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $claim() { super::$claim(super::Database::Sqlite); })+
        }
        mod on_postgres {
            $(#[test] fn $claim() {
                if let Some(database) = super::PostgresDatabase::create() {
                    super::$claim(super::Database::Postgres(database));
                }
            })+
        }
    };
}

on_both!(
    a_purchase_is_credited_once_and_to_its_user_only,
    one_of_many_posts_by_two_users_and_the_webhook_credits,
    a_client_and_the_webhook_at_once_credit_once,
    a_client_that_died_is_made_whole_and_a_refund_is_taken_back,
    a_refund_before_its_credit_blocks_it_until_it_is_reversed,
    what_is_wrong_in_one_way_is_refused_and_leaves_nothing,
    what_is_not_for_us_is_taken_and_a_question_is_kept_for_a_person,
    a_price_counts_from_its_time_on,
    without_an_app_nothing_is_believed,
);
