//! The `Idempotency-Key` header on the real binary: whatever comes at once, after a log-out, or after a
//! crash in the middle, is done once per key, and a repeat reads the first reply.

use serde_json::json;
use std::thread;

use crate::support::campus::pay_body;
use crate::support::demo::Demo;
use crate::support::http::{Reply, Request};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, assert_refused, id_of};

/// How many do the same at once.
const CLIENTS: usize = 32;

fn keyed(request: Request, key: &str) -> Request {
    request.header("Idempotency-Key", key)
}

fn form(path: &str, form: &str, key: &str) -> Request {
    keyed(Request::put(path).token(XIAOCHEN).form(form), key)
}

fn top_up(key: &str) -> Request {
    let body = json!({ "amount_fen": 100, "channel": "wx" }).to_string();
    keyed(Request::post("/v1/top-ups").token(XIAOCHEN).json(body), key)
}

fn new_order(key: &str) -> Request {
    keyed(Request::post("/v1/orders").token(XIAOCHEN).json(json!({ "course_ids": [3] }).to_string()), key)
}

fn packages(key: &str) -> Request {
    let body = pay_body("wx", "10000001", "158", 0);
    keyed(Request::post("/api/Pay/PayMoney").token(XIAOCHEN).json(body), key)
}

fn orders(demo: &Demo) -> usize {
    let list = demo.call(Request::get("/v1/orders?limit=100").token(XIAOCHEN)).expect_status(200).json();
    list["items"].as_array().expect("a list of orders").len()
}

#[track_caller]
fn assert_replay(first: &Reply, again: &Reply) {
    assert_eq!(again.header("Idempotency-Hit"), Some("true"), "{} {}", again.status, again.text());
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["Content-Type", "Location", "X-Error-Code"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

/// Sends a request 32 times at once: one is answered first, the others replay it or are told that it runs.
/// Afterwards every repeat replays. The first reply.
fn at_once(demo: &Demo, request: &Request) -> Reply {
    let service = demo.service.as_str();
    let replies: Vec<Reply> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| request.send(service))).collect();
        clients.into_iter().map(|client| client.join().expect("a reply")).collect()
    });
    let (running, answered): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 409);
    for reply in running {
        assert_eq!(reply.header("X-Error-Code"), Some("idempotency_key_in_use"), "{}", reply.text());
        assert!(reply.header("Retry-After").is_some());
    }
    let (replayed, first): (Vec<_>, Vec<_>) =
        answered.into_iter().partition(|reply| reply.header("Idempotency-Hit").is_some());
    let [first] = first.try_into().unwrap_or_else(|first: Vec<Reply>| panic!("{} were first: {first:?}", first.len()));
    assert!((200..300).contains(&first.status), "{}", first.text());
    for reply in replayed {
        assert_replay(&first, &reply);
    }
    assert_replay(&first, &demo.call(request.clone()));
    first
}

fn of_many_requests_under_one_key_one_has_an_effect(demo: &Demo) {
    // An order of 99 yuan, and more than that in the balance.
    at_once(demo, &form("/pay/fill_in_balance/", "amount=200", "fill"));
    assert_eq!(demo.balance_fen(XIAOCHEN), 30_050);
    let pay = form("/pay/pay_in_balance/", &format!("order_no={ORDER_OF_99}&channel=balance"), "pay");
    let paid = at_once(demo, &pay).json();
    assert_eq!((&paid["status"], &paid["profile"]["account"]), (&json!(1), &json!("201.50")));
    assert_eq!(demo.balance_fen(XIAOCHEN), 20_150);

    let before = orders(demo);
    at_once(demo, &new_order("order"));
    assert_eq!(orders(demo), before + 1);

    let charges = demo.sandbox.charges().len();
    at_once(demo, &top_up("top-up"));
    let charge = form("/pay/pay_for_order/", &format!("order_no={ORDER_OF_66}&channel=wx"), "charge");
    at_once(demo, &charge);
    at_once(demo, &packages("packages"));
    assert_eq!(demo.sandbox.charges().len(), charges + 3);

    let refund = json!({ "refund_no": "R-1", "to": "balance", "reason": "r" }).to_string();
    let refund = Request::post(&format!("/v1/orders/{ORDER_OF_99}/refunds")).token(XIAOCHEN).json(refund);
    at_once(demo, &keyed(refund, "refund"));
    assert_eq!(demo.balance_fen(XIAOCHEN), 30_050);
}

fn a_reply_is_replayed_after_a_log_out_and_a_restart_of_the_conversation(demo: &Demo) {
    let pay = |token: &str| {
        let body = format!("order_no={ORDER_OF_99}&channel=balance");
        keyed(Request::put("/pay/pay_in_balance/").token(token).form(body), "k")
    };
    let log_in = || {
        let login = Request::post("/account/login/").form("username=15201052252&password=demo-pass");
        demo.call(login).expect_status(200).json()["token"].as_str().expect("a token").to_owned()
    };
    let token = log_in();
    let first = demo.call(pay(&token)).expect_status(200);
    demo.call(Request::put("/account/logout/").token(&token)).expect_status(200);
    demo.call(pay(&token)).expect_status(401);
    // The wallet has changed meanwhile; the reply has not.
    demo.call(form("/pay/fill_in_balance/", "amount=1", "fill")).expect_status(200);
    assert_replay(&first, &demo.call(pay(&log_in())));
    // Another user's key of the same name is another key.
    assert_refused(&demo.call(pay(XIAOYU)), "订单不存在");
    let other = form("/pay/pay_in_balance/", &format!("order_no={ORDER_OF_66}&channel=balance"), "k");
    let other = demo.call(other).expect_status(422);
    assert_eq!(other.header("X-Error-Code"), Some("idempotency_key_reused"));
}

impl Demo {
    /// Leaves a key as a crash does after everything but its reply was written.
    fn forget_reply(&self, key: &str, claimed_until: i64) {
        self.by_hand(&format!(
            "UPDATE idempotency_keys SET claimant = 'gone', claimed_until = {claimed_until}, \
             reply_status = NULL, reply_head = NULL, reply_body = NULL WHERE key = '{key}'"
        ));
    }
}

/// After each request all is there but the reply, as a crash before the last step leaves it. While the lease
/// runs a repeat waits; after it, the repeat finds what was made and makes nothing again.
fn a_crash_before_the_reply_makes_nothing_twice(demo: &Demo) {
    let paid = demo.charge(XIAOCHEN, ORDER_OF_99, "alipay");
    demo.sandbox.pay(id_of(&paid));
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");
    let refund = json!({ "refund_no": "R-1", "amount_fen": 100, "to": "source", "reason": "r" }).to_string();
    let refund = Request::post(&format!("/v1/orders/{ORDER_OF_99}/refunds")).token(XIAOCHEN).json(refund);
    let requests = [
        ("fill", form("/pay/fill_in_balance/", "amount=2", "fill")),
        ("order", new_order("order")),
        ("top-up", top_up("top-up")),
        ("charge", form("/pay/pay_for_order/", &format!("order_no={ORDER_OF_66}&channel=wx"), "charge")),
        ("packages", packages("packages")),
        ("refund", keyed(refund, "refund")),
    ];
    let firsts: Vec<Reply> = requests.iter().map(|(_, request)| demo.call(request.clone())).collect();
    let state = |demo: &Demo| {
        let refunds = demo.sandbox.refunds_of(id_of(&paid)).len();
        (demo.sandbox.charges().len(), orders(demo), refunds, demo.balance_fen(XIAOCHEN))
    };
    let before = state(demo);
    for ((key, request), first) in requests.iter().zip(&firsts) {
        assert!((200..300).contains(&first.status), "{key}: {}", first.text());
        assert_eq!(first.header("Idempotency-Hit"), None, "{key}");
        demo.forget_reply(key, i64::MAX / 2);
        let running = demo.call(request.clone()).expect_status(409);
        assert_eq!(running.header("X-Error-Code"), Some("idempotency_key_in_use"), "{key}");
        demo.forget_reply(key, 0);
        let resumed = demo.call(request.clone());
        assert_eq!(resumed.header("Idempotency-Hit"), None, "{key}: it was not answered before");
        assert_eq!(resumed.status, first.status, "{key}: {}", resumed.text());
        if *key != "refund" {
            // A refund may have come further meanwhile.
            assert_eq!(resumed.json(), first.json(), "{key}");
        }
        assert_replay(&resumed, &demo.call(request.clone()));
    }
    assert_eq!(state(demo), before);
}

/// The gateway has made the charge, and its answer is lost: nobody knows, so nothing is kept. The repeat asks
/// for the same charge.
fn an_unknown_outcome_is_found_out_by_the_repeat(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "create": { "drop_after_processing": true } }));
    let unknown = demo.call(top_up("k"));
    assert_eq!((unknown.status, unknown.header("X-Error-Code")), (504, Some("charge_unknown")), "{}", unknown.text());
    demo.sandbox.behave();
    assert_eq!(demo.sandbox.charges().len(), 1);
    let known = wait_for("the charge to be known", || {
        let reply = demo.call(top_up("k"));
        (reply.status == 201).then_some(reply)
    });
    assert_eq!(demo.sandbox.charges().len(), 1, "{}", known.text());
    assert_replay(&known, &demo.call(top_up("k")));
}

fn an_expired_key_is_forgotten(demo: &Demo) {
    demo.call(form("/pay/fill_in_balance/", "amount=1", "old")).expect_status(200);
    demo.call(form("/pay/fill_in_balance/", "amount=1", "new")).expect_status(200);
    demo.by_hand("UPDATE idempotency_keys SET expires_at = 1 WHERE key = 'old'");
    wait_for("the key to be forgotten", || {
        (demo.by_hand("SELECT count(*) FROM idempotency_keys") == "1").then_some(())
    });
    let again = demo.call(form("/pay/fill_in_balance/", "amount=1", "old")).expect_status(200);
    assert_eq!(again.header("Idempotency-Hit"), None);
    let kept = demo.call(form("/pay/fill_in_balance/", "amount=1", "new")).expect_status(200);
    assert_eq!(kept.header("Idempotency-Hit"), Some("true"));
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_350);
}

on_both_databases!(
    of_many_requests_under_one_key_one_has_an_effect,
    a_reply_is_replayed_after_a_log_out_and_a_restart_of_the_conversation,
    a_crash_before_the_reply_makes_nothing_twice,
    an_unknown_outcome_is_found_out_by_the_repeat,
    an_expired_key_is_forgotten,
);
