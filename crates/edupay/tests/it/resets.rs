//! Clients that hang up with a TCP reset in the middle of a money call. What was sent in full is
//! carried through although nobody hears the answer; what was not sent in full never happened.

use serde_json::json;
use socket2::SockRef;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::support::demo::Demo;
use crate::support::http::{Request, address_of};
use crate::support::patience::wait_for;
use crate::support::random::Dice;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, id_of};

/// Sends the first `length` bytes, waits a little, and resets the connection.
fn hang_up_after(demo: &Demo, request: &Request, length: usize, pause: Duration) {
    let address = address_of(&demo.service);
    let bytes = request.bytes(address);
    let mut stream = TcpStream::connect(address).expect("the service listens");
    stream.set_nodelay(true).expect("a socket option");
    // Closing with no time to linger sends a reset instead of a goodbye.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket option");
    stream.write_all(&bytes[..length]).expect("the service reads");
    // When the reset comes is chance; the claims hold whenever it comes.
    thread::sleep(pause);
}

fn length_of(demo: &Demo, request: &Request) -> usize {
    request.bytes(address_of(&demo.service)).len()
}

fn money_calls(order_no: &str) -> [Request; 5] {
    [
        Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=1"),
        Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form(format!("order_no={order_no}&channel=balance")),
        Request::put("/pay/pay_for_order/").token(XIAOCHEN).form(format!("order_no={order_no}&channel=wx")),
        Request::post("/v1/orders").token(XIAOCHEN).json(json!({ "course_ids": [3] }).to_string()),
        Request::post("/v1/top-ups").token(XIAOCHEN).json(json!({ "amount_fen": 100, "channel": "wx" }).to_string()),
    ]
}

fn orders_of(demo: &Demo, token: &str) -> usize {
    let list = demo.call(Request::get("/v1/orders?limit=100").token(token)).expect_status(200).json();
    list["items"].as_array().expect("a list of orders").len()
}

fn a_call_that_was_cut_short_never_happened(demo: &Demo) {
    let mut dice = Dice::new();
    let orders = orders_of(demo, XIAOCHEN);
    for request in money_calls(ORDER_OF_99) {
        let length = length_of(demo, &request);
        for _ in 0..12 {
            let pause = Duration::from_millis(u64::try_from(dice.below(3)).expect("fits"));
            hang_up_after(demo, &request, dice.below(length), pause);
        }
        hang_up_after(demo, &request, length - 1, Duration::ZERO);
    }
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
    assert_eq!(orders_of(demo, XIAOCHEN), orders);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "unpaid");
    assert_eq!(demo.sandbox.charges().len(), 0);
}

fn a_top_up_sent_in_full_is_credited_although_the_client_is_gone(demo: &Demo) {
    let mut dice = Dice::new();
    let request = Request::put("/pay/fill_in_balance/").token(XIAOYU).form("amount=0.01");
    let length = length_of(demo, &request);
    for sent in 1..=25 {
        let pause = Duration::from_micros(u64::try_from(dice.below(8_000)).expect("fits"));
        hang_up_after(demo, &request, length, pause);
        wait_for(&format!("credit {sent}"), || (demo.balance_fen(XIAOYU) == sent).then_some(()));
    }
    assert_eq!(demo.statement(XIAOYU).len(), 25);
}

fn a_payment_sent_in_full_is_made_although_the_client_is_gone(demo: &Demo) {
    let mut dice = Dice::new();
    let top_up = Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=1000");
    demo.call(top_up).expect_status(200);
    for course in 1..=5 {
        let order = demo.order(XIAOCHEN, &[course]);
        let form = format!("order_no={order}&channel=balance");
        let request = Request::put("/pay/pay_in_balance/").token(XIAOCHEN).form(form);
        let pause = Duration::from_micros(u64::try_from(dice.below(8_000)).expect("fits"));
        let before = demo.balance_fen(XIAOCHEN);
        // Several impatient clicks on the same button.
        for _ in 0..3 {
            hang_up_after(demo, &request, length_of(demo, &request), pause);
        }
        demo.wait_for_status(XIAOCHEN, &order, "paid");
        let amount = demo.see_order(XIAOCHEN, &order)["amount_fen"].as_i64().expect("an amount");
        assert_eq!(demo.balance_fen(XIAOCHEN), before - amount);
        assert!(demo.owns(XIAOCHEN, course));
    }
}

/// The client goes while the gateway is still at work: the charge it makes is kept all the same,
/// so that the next try finds it.
fn a_charge_is_kept_although_the_client_is_gone_before_the_gateway_answers(demo: &Demo) {
    for (order, channel) in [(ORDER_OF_99, "wx"), (ORDER_OF_66, "alipay")] {
        demo.sandbox.misbehave(&json!({ "create": { "latency_after_ms": 500 } }));
        let form = format!("order_no={order}&channel={channel}");
        let request = Request::put("/pay/pay_for_order/").token(XIAOCHEN).form(form);
        hang_up_after(demo, &request, length_of(demo, &request), Duration::from_millis(5));
        let made = wait_for("the gateway to make the charge", || demo.sandbox.charges_of(order).pop());
        demo.sandbox.behave();

        let found = wait_for("the charge to be answered", || {
            let reply = demo.pay_for_order(XIAOCHEN, order, channel).expect_status(200).json();
            (reply["status"] == 0).then(|| reply["ch"].clone())
        });
        assert_eq!(found["id"], made["id"]);
        assert_eq!(demo.sandbox.charges_of(order).len(), 1);
        demo.sandbox.pay(id_of(&found));
        demo.wait_for_status(XIAOCHEN, order, "paid");
    }
}

fn a_webhook_sent_in_full_is_kept_although_the_gateway_is_gone(demo: &Demo) {
    use crate::support::notice::{Notice, paid};
    demo.sandbox.misbehave(&json!({ "webhooks": { "never": true }, "retrieve": { "error_before": true } }));
    let charge = demo.charge(XIAOCHEN, ORDER_OF_99, "wx");
    demo.sandbox.pay(id_of(&charge));
    let notice = Notice::genuine(demo, "evt_000000000000000000000003", "charge.succeeded", &paid(&charge));
    let request = notice.request();
    let length = length_of(demo, &request);
    hang_up_after(demo, &request, length - 1, Duration::ZERO);
    hang_up_after(demo, &request, length, Duration::ZERO);
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "paid");
}

on_both_databases!(
    a_call_that_was_cut_short_never_happened,
    a_top_up_sent_in_full_is_credited_although_the_client_is_gone,
    a_payment_sent_in_full_is_made_although_the_client_is_gone,
    a_charge_is_kept_although_the_client_is_gone_before_the_gateway_answers,
    a_webhook_sent_in_full_is_kept_although_the_gateway_is_gone,
);
