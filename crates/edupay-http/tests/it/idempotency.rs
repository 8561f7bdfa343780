//! The `Idempotency-Key` header: every operation that moves money is done once per key, and each dialect
//! tells a repeat from another request and from one that still runs.

use crate::campus::school::{CARD_A, CHILD, GUARDIAN, OTHER_GUARDIAN, STAFF, School, now, pay};
use crate::client::{Reply, Request};
use crate::fixtures::{self, XIAOCHEN};
use crate::service::Ports;
use edupay_domain::accounts::{Profile, Role, Token};
use edupay_domain::idempotency::{ClaimedKey, IdempotencyKey, RequestDigest};
use edupay_domain::ids::{ChargeId, UserId, Username};
use edupay_domain::orders::CreatedOrder;
use edupay_domain::payments::Postponement;
use edupay_domain::store::{StoreError, StoreFault};
use edupay_testkit::gateway::{Call, Fault};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Staff as well, user 4 or later.
const APPROVER: &str = "5555555555555555555555555555555555555555";

fn keyed(request: &Request, key: &str) -> Request {
    request.clone().header("Idempotency-Key", key)
}

fn put(token: &str, path: &str, form: &str) -> Request {
    Request::put(path).token(token).form(form)
}

fn post(token: &str, path: &str, body: &Value) -> Request {
    Request::post(path).token(token).json(body.to_string())
}

/// What a request's key is kept with, so that a running one can be made here. It MUST stay as it is: keys
/// of an earlier release are still alive when a new one starts.
fn digest(method: &str, route: &str, body: &str) -> RequestDigest {
    let mut digest = Sha256::new();
    for part in [method, route, body] {
        digest.update(u64::try_from(part.len()).unwrap().to_be_bytes());
        digest.update(part);
    }
    RequestDigest(digest.finalize().into())
}

fn pay_money(body: String) -> Request {
    Request::post("/api/Pay/PayMoney").token(GUARDIAN).json(body)
}

/// Two courses, one of 200 yuan and one of 400, and money for both.
fn shop() -> School {
    let school = School::open();
    for (name, price) in [("one", 20_000), ("other", 40_000)] {
        school.call(post(STAFF, "/v1/courses", &json!({ "name": name, "price_fen": price }))).expect(201);
    }
    school.call(put(GUARDIAN, "/pay/fill_in_balance/", "amount=1000")).expect(200);
    school
}

fn order(school: &School, course: i64) -> String {
    let reply = school.call(post(GUARDIAN, "/v1/orders", &json!({ "course_ids": [course] }))).expect(201);
    reply.json()["order_no"].as_str().unwrap().to_owned()
}

fn balance(school: &School) -> i64 {
    let me = school.call(Request::get("/v1/me").token(GUARDIAN)).expect(200).json();
    ["cash_fen", "iap_fen", "bonus_fen"].iter().map(|name| me[name].as_i64().unwrap()).sum()
}

/// The first reply, after the second was seen to be the same.
#[track_caller]
fn twice(school: &School, request: &Request, key: &str) -> Reply {
    let first = school.call(keyed(request, key));
    assert!((200..300).contains(&first.status), "{}", first.text());
    assert_eq!(first.header("Idempotency-Hit"), None);
    let second = school.call(keyed(request, key));
    assert_replay(&first, &second);
    first
}

#[track_caller]
fn assert_replay(first: &Reply, second: &Reply) {
    assert_eq!(second.header("Idempotency-Hit"), Some("true"), "{}", second.text());
    assert_eq!((second.status, second.text()), (first.status, first.text()));
    for name in ["Content-Type", "Location", "Content-Language", "X-Error-Code", "Cache-Control", "Content-Length"] {
        assert_eq!(second.header(name), first.header(name), "{name}");
    }
    assert_ne!(second.header("X-Request-Id"), first.header("X-Request-Id"));
}

#[test]
fn every_operation_that_moves_money_is_done_once_per_key() {
    let school = shop();
    let approver = school.platform.accounts.create(
        Username::parse("approver").unwrap(),
        "long enough".to_owned(),
        Profile::default(),
        Role::Staff,
    );
    let approver = now(approver).unwrap().id;
    now(school.platform.accounts.keep_token(approver, &Token::parse(APPROVER).unwrap())).unwrap();

    twice(&school, &put(GUARDIAN, "/pay/fill_in_balance/", "amount=100"), "fill");
    assert_eq!(balance(&school), 110_000);

    let orders = |school: &School| {
        let page = school.call(Request::get("/v1/orders").token(GUARDIAN)).expect(200).json();
        page["items"].as_array().unwrap().len()
    };
    let made = twice(&school, &post(GUARDIAN, "/v1/orders", &json!({ "course_ids": [1] })), "order");
    assert_eq!(orders(&school), 1);
    let one = made.json()["order_no"].as_str().unwrap().to_owned();
    assert_eq!(made.header("Location"), Some(format!("/v1/orders/{one}").as_str()));

    let form = format!("order_no={one}&channel=balance");
    twice(&school, &put(GUARDIAN, "/pay/pay_in_balance/", &form), "pay");
    assert_eq!(balance(&school), 90_000);

    let other = order(&school, 2);
    let asked = school.charges_asked();
    twice(&school, &put(GUARDIAN, "/pay/pay_for_order/", &format!("order_no={other}&channel=wx")), "charge");
    twice(&school, &post(GUARDIAN, "/v1/top-ups", &json!({ "amount_fen": 100, "channel": "wx" })), "top-up");
    let bought = twice(&school, &pay_money(pay(CHILD, &CARD_A.to_string(), "158", 0)), "packages");
    assert_eq!(school.charges_asked(), asked + 3);

    let path = format!("/v1/orders/{one}/refunds");
    let part = json!({ "refund_no": "R-1", "amount_fen": 100, "to": "balance", "reason": "r" });
    twice(&school, &post(STAFF, &path, &part), "refund");
    assert_eq!(balance(&school), 90_100);

    let charge = bought.json()["data"]["chargeData"]["charge"]["id"].as_str().unwrap().to_owned();
    school.platform.gateway.payer_pays(&ChargeId::parse(&charge).unwrap()).unwrap();
    let records = bought.json()["data"]["recordIDs"].as_str().unwrap().to_owned();
    let paid = school.ask(GUARDIAN, "SearchSuccessData", format!("{{\"userID\":{CHILD},\"ids\":\"{records}\"}}"));
    assert_eq!(paid.json()["error"], 0, "{}", paid.text());
    let purchase = &records[..20];
    let whole = json!({ "refund_no": "P-1", "amount_fen": 100, "to": "source", "reason": "r" });
    twice(&school, &post(STAFF, &format!("/v1/purchases/{purchase}/refunds"), &whole), "purchase");
    assert_eq!(school.platform.gateway.refunds().len(), 1);

    // Above 300 yuan a second person approves.
    school.call(put(GUARDIAN, "/pay/pay_in_balance/", &format!("order_no={other}&channel=balance"))).expect(200);
    let path = format!("/v1/orders/{other}/refunds");
    let large = json!({ "refund_no": "R-2", "to": "balance", "reason": "r" });
    let waits = school.call(post(STAFF, &path, &large)).expect(201);
    assert_eq!(waits.json()["status"], "awaiting_approval");
    let before = balance(&school);
    twice(&school, &Request::post(&format!("{path}/R-2/approve")).token(APPROVER), "approve");
    assert_eq!(balance(&school), before + 40_000);
    school.audit();
}

#[test]
fn another_request_under_a_key_is_422_in_each_dialect() {
    let school = shop();
    twice(&school, &put(GUARDIAN, "/pay/fill_in_balance/", "amount=1"), "k");
    let order = order(&school, 1);
    let yian = put(GUARDIAN, "/pay/pay_in_balance/", &format!("order_no={order}&channel=balance"));
    let said = school.call(keyed(&yian, "k")).expect(422);
    assert_eq!(said.json(), json!({ "detail": "The Idempotency-Key belongs to another request." }));
    assert_eq!(said.header("X-Error-Code"), Some("idempotency_key_reused"));
    assert_eq!(said.header("Idempotency-Hit"), None);

    let said = school.call(keyed(&post(GUARDIAN, "/v1/orders", &json!({ "course_ids": [2] })), "k")).expect(422);
    assert_eq!(said.header("Content-Type"), Some("application/problem+json"));
    assert_eq!((&said.json()["code"], &said.json()["status"]), (&json!("idempotency_key_reused"), &json!(422)));

    let said = school.call(keyed(&pay_money(pay(CHILD, &CARD_A.to_string(), "158", 0)), "k")).expect(422);
    assert_eq!(said.text(), "{\"error\":1,\"message\":\"该 Idempotency-Key 已用于另一个请求。\"}");

    // The body's bytes count, and nothing that only spells the same request in another way.
    twice(&school, &yian, "pay");
    let slashless = put(GUARDIAN, "/pay/pay_in_balance", &format!("order_no={order}&channel=balance"));
    assert_eq!(school.call(keyed(&slashless, "pay")).expect(200).header("Idempotency-Hit"), Some("true"));
    let reordered = put(GUARDIAN, "/pay/pay_in_balance/", &format!("channel=balance&order_no={order}"));
    school.call(keyed(&reordered, "pay")).expect(422);
}

#[test]
fn a_key_is_its_users_own_whatever_token_is_used() {
    let school = shop();
    let form = put(GUARDIAN, "/pay/fill_in_balance/", "amount=1");
    let first = twice(&school, &form, "k");
    let others = put(OTHER_GUARDIAN, "/pay/fill_in_balance/", "amount=1");
    assert_eq!(school.call(keyed(&others, "k")).expect(200).header("Idempotency-Hit"), None);

    let token = Token::parse("6666666666666666666666666666666666666666").unwrap();
    now(school.platform.accounts.keep_token(UserId::try_new(1).unwrap(), &token)).unwrap();
    school.call(Request::put("/account/logout/").token(GUARDIAN)).expect(200);
    school.call(keyed(&form, "k")).expect(401);
    let again = put(token.reveal(), "/pay/fill_in_balance/", "amount=1");
    assert_replay(&first, &school.call(keyed(&again, "k")));
}

#[test]
fn a_refusal_is_replayed_and_what_is_wrong_with_a_request_does_not_use_its_key() {
    let school = shop();
    let (one, other) = (order(&school, 1), order(&school, 2));
    let pay = |order: &str| put(GUARDIAN, "/pay/pay_in_balance/", &format!("order_no={order}&channel=balance"));
    // 200 and 400 of 1,000 yuan are paid; the rest is not enough for 500.
    school.call(post(STAFF, "/v1/courses", &json!({ "name": "dear", "price_fen": 50_000 }))).expect(201);
    let dear = order(&school, 3);
    school.call(pay(&one)).expect(200);
    school.call(pay(&other)).expect(200);
    let refused = school.call(keyed(&pay(&dear), "k")).expect(200);
    assert_eq!(refused.json(), json!({ "status": -4, "message": "您的余额不足,请充值!" }));
    assert_eq!(refused.header("X-Error-Code"), Some("balance_insufficient"));
    school.call(put(GUARDIAN, "/pay/fill_in_balance/", "amount=1000")).expect(200);
    assert_replay(&refused, &school.call(keyed(&pay(&dear), "k")));
    let paid = school.call(keyed(&pay(&dear), "another")).expect(200);
    assert_eq!(paid.json()["status"], 1);

    for (request, status) in [
        (put(GUARDIAN, "/pay/fill_in_balance/", "amount=0"), 400),
        (put(GUARDIAN, "/pay/pay_in_balance/", &format!("order_no={one}&channel=cash")), 200),
        (post(GUARDIAN, "/v1/top-ups", &json!({ "amount_fen": 0, "channel": "wx" })), 400),
        (post("7777777777777777777777777777777777777777", "/v1/orders", &json!({ "course_ids": [1] })), 401),
    ] {
        for _ in 0..2 {
            assert_eq!(school.call(keyed(&request, "free")).expect(status).header("Idempotency-Hit"), None);
        }
    }
    twice(&school, &put(GUARDIAN, "/pay/fill_in_balance/", "amount=2"), "free");
}

/// Whose claim is held is told to come back, in each dialect.
#[test]
fn a_request_that_still_runs_is_409_in_each_dialect() {
    let school = shop();
    let order = order(&school, 1);
    let charge = format!("order_no={order}&channel=wx");
    let packages = pay(CHILD, &CARD_A.to_string(), "158", 0);
    let top_up = json!({ "amount_fen": 100, "channel": "wx" });
    for (key, request, digest, said) in [
        (
            "a",
            put(GUARDIAN, "/pay/pay_for_order/", &charge),
            digest("PUT", "/pay/pay_for_order/", &charge),
            "{\"detail\":\"The first request with this Idempotency-Key is still running.\"}",
        ),
        (
            "b",
            pay_money(packages.clone()),
            digest("POST", "/api/Pay/PayMoney", &packages),
            "{\"error\":1,\"message\":\"使用该 Idempotency-Key 的请求正在处理中，请稍后重试。\"}",
        ),
        ("c", post(GUARDIAN, "/v1/top-ups", &top_up), digest("POST", "/v1/top-ups", &top_up.to_string()), ""),
    ] {
        let user_id = UserId::try_new(1).unwrap();
        let keys = &school.platform.idempotency;
        let claimed = now(keys.claim(keys.request(user_id, IdempotencyKey::parse(key).unwrap(), digest)));
        let Ok(ClaimedKey::Turn(turn)) = claimed else { panic!("{claimed:?}") };
        let reply = school.call(keyed(&request, key)).expect(409);
        assert_eq!(reply.header("X-Error-Code"), Some("idempotency_key_in_use"));
        assert_eq!(reply.header("Retry-After"), Some("1"));
        match said {
            "" => assert_eq!(reply.json()["code"], "idempotency_key_in_use"),
            said => assert_eq!(reply.text(), said),
        }
        now(keys.give_back(turn.claim)).unwrap();
        twice(&school, &request, key);
    }
}

/// That the gateway could not be asked says nothing about the request: it is not kept, and the repeat is a
/// new try and no replay. What the gateway itself refuses is kept.
#[test]
fn a_charge_that_could_not_be_asked_for_is_asked_for_by_the_repeat_in_each_dialect() {
    let school = shop();
    let order = order(&school, 1);
    let requests = [
        (put(GUARDIAN, "/pay/pay_for_order/", &format!("order_no={order}&channel=wx")), "order"),
        (post(GUARDIAN, "/v1/top-ups", &json!({ "amount_fen": 100, "channel": "wx" })), "top-up"),
        (pay_money(pay(CHILD, &CARD_A.to_string(), "158", 0)), "packages"),
        (put(GUARDIAN, "/pay/fill_in_balance/", "amount=1"), "fill"),
    ];
    let before = school.platform.gateway.charges().len();
    let halted = Postponement::Halted { retry_after: Duration::from_millis(6_500) };
    for (request, key) in requests {
        for (postponement, retry_after) in
            [(halted, "7"), (Postponement::Throttled, "1"), (Postponement::Unreached, "1")]
        {
            school.platform.gateway.fail_next(Call::CreateCharge, Fault::Postpone(postponement));
            let said = school.call(keyed(&request, key)).expect(503);
            assert_eq!(said.header("X-Error-Code"), Some(postponement.code()), "{key}");
            assert_eq!(said.header("Retry-After"), Some(retry_after), "{key}");
            assert_eq!(said.header("Idempotency-Hit"), None, "{key}");
            let body = said.json();
            match key {
                "top-up" => assert_eq!((&body["code"], &body["status"]), (&json!(postponement.code()), &json!(503))),
                "packages" => assert_eq!(body, json!({ "error": 1, "message": "支付请求失败" })),
                _ => assert_eq!(body, json!({ "status": -4, "message": "支付请求失败" })),
            }
        }
        twice(&school, &request, key);
    }
    assert_eq!(school.platform.gateway.charges().len(), before + 4, "one for each");

    let refused = post(GUARDIAN, "/v1/top-ups", &json!({ "amount_fen": 200, "channel": "wx" }));
    school.platform.gateway.fail_next(Call::CreateCharge, Fault::Refuse);
    let first = school.call(keyed(&refused, "refused")).expect(409);
    assert_eq!(first.json()["code"], "charge_refused");
    assert_replay(&first, &school.call(keyed(&refused, "refused")));
    school.audit();
}

/// A client may prove its top-up before the payer has paid; the key is not used up by it.
#[test]
fn a_proof_that_is_not_paid_yet_is_not_kept_and_the_same_key_credits_it_once_it_is() {
    let school = shop();
    let started = school.call(post(GUARDIAN, "/v1/top-ups", &json!({ "amount_fen": 700, "channel": "wx" })));
    let charge = started.expect(201).json()["charge_id"].as_str().unwrap().to_owned();
    let proof = |token: &str| put(token, "/pay/fill_in_balance/", &format!("charge={charge}"));
    let before = balance(&school);
    for _ in 0..2 {
        let unpaid = school.call(keyed(&proof(GUARDIAN), "proof")).expect(200);
        assert_eq!(unpaid.json(), json!({ "status": -4, "message": "支付结果确认中" }));
        assert_eq!(unpaid.header("X-Error-Code"), Some("gateway_unknown"));
        assert_eq!((unpaid.header("Retry-After"), unpaid.header("Idempotency-Hit")), (Some("1"), None));
    }
    let anothers = school.call(keyed(&proof(OTHER_GUARDIAN), "proof")).expect(200);
    assert_eq!(anothers.json(), json!({ "status": -4, "message": "充值凭证无效" }));

    school.platform.gateway.payer_pays(&ChargeId::parse(&charge).unwrap()).unwrap();
    twice(&school, &proof(GUARDIAN), "proof");
    assert_eq!(balance(&school), before + 700);
    assert_replay(&anothers, &school.call(keyed(&proof(OTHER_GUARDIAN), "proof")));
    school.audit();
}

/// What nobody knows is not kept: the repeat goes on with what was begun.
#[test]
fn an_unknown_outcome_is_not_kept_and_the_repeat_finds_what_was_begun() {
    let school = shop();
    let asked = school.charges_asked();
    let order = order(&school, 1);
    let requests = [
        (put(GUARDIAN, "/pay/pay_for_order/", &format!("order_no={order}&channel=wx")), "a"),
        (post(GUARDIAN, "/v1/top-ups", &json!({ "amount_fen": 100, "channel": "wx" })), "b"),
        (pay_money(pay(CHILD, &CARD_A.to_string(), "158", 0)), "c"),
    ];
    let before = school.platform.gateway.charges().len();
    for (request, key) in requests {
        school.platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
        let unknown = school.call(keyed(&request, key));
        assert_eq!(unknown.header("X-Error-Code"), Some("charge_unknown"), "{}", unknown.text());
        assert_eq!(unknown.header("Idempotency-Hit"), None);
        twice(&school, &request, key);
    }
    assert_eq!(school.platform.gateway.charges().len(), before + 3, "one for each");
    assert_eq!(school.charges_asked(), asked + 6);
    school.audit();
}

/// An order is asked for under a key; what the store of keys answers to the claim, and to the reply.
fn ordered(claimed: Result<(), StoreFault>, settled: StoreFault) -> Reply {
    let failed = |fault| StoreError::new(fault, "a fault on purpose");
    let mut ports = Ports::new();
    ports.keys.expect_claim().returning(move |command, rule| match claimed {
        Ok(()) => Ok(rule(command, None)),
        Err(fault) => Err(failed(fault)),
    });
    ports.keys.expect_settle().returning(move |_, _| Err(failed(settled)));
    if claimed.is_ok() {
        ports.orders.expect_create().once().returning(|command, _| {
            assert!(command.claim.is_some(), "what is made is noted with the key");
            Ok(CreatedOrder::Created(fixtures::order()))
        });
    }
    ports.serve().call(keyed(&post(XIAOCHEN, "/v1/orders", &json!({ "course_ids": [1] })), "k"))
}

/// The order is made, so nobody may read that nothing was.
#[test]
fn a_reply_that_can_not_be_kept_is_unknown() {
    for fault in [StoreFault::Unavailable, StoreFault::Unknown] {
        let reply = ordered(Ok(()), fault).expect(503);
        assert_eq!(reply.header("X-Error-Code"), Some("outcome_unknown"));
    }
}

#[test]
fn nothing_is_begun_whose_key_can_not_be_claimed() {
    let reply = ordered(Err(StoreFault::Unavailable), StoreFault::Corrupt).expect(503);
    assert_eq!(reply.header("X-Error-Code"), Some("store_unavailable"));
}
