//! Purchases in the App Store: the proof of `fill_in_balance`, the notifications, and what staff sees.

use crate::campus::school::{now, services};
use crate::client::{Reply, Request};
use crate::fixtures::{XIAOCHEN, XIAOYU};
use crate::service::{Fixed, Ports, Service};
use edupay_domain::accounts::{MockUserStore, Profile, Role, Token, User};
use edupay_domain::app_store::{
    AppStore, AppStoreInbox, AppStorePolicy, AppStorePurchaseStore, AppStoreService, AppStoreTransaction, MissingToken,
    MockAppStoreInbox, MockAppStorePurchaseStore, NotificationKind, Ownership, ProductType, RefundedShare,
    SignatureRefusal, StoreEnvironment,
};
use edupay_domain::ids::{AppAccountToken, ProductId, Username};
use edupay_domain::store::{StoreError, StoreFault};
use edupay_http::HttpConfig;
use edupay_testkit::app_store::{FakeAppStore, refused_text, signed};
use edupay_testkit::fixtures::{app_store_notification, app_store_transaction, fen, minutes_after, monday};
use edupay_testkit::platform::Platform;
use serde_json::{Value, json};
use std::sync::Arc;

const PRODUCT: &str = "com.51ean.test.product1";
const REFUSED: &str = r#"{"status":-4,"message":"充值凭证无效"}"#;

/// A running server with a member, a member of staff and a product of 6 yuan, an hour after monday began.
struct Shop {
    platform: Platform,
    service: Service,
    member: User,
    staff: User,
}

impl Shop {
    fn open() -> Self {
        let platform = Platform::new();
        platform.clock.set(minutes_after(monday(), 60));
        let create = |name: &str, token: &str, role| {
            let username = Username::parse(name).unwrap();
            now(async {
                let created = platform.accounts.create(username, "long enough".to_owned(), Profile::default(), role);
                let user = created.await.unwrap();
                platform.accounts.keep_token(user.id, &Token::parse(token).unwrap()).await.unwrap();
                user
            })
        };
        let (member, staff) = (create("tester-not", XIAOYU, Role::Member), create("staff", XIAOCHEN, Role::Staff));
        now(platform.products.create_product(ProductId::parse(PRODUCT).unwrap(), fen(600))).unwrap();
        let config = HttpConfig { workers: 1, ..HttpConfig::default() };
        let service = Service::start(config, services(&platform), Fixed(Vec::new()));
        Self { platform, service, member, staff }
    }

    fn bought(&self, id: &str) -> AppStoreTransaction {
        app_store_transaction(id, PRODUCT, Some(self.member.app_account_token))
    }

    fn fill(&self, token: &str, body: &Value) -> Reply {
        self.service.call(Request::put("/pay/fill_in_balance/").token(token).json(body.to_string()))
    }

    fn notify(&self, signed: &str) -> Reply {
        let body = json!({ "signedPayload": signed }).to_string();
        self.service.call(Request::post("/webhooks/app-store").json(body))
    }

    fn staff(&self, path: &str) -> Value {
        self.service.call(Request::get(path).token(XIAOCHEN)).expect(200).json()
    }

    fn balance(&self, user: &User) -> Value {
        let wallet = now(self.platform.wallet(user));
        json!([wallet.iap.fen(), wallet.bonus.fen(), wallet.cash.fen(), wallet.debt.fen(), wallet.entries])
    }
}

#[test]
fn a_signed_transaction_fills_the_balance_once() {
    let shop = Shop::open();
    let bought = shop.bought("1");
    // As long as a real one: three certificates make about four thousand characters.
    let long = format!("{};pad={}", bought.signed, "x".repeat(4_000));
    let first = shop.fill(XIAOYU, &json!({ "amount": 6, "transaction": long })).expect(200).json();
    assert_eq!((&first["account"], first.as_object().unwrap().len()), (&json!("6.00"), 14));
    for body in [json!({ "transaction": long }), json!({ "amount": "6.00", "transaction": bought.signed })] {
        assert_eq!(shop.fill(XIAOYU, &body).expect(200).json(), first);
    }
    assert_eq!(shop.balance(&shop.member), json!([600, 0, 0, 0, 1]));
    shop.fill(XIAOYU, &json!({ "transaction": "x".repeat(70 * 1024) })).expect(413);
    let too_long = shop.fill(XIAOYU, &json!({ "transaction": "x".repeat(20 * 1024) })).expect(400).json();
    assert!(too_long["transaction"].is_array(), "{too_long}");
    now(shop.platform.audit());
}

#[test]
fn every_bad_proof_has_the_same_answer_and_leaves_nothing() {
    let shop = Shop::open();
    let changed = |change: fn(&mut AppStoreTransaction)| {
        let mut transaction = shop.bought("1");
        change(&mut transaction);
        signed(transaction)
    };
    let mut proofs: Vec<(String, Value)> = SignatureRefusal::ALL
        .into_iter()
        .filter(|refusal| *refusal != SignatureRefusal::NotConfigured)
        .map(|refusal| (refusal.code().to_owned(), json!({ "transaction": refused_text(refusal) })))
        .collect();
    for (what, transaction) in [
        ("a subscription", changed(|t| t.product_type = ProductType::Other("Auto-Renewable".to_owned()))),
        ("a shared one", changed(|t| t.ownership = Ownership::Other("FAMILY_SHARED".to_owned()))),
        ("none", changed(|t| t.quantity = 0)),
        ("eleven", changed(|t| t.quantity = 11)),
        ("a refunded one", changed(|t| t.refunded = RefundedShare::FULL)),
        ("a partly refunded one", changed(|t| t.refunded = RefundedShare::from_milli_percent(1))),
        ("an unknown product", changed(|t| t.product_id = ProductId::parse("com.example.other").unwrap())),
        ("one that names nobody", changed(|t| t.app_account_token = None)),
        ("one that names another", changed(|t| t.app_account_token = Some(AppAccountToken::from_random(5)))),
        ("play money", changed(|t| t.environment = StoreEnvironment::Sandbox)),
    ] {
        proofs.push((what.to_owned(), json!({ "transaction": transaction.signed })));
    }
    let good = shop.bought("1").signed;
    proofs.push(("another amount".to_owned(), json!({ "amount": "6.01", "transaction": good })));
    proofs.push(("two proofs".to_owned(), json!({ "transaction": good, "charge": "ch_1" })));
    proofs.push(("a blank one".to_owned(), json!({ "transaction": "" })));
    for (what, proof) in proofs {
        let reply = shop.fill(XIAOYU, &proof).expect(200);
        assert_eq!((reply.text(), reply.header("X-Error-Code")), (REFUSED, Some("proof_invalid")), "{what}");
        assert_eq!(shop.balance(&shop.member), json!([0, 0, 0, 0, 0]), "{what}");
        assert_eq!(now(shop.platform.store.find_claimant(&shop.bought("1").key())).unwrap(), None, "{what}");
        assert_eq!(now(shop.platform.store.purchases(shop.member.id, None, 10)).unwrap(), [], "{what}");
    }
    assert_eq!(shop.platform.store.events(), []);
    // Another user's is told apart by staff only.
    shop.fill(XIAOYU, &json!({ "transaction": good })).expect(200);
    let reply = shop.fill(XIAOCHEN, &json!({ "transaction": good })).expect(200);
    assert_eq!((reply.text(), reply.header("X-Error-Code")), (REFUSED, Some("proof_invalid")));
    assert_eq!(shop.balance(&shop.staff), json!([0, 0, 0, 0, 0]));
    let records = shop.staff("/v1/app-store/records");
    let mut verdicts: Vec<_> = records["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| format!("{} {} {}", record["user_id"], record["environment"], record["verdict"]))
        .collect();
    verdicts.sort();
    assert_eq!(
        verdicts,
        [r#"1 "production" "other_user""#, r#"1 "sandbox" "sandbox_not_credited""#, r#"2 "production" "other_user""#]
    );
    now(shop.platform.audit());
}

#[test]
fn without_an_app_no_proof_and_no_notification_is_taken() {
    // The stores expect nothing: a call would panic.
    let service = Ports::new().serve();
    let body = json!({ "transaction": "a.b.c" }).to_string();
    let reply = service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).json(body)).expect(200);
    assert_eq!(reply.text(), REFUSED);
    assert_eq!(reply.header("X-Error-Code"), Some("app_store_not_configured"));
    let body = json!({ "signedPayload": "a.b.c" }).to_string();
    let reply = service.call(Request::post("/webhooks/app-store").json(body)).expect(503);
    assert_eq!(reply.header("X-Error-Code"), Some("app_store_not_configured"));
}

#[test]
fn a_notification_is_verified_kept_and_worked_on_once() {
    let shop = Shop::open();
    let bought = shop.bought("1");
    let notice = |id: &str, kind, transaction| app_store_notification(id, kind, transaction).signed;
    let charge = notice("n1", NotificationKind::OneTimeCharge, Some(bought.clone()));
    for _ in 0..2 {
        assert_eq!(shop.notify(&charge).expect(200).json(), json!({ "outcome": "processed" }));
        assert_eq!(shop.balance(&shop.member), json!([600, 0, 0, 0, 1]));
    }
    let refund = AppStoreTransaction { signed_at: minutes_after(monday(), 5), ..bought };
    shop.notify(&notice("n2", NotificationKind::Refund, Some(refund))).expect(200);
    assert_eq!(shop.balance(&shop.member), json!([0, 0, 0, 0, 2]));
    let other = NotificationKind::Other("PRICE_CHANGE".to_owned());
    for (id, kind) in [("n3", NotificationKind::Test), ("n4", other)] {
        assert_eq!(shop.notify(&notice(id, kind, None)).expect(200).json(), json!({ "outcome": "ignored" }));
    }
    now(shop.platform.audit());
}

#[test]
fn what_the_app_store_did_not_sign_is_refused_and_not_kept() {
    let shop = Shop::open();
    for refusal in SignatureRefusal::ALL.into_iter().filter(|refusal| *refusal != SignatureRefusal::NotConfigured) {
        let reply = shop.notify(&refused_text(refusal)).expect(401);
        assert_eq!(reply.header("X-Error-Code"), Some("bad_signature"), "{refusal}");
        assert!(reply.header("WWW-Authenticate").is_some());
    }
    // Its own text is good, the one inside is not.
    let inside =
        format!("notification=n1;kind=REFUND;subtype=;signed=1;reason=|{}", refused_text(SignatureRefusal::OtherApp));
    shop.notify(&inside).expect(401);
    for body in ["", "{", "[]", "{}", r#"{"signedPayload":1}"#, r#"{"signedpayload":"a"}"#] {
        shop.service.call(Request::post("/webhooks/app-store").json(body)).expect(400);
    }
    shop.notify(&"x".repeat(64 * 1024)).expect(413);
    shop.service.call(Request::get("/webhooks/app-store")).expect(405);
    assert_eq!(now(shop.platform.store.due(minutes_after(monday(), 999), 10)).unwrap(), []);
}

#[test]
fn a_notification_that_could_not_be_kept_is_sent_again() {
    let mut inbox = MockAppStoreInbox::new();
    inbox.expect_keep().returning(|_| Err(StoreError::new(StoreFault::Unavailable, "down")));
    let platform = Platform::new();
    let app_store = AppStoreService::new(AppStore {
        signatures: Arc::new(FakeAppStore),
        server: None,
        environment: edupay_domain::app_store::StoreEnvironment::Production,
        purchases: Arc::new(MockAppStorePurchaseStore::new()),
        inbox: Arc::new(inbox),
        users: Arc::new(MockUserStore::new()),
        policy: AppStorePolicy { missing_token: MissingToken::Refused, sandbox_users: Vec::new() },
        clock: platform.clock.clone(),
        ids: Arc::new(edupay_testkit::ids::SeededIds::default()),
    });
    let services = edupay_http::Services { app_store, ..services(&platform) };
    let service = Service::start(HttpConfig { workers: 1, ..HttpConfig::default() }, services, Fixed(Vec::new()));
    let signed = app_store_notification("n1", NotificationKind::Test, None).signed;
    let body = json!({ "signedPayload": signed }).to_string();
    service.call(Request::post("/webhooks/app-store").json(body)).expect(503);
}

#[test]
fn staff_sees_purchases_and_what_the_app_store_asks() {
    let shop = Shop::open();
    shop.fill(XIAOYU, &json!({ "transaction": shop.bought("1").signed })).expect(200);
    let asked = app_store_notification("n1", NotificationKind::ConsumptionRequest, Some(shop.bought("1")));
    shop.notify(&asked.signed).expect(200);
    let page = shop.staff(&format!("/v1/users/{}/app-store-purchases?limit=1", shop.member.id));
    let purchase = &page["items"][0];
    assert_eq!((&purchase["transaction_id"], &purchase["environment"]), (&json!("1"), &json!("production")));
    assert_eq!((&purchase["credited_fen"], &purchase["clawed_back_fen"]), (&json!(600), &json!(0)));
    let next = page["next_cursor"].as_str().unwrap();
    let page = shop.staff(&format!("/v1/users/{}/app-store-purchases?cursor={next}", shop.member.id));
    assert_eq!(page, json!({ "items": [], "next_cursor": null }));
    let path = "/v1/app-store/consumption-requests";
    let requests = shop.staff(path);
    let request = &requests["items"][0];
    assert_eq!((&request["notification_id"], &request["user_id"]), (&json!("n1"), &json!(shop.member.id.get())));
    assert_eq!((&request["deadline"], &request["answered_at"]), (&json!("2026-01-05T14:01:00.000000Z"), &Value::Null));
    let answer = |id: &str| shop.service.call(Request::post(&format!("{path}/{id}/answered")).token(XIAOCHEN));
    for _ in 0..2 {
        assert_eq!(answer("n1").expect(200).json()["answered_at"], json!("2026-01-05T03:00:00.000000Z"));
    }
    answer("n9").expect(404);
    for (method, path) in [
        ("GET", "/v1/users/1/app-store-purchases"),
        ("GET", "/v1/app-store/records"),
        ("GET", path),
        ("POST", "/v1/app-store/consumption-requests/n1/answered"),
        ("PUT", "/v1/products/com.51ean.test.product1/price"),
    ] {
        shop.service.call(Request::new(method, path)).expect(401);
        shop.service.call(Request::new(method, path).token(XIAOYU)).expect(403);
    }
}

#[test]
fn staff_changes_a_price_and_what_was_bought_before_keeps_its_own() {
    let shop = Shop::open();
    let put = |id: &str, body: &Value| {
        let request = Request::put(&format!("/v1/products/{id}/price")).token(XIAOCHEN);
        shop.service.call(request.json(body.to_string()))
    };
    shop.platform.clock.set(minutes_after(monday(), 90));
    for _ in 0..2 {
        let product = put(PRODUCT, &json!({ "price_fen": 700 })).expect(200).json();
        assert_eq!((&product["product_id"], &product["price_fen"]), (&json!(PRODUCT), &json!(700)));
    }
    let list = shop.service.call(Request::get("/pay/products/").token(XIAOYU)).expect(200).json();
    assert_eq!(list[0]["price"], json!(7));
    put("com.example.other", &json!({ "price_fen": 700 })).expect(404);
    for bad in [json!({}), json!({ "price_fen": 0 }), json!({ "price_fen": -1 }), json!({ "price_fen": 5_000_001 })] {
        assert_eq!(put(PRODUCT, &bad).expect(400).json()["errors"][0]["field"], "price_fen", "{bad}");
    }
    let later = AppStoreTransaction { purchased_at: minutes_after(monday(), 90), ..shop.bought("2") };
    let later = signed(AppStoreTransaction { signed_at: minutes_after(monday(), 90), ..later });
    shop.fill(XIAOYU, &json!({ "transaction": shop.bought("1").signed })).expect(200);
    assert_eq!(shop.balance(&shop.member)[0], json!(600));
    shop.fill(XIAOYU, &json!({ "transaction": later.signed })).expect(200);
    assert_eq!(shop.balance(&shop.member)[0], json!(1_300));
}

#[test]
fn the_caller_sees_the_own_token_for_the_app_store() {
    let shop = Shop::open();
    let me = shop.service.call(Request::get("/v1/me").token(XIAOYU)).expect(200).json();
    assert_eq!(me["app_account_token"], json!(shop.member.app_account_token.to_string()));
    assert_eq!(me["user_id"], json!(shop.member.id.get()));
    // It is the own app's matter: neither the profile of the seeds nor the list of users shows it.
    let users = shop.staff("/v1/users").to_string();
    assert!(!users.contains(&shop.member.app_account_token.to_string()));
}
