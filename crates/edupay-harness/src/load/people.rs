//! What students and operators do.

use super::Shared;
use super::call::ask;
use super::purchases::buy_in_the_app_store;
use crate::history::Wish;
use crate::http::{Exchange, Request};
use crate::random::Random;
use crate::sandbox::pay;
use crate::world::{PACKAGES, STAFF, STUDENTS, USERS, some_courses, token};
use serde_json::{Value, json};
use std::time::Duration;

/// One thing that somebody does, which may take several requests.
pub(super) fn act(shared: &Shared, random: &mut Random) {
    let user = somebody(random);
    match random.below(100) {
        0..16 => top_up_at_once(shared, random, user),
        16..25 => top_up(shared, random, user),
        25..49 => order_and_pay(shared, random, user),
        49..60 => order_and_charge(shared, random, user),
        60..69 => pay_both_ways(shared, random, user),
        69..74 => cancel_while_paying(shared, random, user),
        74..81 => buy_a_package(shared, random),
        81..86 => refund(shared, random),
        86..88 => forge(shared, random, user),
        88..97 => buy_in_the_app_store(shared, random, user),
        _ => look(shared, user),
    }
}

/// One user in three is always the same, so that requests meet on one wallet.
fn somebody(random: &mut Random) -> i64 {
    if random.chance(33) {
        return 1;
    }
    i64::try_from(random.between(1, u64::try_from(USERS).unwrap_or(1))).unwrap_or(1)
}

fn put(path: &str, user: i64, body: &Value) -> Request {
    Request::new("PUT", path).token(token(user)).json(body)
}

fn post(path: impl Into<String>, user: i64, body: &Value) -> Request {
    Request::new("POST", path).token(token(user)).json(body)
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen.div_euclid(100), fen.rem_euclid(100))
}

fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(Value::as_str)
}

/// The sandbox's simulated payment.
fn top_up_at_once(shared: &Shared, random: &mut Random, user: i64) {
    let fen = shared.next_amount();
    let request = put("/pay/fill_in_balance/", user, &json!({ "amount": yuan(fen) }));
    ask(shared, random, user, Wish::BareTopUp { fen }, &request);
}

/// A charge, its payment, and sometimes its proof.
fn top_up(shared: &Shared, random: &mut Random, user: i64) {
    let fen = shared.next_amount();
    let body = json!({ "amount_fen": fen, "channel": "alipay" });
    let Some(started) = ask(shared, random, user, Wish::StartTopUp { fen }, &post("/v1/top-ups", user, &body)) else {
        return;
    };
    let Some(charge) = text(&started, "/charge_id").map(str::to_owned) else { return };
    if random.chance(90) {
        pay(shared.sandbox, &charge);
    }
    if random.chance(50) {
        let request = put("/pay/fill_in_balance/", user, &json!({ "charge": charge, "amount": yuan(fen) }));
        ask(shared, random, user, Wish::Redeem { charge, fen }, &request);
    }
}

/// A new order's number.
fn order(shared: &Shared, random: &mut Random, user: i64) -> Option<String> {
    let courses = some_courses(random);
    order_of(shared, random, user, courses)
}

fn order_of(shared: &Shared, random: &mut Random, user: i64, courses: Vec<i64>) -> Option<String> {
    let request = post("/v1/orders", user, &json!({ "course_ids": courses }));
    let made = ask(shared, random, user, Wish::MakeOrder { courses }, &request)?;
    text(&made, "/order_no").map(str::to_owned)
}

fn pay_from_balance(shared: &Shared, random: &mut Random, user: i64, order: &str) {
    let request = put("/pay/pay_in_balance/", user, &json!({ "order_no": order, "channel": "balance" }));
    if ask(shared, random, user, Wish::PayFromBalance { order: order.to_owned() }, &request).is_some() {
        shared.remember_paid(order);
    }
}

fn order_and_pay(shared: &Shared, random: &mut Random, user: i64) {
    let courses = some_courses(random);
    let Some(order) = order_of(shared, random, user, courses.clone()) else { return };
    // Two orders for one course: only one of them can be paid.
    let second = if random.chance(10) { order_of(shared, random, user, courses) } else { None };
    pay_from_balance(shared, random, user, &order);
    if let Some(second) = second {
        pay_from_balance(shared, random, user, &second);
    }
    if random.chance(10) {
        // A second click.
        pay_from_balance(shared, random, user, &order);
    }
}

/// The charge of an order.
fn charge(shared: &Shared, random: &mut Random, user: i64, order: &str) -> Option<String> {
    let channel = if random.chance(50) { "wx" } else { "alipay" };
    let request = put("/pay/pay_for_order/", user, &json!({ "order_no": order, "channel": channel }));
    let answer = ask(shared, random, user, Wish::ChargeOrder { order: order.to_owned() }, &request)?;
    text(&answer, "/ch/id").map(str::to_owned)
}

fn order_and_charge(shared: &Shared, random: &mut Random, user: i64) {
    let Some(order) = order(shared, random, user) else { return };
    let Some(first) = charge(shared, random, user, &order) else { return };
    // Sometimes by the other channel too, and then both are paid.
    let second = if random.chance(15) { charge(shared, random, user, &order) } else { None };
    for charge in [Some(first), second].into_iter().flatten() {
        if random.chance(92) && pay(shared.sandbox, &charge) {
            shared.remember_paid(&order);
        }
    }
    look_at(shared, user, &order);
}

/// From the balance and by a charge, at the same time.
fn pay_both_ways(shared: &Shared, random: &mut Random, user: i64) {
    let Some(order) = order(shared, random, user) else { return };
    let Some(charge) = charge(shared, random, user, &order) else { return };
    let mut other = random.branch(1);
    let pause = Duration::from_millis(random.below(12));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(pause);
            pay(shared.sandbox, &charge);
        });
        pay_from_balance(shared, &mut other, user, &order);
    });
    random.next();
}

fn cancel_while_paying(shared: &Shared, random: &mut Random, user: i64) {
    let Some(order) = order(shared, random, user) else { return };
    let charge = if random.chance(60) { charge(shared, random, user, &order) } else { None };
    let mut other = random.branch(2);
    let from_balance = random.chance(40);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(charge) = &charge {
                pay(shared.sandbox, charge);
            }
            if from_balance {
                pay_from_balance(shared, &mut other, user, &order);
            }
        });
        let request = post(format!("/v1/orders/{order}/cancel"), user, &json!({}));
        ask(shared, random, user, Wish::Cancel { order: order.clone() }, &request);
    });
}

fn buy_a_package(shared: &Shared, random: &mut Random) {
    let student = i64::try_from(random.between(1, u64::try_from(STUDENTS).unwrap_or(1))).unwrap_or(1);
    let Some((package, _, fen)) = random.pick(&PACKAGES).copied() else { return };
    let kind = u8::try_from(random.below(3)).unwrap_or_default();
    // An upgrade costs the difference.
    let fen = if kind == 1 && package == 7_002 { 3_000 } else { fen };
    let body = json!({
        "channel": if random.chance(50) { "wx" } else { "alipay" },
        "amount": fen,
        "userID": student.to_string(),
        "itemIDs": package.to_string(),
        "type": kind,
    });
    let request = post("/api/Pay/PayMoney", student, &body);
    let Some(answer) = ask(shared, random, student, Wish::PayMoney { package, kind }, &request) else { return };
    if let Some(charge) = text(&answer, "/data/chargeData/charge/id")
        && random.chance(92)
    {
        pay(shared.sandbox, charge);
    }
    if let Some(records) = text(&answer, "/data/recordIDs")
        && random.chance(50)
    {
        let body = json!({ "userID": student.to_string(), "ids": records });
        let _ = post("/api/Pay/SearchSuccessData", student, &body).send(shared.service, Duration::from_secs(10));
    }
}

/// Staff give a part or all of it back.
fn refund(shared: &Shared, random: &mut Random) {
    let Some(order) = shared.some_paid(random) else { return };
    let number = shared.next_key();
    let mut body = json!({
        "refund_no": number,
        "to": if random.chance(50) { "source" } else { "balance" },
        "reason": "the harness",
    });
    if random.chance(60)
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("amount_fen".to_owned(), random.between(1, 4_000).into());
    }
    let request = post(format!("/v1/orders/{order}/refunds"), STAFF, &body);
    ask(shared, random, STAFF, Wish::Refund { order, number }, &request);
}

/// Says in the gateway's name that a charge was paid, which it was not. Nobody may believe it.
fn forge(shared: &Shared, random: &mut Random, user: i64) {
    let Some(order) = order(shared, random, user) else { return };
    let request = put("/pay/pay_for_order/", user, &json!({ "order_no": order, "channel": "alipay" }));
    let Some(answer) = ask(shared, random, user, Wish::ChargeOrder { order }, &request) else { return };
    let Some(mut charge) = answer.get("ch").cloned() else { return };
    if let Some(fields) = charge.as_object_mut() {
        fields.insert("paid".to_owned(), true.into());
        fields.insert("time_paid".to_owned(), 1_700_000_000.into());
    }
    let event = json!({
        "id": format!("evt_{}", shared.next_key()),
        "object": "event",
        "type": "charge.succeeded",
        "livemode": false,
        "created": 1_700_000_000,
        "data": { "object": charge },
        "pending_webhooks": 0,
        "request": "",
    });
    let forged = Request::new("POST", "/webhooks/pingpp").json(&event).send(shared.service, Duration::from_secs(10));
    if let Exchange::Answered(answer) = forged
        && answer.status < 400
    {
        shared.history.note_oddity(format!("I8: a forged callback was answered {}", answer.status));
    }
}

/// Looking at an unpaid order asks the gateway.
fn look_at(shared: &Shared, user: i64, order: &str) {
    let request = Request::new("GET", format!("/v1/orders/{order}")).token(token(user));
    let _ = request.send(shared.service, Duration::from_secs(10));
}

/// A page of the statement: each entry begins where the one before ended, whatever is going on.
fn look(shared: &Shared, user: i64) {
    let request = Request::new("GET", "/v1/ledger/entries?limit=50").token(token(user));
    let Exchange::Answered(answer) = request.send(shared.service, Duration::from_secs(10)) else { return };
    if answer.status != 200 {
        return;
    }
    let page = answer.json();
    let entries = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    for pair in entries.windows(2) {
        let [newer, older] = pair else { continue };
        if newer.get("balance_before_fen") != older.get("balance_after_fen") {
            shared.history.note_oddity(format!("I13: the statement of user {user} does not continue: {older} {newer}"));
        }
    }
}
