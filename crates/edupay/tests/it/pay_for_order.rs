//! An order paid through the gateway, from the request for a charge to the course in the buyer's
//! hands; and what happens when the gateway refuses, falls silent or is asked twice.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::support::demo::{Demo, Program};
use crate::support::http::Request;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, assert_refused, id_of};

/// The order is paid, its course owned, the wallet untouched, and the gateway saw one payment.
fn assert_bought(demo: &Demo, token: &str, order_no: &str, course: u32) {
    demo.wait_for_status(token, order_no, "paid");
    assert!(demo.owns(token, course));
    let paid = demo.sandbox.charges_of(order_no).into_iter().filter(|charge| charge["paid"] == true);
    assert_eq!(paid.count(), 1);
}

fn a_charge_paid_at_the_gateway_pays_the_order(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "alipay");
    assert_eq!(charge["order_no"], ORDER_OF_99);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
    assert!(!demo.owns(XIAOCHEN, 1));

    demo.sandbox.pay(id_of(&charge));

    assert_bought(demo, XIAOCHEN, ORDER_OF_99, 1);
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_99, "alipay"), "订单已支付");
    let again = demo.order(XIAOCHEN, &[2]);
    assert_ne!(again, ORDER_OF_99);
}

/// Whoever is sent the link chooses a channel on its page and pays at the gateway.
fn an_order_is_paid_through_a_link_to_the_cashier(demo: &Demo) {
    let order = demo.order(XIAOCHEN, &[3]);
    let path = format!("/v1/orders/{order}/cashier-link");
    let foreign = demo.call(Request::post(&path).token(XIAOYU)).expect_status(404);
    assert_eq!(foreign.json()["code"], "order_not_found");

    let link = demo.call(Request::post(&path).token(XIAOCHEN)).expect_status(201).json();
    let url = link["url"].as_str().unwrap();
    let page = url.get(url.find("/cashier/").unwrap()..).unwrap();
    assert!(demo.call(Request::get(page)).expect_status(200).text().contains("<form"));
    let form = Request::post(&format!("{page}/pay")).form("channel=alipay_qr");
    assert_eq!(demo.call(form).status, 303);
    let charges = demo.sandbox.charges_of(&order);
    assert_eq!(charges.len(), 1);
    demo.sandbox.pay(id_of(&charges[0]));
    assert_bought(demo, XIAOCHEN, &order, 3);
}

/// As a person would: open the page, press its button.
fn a_charge_paid_on_the_scan_page_pays_the_order(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_66, "wx");
    let page = format!("/pay/{}", id_of(&charge));
    let text = demo.sandbox.call(Request::get(&page)).expect_status(200).text();
    for shown in ["66.00", ORDER_OF_66, r#"<form method="post">"#, r#"name="outcome" value="pay""#] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    // The other button first: nothing is paid, and one may try again.
    let failed = demo.sandbox.call(Request::post(&page).form("outcome=fail"));
    assert_eq!(failed.status, 303);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_66), "unpaid");

    let pressed = demo.sandbox.call(Request::post(&page).form("outcome=pay"));
    assert_eq!(pressed.status, 303, "{}", pressed.text());
    assert_bought(demo, XIAOCHEN, ORDER_OF_66, 2);
}

fn a_lost_webhook_is_made_up_for_by_asking_the_gateway(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true } }));
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.pay(id_of(&charge));
    assert_bought(demo, XIAOCHEN, ORDER_OF_99, 1);
}

fn an_open_charge_is_answered_again(demo: &Demo) {
    let first = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let again = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    assert_eq!(first, again);
    assert_eq!(demo.sandbox.charges_of(ORDER_OF_99).len(), 1);
}

fn a_charge_of_another_channel_has_an_order_number_of_its_own_at_the_gateway(demo: &Demo) {
    let wx = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let alipay = demo.charge(XIAOCHEN, ORDER_OF_99, "alipay");
    assert_eq!(wx["order_no"], ORDER_OF_99);
    assert_ne!(alipay["order_no"], wx["order_no"]);
    for charge in [&wx, &alipay] {
        assert_eq!(charge["amount"], 9_900);
        assert_eq!(charge["body"], ORDER_OF_99);
        assert_eq!(charge["metadata"]["order_no"], ORDER_OF_99);
    }
    demo.sandbox.pay(id_of(&alipay));
    assert_bought(demo, XIAOCHEN, ORDER_OF_99, 1);
    // What may no longer be paid is closed, so that the buyer can't pay twice by accident.
    demo.sandbox.wait_for_reversal(id_of(&wx));
}

fn a_refusing_gateway_leaves_the_order_to_be_paid_otherwise(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "create": { "refuse": 1 } }));
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_99, "wx"), "支付请求失败");
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.pay(id_of(&charge));
    assert_bought(demo, XIAOCHEN, ORDER_OF_99, 1);
}

/// The gateway made the charge and its answer was lost: the buyer hears that it is not known yet,
/// and the next try finds the same charge instead of making a second one.
fn resolves_to_one_charge_after(demo: &Demo, fault: &str) {
    demo.sandbox.misbehave(&json!({ "create": { (fault): true } }));
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_99, "wx"), "支付结果确认中");
    demo.sandbox.behave();
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    let live = demo.sandbox.charges_of(ORDER_OF_99);
    let ids: Vec<&Value> = live.iter().map(|charge| &charge["id"]).collect();
    assert_eq!(ids, [&charge["id"]], "after {fault}");
    demo.sandbox.pay(id_of(&charge));
    assert_bought(demo, XIAOCHEN, ORDER_OF_99, 1);
}

fn a_dropped_reply_is_no_refusal(demo: &Demo) {
    resolves_to_one_charge_after(demo, "drop_after_processing");
}

fn an_error_after_the_fact_is_no_refusal(demo: &Demo) {
    resolves_to_one_charge_after(demo, "error_after_processing");
}

fn a_reply_that_makes_no_sense_is_no_refusal(demo: &Demo) {
    resolves_to_one_charge_after(demo, "garbage");
}

/// The buyer pays the charge whose creation we never heard the end of.
fn a_charge_whose_reply_was_lost_still_pays_the_order(demo: &Demo) {
    demo.sandbox.misbehave(&json!({ "create": { "drop_after_processing": true } }));
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_99, "wx"), "支付结果确认中");
    demo.sandbox.behave();
    let live = demo.sandbox.charges_of(ORDER_OF_99);
    assert!(!live.is_empty());
    demo.sandbox.pay(id_of(&live[0]));
    assert_bought(demo, XIAOCHEN, ORDER_OF_99, 1);
}

fn a_cancelled_order_closes_its_charge(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_66, "wx");
    let cancel = Request::post(&format!("/v1/orders/{ORDER_OF_66}/cancel")).token(XIAOCHEN);
    let reply = demo.call(cancel);
    assert!(reply.status < 300, "{} {}", reply.status, reply.text());
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_66), "cancelled");
    demo.sandbox.wait_for_reversal(id_of(&charge));
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_66, "wx"), "订单已取消");
}

/// Time is turned by hand: the moments in the row are moved, not the clock.
fn an_expired_order_closes_its_charge(demo: &Demo) {
    let charge = demo.charge(XIAOCHEN, ORDER_OF_66, "wx");
    demo.by_hand(&format!("UPDATE orders SET expires_at = created_at + 1 WHERE order_no = '{ORDER_OF_66}'"));
    demo.wait_for_status(XIAOCHEN, ORDER_OF_66, "closed");
    demo.sandbox.wait_for_reversal(id_of(&charge));
    assert_refused(&demo.pay_for_order(XIAOCHEN, ORDER_OF_66, "wx"), "订单已关闭");
    assert_refused(&demo.pay_in_balance(XIAOCHEN, ORDER_OF_66), "订单已关闭");
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
}

/// Two buyers, three orders, several courses in one: nothing is mixed up.
fn each_buyer_gets_what_was_paid_for(demo: &Demo) {
    let of_two = demo.order(XIAOYU, &[3, 4]);
    let of_one = demo.order(XIAOYU, &[5]);
    let charges = [
        demo.charge(XIAOYU, &of_two, "wx"),
        demo.charge(XIAOYU, &of_one, "alipay"),
        demo.charge(XIAOCHEN, ORDER_OF_99, "alipay"),
    ];
    let ids: BTreeSet<&str> = charges.iter().map(id_of).collect();
    assert_eq!(ids.len(), 3);
    demo.sandbox.pay(id_of(&charges[0]));
    demo.sandbox.pay(id_of(&charges[2]));
    demo.wait_for_status(XIAOYU, &of_two, "paid");
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");
    assert_eq!(demo.order_status(XIAOYU, &of_one), "unpaid");
    let owned = |token| (1..=5).filter(|course| demo.owns(token, *course)).collect::<Vec<u32>>();
    assert_eq!(owned(XIAOYU), [3, 4]);
    assert_eq!(owned(XIAOCHEN), [1]);
    for token in [XIAOCHEN, XIAOYU] {
        let other = if token == XIAOCHEN { &of_one } else { ORDER_OF_99 };
        let foreign = demo.call(Request::get(&format!("/v1/orders/{other}")).token(token));
        foreign.expect_status(404);
    }
}

/// A top-up is a charge too: it credits once, and its id is the proof `fill_in_balance` takes.
fn a_paid_top_up_is_credited_once(demo: &Demo) {
    let body = json!({ "amount_fen": 5_000, "channel": "wx" }).to_string();
    let reply = demo.call(Request::post("/v1/top-ups").token(XIAOYU).json(body));
    assert!(reply.status == 200 || reply.status == 201, "{} {}", reply.status, reply.text());
    let charges = demo.sandbox.charges();
    assert_eq!(charges.len(), 1);
    assert_eq!(charges[0]["amount"], 5_000);
    let id = id_of(&charges[0]).to_owned();
    let proof = |token: &str| {
        let form = format!("amount=50&charge={id}");
        demo.call(Request::put("/pay/fill_in_balance/").token(token).form(form))
    };
    // Unpaid, it proves nothing yet.
    assert_refused(&proof(XIAOYU), "支付结果确认中");
    assert_refused(&proof(XIAOCHEN), "充值凭证无效");

    demo.sandbox.pay(&id);
    for _ in 0..3 {
        let profile = proof(XIAOYU).expect_status(200).json();
        assert_eq!(profile["account"], "50.00", "{profile}");
    }
    assert_refused(&proof(XIAOCHEN), "充值凭证无效");
    assert_eq!(demo.balance_fen(XIAOYU), 5_000);
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
    assert_eq!(demo.statement(XIAOYU).len(), 1);
}

/// The seed's own call, which names an amount and proves nothing, is a simulated payment at the sandbox. To
/// a service with any other key it is nothing.
fn the_bare_word_credits_only_where_the_gateway_is_the_sandbox(demo: &Demo) {
    let bare = || Request::put("/pay/fill_in_balance/").token(XIAOYU).form("amount=100");
    assert_eq!(demo.call(bare()).expect_status(200).json()["account"], "100.00");
    demo.terminate();
    let mut command = demo.gateway_settings(demo.command(&["serve", "--listen", "127.0.0.1:0"]));
    command.env("EDUPAY_PINGPP__API_KEY", "sk_test_another0000000000000000");
    let real = Program::start(command, &demo.data_dir().join("second.log"));
    let service = real.addresses.service.as_deref().expect("a service");
    let refused = bare().send(service);
    assert_refused(&refused, "充值凭证无效");
    assert_eq!(refused.header("X-Error-Code"), Some("proof_invalid"));
    let me = Request::get("/v1/me").token(XIAOYU).send(service).expect_status(200).json();
    assert_eq!(me["balance_fen"], 10_000, "{me}");
}

on_both_databases!(
    the_bare_word_credits_only_where_the_gateway_is_the_sandbox,
    a_charge_paid_at_the_gateway_pays_the_order,
    an_order_is_paid_through_a_link_to_the_cashier,
    a_charge_paid_on_the_scan_page_pays_the_order,
    a_lost_webhook_is_made_up_for_by_asking_the_gateway,
    an_open_charge_is_answered_again,
    a_charge_of_another_channel_has_an_order_number_of_its_own_at_the_gateway,
    a_refusing_gateway_leaves_the_order_to_be_paid_otherwise,
    a_dropped_reply_is_no_refusal,
    an_error_after_the_fact_is_no_refusal,
    a_reply_that_makes_no_sense_is_no_refusal,
    a_charge_whose_reply_was_lost_still_pays_the_order,
    a_cancelled_order_closes_its_charge,
    an_expired_order_closes_its_charge,
    each_buyer_gets_what_was_paid_for,
    a_paid_top_up_is_credited_once,
);
