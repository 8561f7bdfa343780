//! Webhooks as the world delivers them: twice, late, out of order, too early, forged, or about
//! money that has no place any more. Money that came in is fulfilled once or goes back by itself.

use serde_json::{Value, json};

use crate::support::demo::Demo;
use crate::support::http::Request;
use crate::support::notice::{Notice, paid, unsigned_notice};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, id_of};

/// Reversals fail while this is in force: the buyer is quicker than we are.
fn the_buyer_is_quicker_than_a_reversal(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "reverse": { "drop_before": true } }));
}

fn accepted(status: &Value) -> bool {
    status.as_u64().is_some_and(|status| (200..300).contains(&status))
}

fn a_webhook_that_comes_five_times_pays_once(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "webhooks": { "duplicate": 4 } }));
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.pay(id_of(&charge));
    let statuses = demo.sandbox.wait_for_deliveries(id_of(&charge), 5);
    assert!(statuses.iter().all(accepted), "{statuses:?}");
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");

    // Long after, and under another event's name.
    demo.sandbox.behave();
    assert!(accepted(&demo.sandbox.resend(&demo.sandbox.event_of(id_of(&charge)))));
    let other_name = Notice::genuine(demo, "evt_000000000000000000000001", "charge.succeeded", &paid(&charge));
    for _ in 0..2 {
        assert!(other_name.send(demo).status < 300);
    }
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
    assert_eq!(demo.sandbox.refunds_of(id_of(&charge)), Vec::<Value>::new());
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
}

fn webhooks_in_any_order_pay_every_order(demo: &Demo) {
    demo.sandbox.misbehave(&json!({
        "webhooks": { "shuffle": true, "shuffle_window_ms": 400, "duplicate": 1 },
    }));
    let orders: Vec<String> = (1..=5).map(|course| demo.order(XIAOYU, &[course])).collect();
    let charges: Vec<Value> = orders.iter().map(|order| demo.charge(XIAOYU, order, "alipay")).collect();
    for charge in &charges {
        demo.sandbox.pay(id_of(charge));
    }
    for (order, charge) in orders.iter().zip(&charges) {
        let statuses = demo.sandbox.wait_for_deliveries(id_of(charge), 2);
        assert!(statuses.iter().all(accepted), "{statuses:?}");
        demo.wait_for_status(XIAOYU, order, "paid");
    }
    assert!((1..=5).all(|course| demo.owns(XIAOYU, course)));
}

fn a_forged_webhook_is_refused_and_leaves_nothing(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let genuine = Notice::genuine(demo, "evt_000000000000000000000002", "charge.succeeded", &paid(&charge));
    let stranger = Notice::of_a_stranger("evt_000000000000000000000002", "charge.succeeded", &paid(&charge));
    let signed = |signature: &[u8]| unsigned_notice(&genuine.body).header("X-Pingplusplus-Signature", signature);
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut body = genuine.body.clone();
        change(&mut body);
        unsigned_notice(&body).header("X-Pingplusplus-Signature", &genuine.signature)
    };
    let mut other_signature = genuine.signature.clone().into_bytes();
    other_signature[10] = if other_signature[10] == b'A' { b'B' } else { b'A' };
    let forgeries = [
        ("no header", unsigned_notice(&genuine.body)),
        ("an empty header", signed(b"")),
        ("a blank header", signed(b"   ")),
        ("no base64", signed(b"!!!")),
        ("one byte of the signature", signed(&other_signature)),
        ("bytes that are no text", signed(b"\xff\xfe")),
        ("another key", stranger.request()),
        ("one byte of the body", changed(|body| body[20] ^= 1)),
        ("a line end after the body", changed(|body| body.push(b'\n'))),
        ("half of the body", changed(|body| body.truncate(body.len() / 2))),
        ("an empty body", changed(Vec::clear)),
        (
            "a body written anew",
            changed(|body| *body = String::from_utf8_lossy(body).replace("\":", "\": ").into_bytes()),
        ),
    ];
    let rows_before = demo.by_hand(COUNT_OF_EVENTS);
    for (what, request) in forgeries {
        let reply = demo.call(request);
        assert_eq!(reply.status, 401, "{what}: {}", reply.text());
    }
    assert_eq!(demo.by_hand(COUNT_OF_EVENTS), rows_before);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
    assert!(!demo.owns(XIAOCHEN, 1));
}

/// The rows that keep what a gateway sent.
const COUNT_OF_EVENTS: &str = "SELECT count(*) FROM inbound_events";

/// The gateway tells of the payment before it has answered the request for the charge.
fn a_webhook_before_the_reply_pays_the_order(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "webhooks": { "before_reply": true } }));
    for (order, course) in [(ORDER_OF_99, 1), (ORDER_OF_66, 2)] {
        let reply = demo.pay_for_order(XIAOCHEN, order, "alipay");
        assert_eq!(reply.status, 200, "{}", reply.text());
        demo.wait_for_status(XIAOCHEN, order, "paid");
        assert!(demo.owns(XIAOCHEN, course));
        let charges = demo.sandbox.charges_of(order);
        assert_eq!(charges.len(), 1);
        assert_eq!(demo.sandbox.refunds_of(id_of(&charges[0])), Vec::<Value>::new());
    }
}

/// It tells of the payment, and the reply to the request is lost besides.
fn an_early_webhook_pays_the_order_although_the_reply_is_lost(demo: &Demo) {
    demo.sandbox.misbehave(&json!({
        "create": { "drop_after_processing": true },
        "webhooks": { "before_reply": true },
    }));
    demo.pay_for_order(XIAOCHEN, ORDER_OF_99, "wx").expect_status(200);
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");
    assert!(demo.owns(XIAOCHEN, 1));
}

fn a_charge_for_an_order_paid_from_the_balance_is_refunded(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    the_buyer_is_quicker_than_a_reversal(demo);
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
    demo.sandbox.pay(id_of(&charge));

    demo.sandbox.wait_for_full_refund(id_of(&charge));
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
    assert_eq!(demo.balance_fen(XIAOCHEN), 150);
}

fn a_second_charge_for_a_paid_order_is_refunded(demo: &Demo) {
    let wx = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let alipay = demo.charge(XIAOCHEN, ORDER_OF_99, "alipay");
    the_buyer_is_quicker_than_a_reversal(demo);
    demo.sandbox.pay(id_of(&wx));
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");
    demo.sandbox.pay(id_of(&alipay));

    demo.sandbox.wait_for_full_refund(id_of(&alipay));
    assert_eq!(demo.sandbox.refunds_of(id_of(&wx)), Vec::<Value>::new());
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
}

fn a_charge_for_a_course_owned_meanwhile_is_refunded(demo: &Demo) {
    let again = demo.order(XIAOCHEN, &[1]);
    let charge = demo.charge(XIAOCHEN, &again, "wx");
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    the_buyer_is_quicker_than_a_reversal(demo);
    demo.sandbox.pay(id_of(&charge));

    demo.sandbox.wait_for_full_refund(id_of(&charge));
    assert_ne!(demo.order_status(XIAOCHEN, &again), "paid");
    assert!(demo.owns(XIAOCHEN, 1));
}

fn a_charge_for_a_cancelled_order_is_refunded(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_66, "wx");
    the_buyer_is_quicker_than_a_reversal(demo);
    let cancel = Request::post(&format!("/v1/orders/{ORDER_OF_66}/cancel")).token(XIAOCHEN);
    assert!(demo.call(cancel).status < 300);
    demo.sandbox.pay(id_of(&charge));

    demo.sandbox.wait_for_full_refund(id_of(&charge));
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_66), "cancelled");
    assert!(!demo.owns(XIAOCHEN, 2));
}

/// The refund's own troubles: the reply is lost after the gateway has begun it.
fn a_refund_whose_reply_is_lost_is_not_made_twice(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.misbehave(&json!({
        "reverse": { "drop_before": true },
        "refund": { "drop_after_processing": 1 },
    }));
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    demo.sandbox.pay(id_of(&charge));
    demo.sandbox.wait_for_full_refund(id_of(&charge));
}

/// What the gateway says is not what we asked for: nobody gets anything until a person has looked.
fn a_charge_that_differs_from_its_order_waits_for_a_person(demo: &Demo) {
    for (course, fault) in (1..).zip(["wrong_amount", "wrong_currency", "wrong_app", "wrong_livemode"]) {
        let order = demo.order(XIAOYU, &[course]);
        let charge = demo.charge(XIAOYU, &order, "wx");
        demo.sandbox.misbehave(&json!({ "all": { (fault): true }, "webhooks": { (fault): true } }));
        demo.sandbox.pay(id_of(&charge));
        let statuses = demo.sandbox.wait_for_deliveries(id_of(&charge), 1);
        assert!(statuses.iter().all(accepted), "{fault}: {statuses:?}");

        let status = format!("SELECT status FROM receipts WHERE charge_id = '{}'", id_of(&charge));
        wait_for("the receipt to wait for a person", || (demo.by_hand(&status) == "review").then_some(()));
        assert_eq!(demo.order_status(XIAOYU, &order), "unpaid", "{fault}");
        assert!(!demo.owns(XIAOYU, course), "{fault}");
        assert_eq!(demo.sandbox.refunds_of(id_of(&charge)), Vec::<Value>::new(), "{fault}");
        demo.verify();
        demo.sandbox.behave();
    }
}

fn what_we_know_nothing_of_is_taken_without_complaint(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let mut stranger = paid(&charge);
    stranger["id"] = "ch_000000000000000000000001".into();
    stranger["order_no"] = "99999999999999999999".into();
    stranger["body"] = "99999999999999999999".into();
    stranger["metadata"] = json!({});
    let summary = json!({ "object": "account_daily_summary", "acct_id": "acct_1", "charges_count": 7 });
    let refund = json!({
        "id": "re_000000000000000000000001", "object": "refund", "order_no": "000000000000000000000001",
        "amount": 1, "created": 1_466_149_851, "succeed": true, "status": "succeeded",
        "charge": "ch_000000000000000000000001", "charge_order_no": "99999999999999999999",
    });
    let notices = [
        ("charge.succeeded", &stranger),
        ("refund.succeeded", &refund),
        ("summary.daily.available", &summary),
        ("charge.exploded", &charge),
        ("no.such.type", &json!({})),
    ];
    for (index, (kind, object)) in notices.into_iter().enumerate() {
        let notice = Notice::genuine(demo, &format!("evt_00000000000000000000001{index}"), kind, object);
        for _ in 0..2 {
            let reply = notice.send(demo);
            assert!((200..300).contains(&reply.status), "{kind}: {} {}", reply.status, reply.text());
        }
    }
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
}

on_both_databases!(
    a_webhook_that_comes_five_times_pays_once,
    webhooks_in_any_order_pay_every_order,
    a_forged_webhook_is_refused_and_leaves_nothing,
    a_webhook_before_the_reply_pays_the_order,
    an_early_webhook_pays_the_order_although_the_reply_is_lost,
    a_charge_for_an_order_paid_from_the_balance_is_refunded,
    a_second_charge_for_a_paid_order_is_refunded,
    a_charge_for_a_course_owned_meanwhile_is_refunded,
    a_charge_for_a_cancelled_order_is_refunded,
    a_refund_whose_reply_is_lost_is_not_made_twice,
    a_charge_that_differs_from_its_order_waits_for_a_person,
    what_we_know_nothing_of_is_taken_without_complaint,
);
