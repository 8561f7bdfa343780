//! The same content again: Ping++'s idempotency.

use serde_json::json;

use super::support::{Running, charge_body, id};

const NUMBER: &str = "12134676899915430002";

#[test]
fn the_same_content_within_a_minute_is_the_same_charge() {
    let sandbox = Running::start();
    let first = sandbox.create(NUMBER, "alipay", 9900);
    sandbox.advance(55);
    assert_eq!(sandbox.create(NUMBER, "alipay", 9900), first);
}

#[test]
fn after_a_minute_an_order_number_gets_a_second_charge() {
    let sandbox = Running::start();
    let first = sandbox.create(NUMBER, "alipay", 9900);
    sandbox.advance(61);
    let second = sandbox.create(NUMBER, "alipay", 9900);
    assert_ne!(id(&first), id(&second));
    assert_eq!(first["order_no"], second["order_no"]);
}

#[test]
fn another_amount_or_channel_is_another_charge() {
    let sandbox = Running::start();
    let first = sandbox.create(NUMBER, "alipay", 9900);
    assert_ne!(id(&first), id(&sandbox.create(NUMBER, "alipay", 9800)));
    assert_ne!(id(&first), id(&sandbox.create(NUMBER, "alipay_wap", 9900)));
}

#[test]
fn members_beyond_the_six_do_not_matter() {
    let sandbox = Running::start();
    let first = sandbox.create(NUMBER, "alipay", 9900);
    let mut body = charge_body(NUMBER, "alipay", 9900);
    body["metadata"] = json!({ "other": "value" });
    assert_eq!(sandbox.post("/v1/charges", &body).ok(), first);
}

#[test]
fn wechat_repeats_for_two_hours_and_then_refuses_the_number() {
    let sandbox = Running::start();
    let first = sandbox.create(NUMBER, "wx", 9900);
    sandbox.advance(7190);
    assert_eq!(sandbox.create(NUMBER, "wx", 9900), first);
    sandbox.advance(7205);
    let error = sandbox.post("/v1/charges", &charge_body(NUMBER, "wx", 9900)).refused(402);
    assert_eq!(error["code"], "charge_order_no_used");
    assert_eq!(error["type"], "channel_error");
}

#[test]
fn wechat_refuses_a_used_number_with_another_amount_or_wechat_channel() {
    let sandbox = Running::start();
    sandbox.create(NUMBER, "wx", 9900);
    for (channel, amount) in [("wx", 9800), ("wx_pub", 9900)] {
        let error = sandbox.post("/v1/charges", &charge_body(NUMBER, channel, amount)).refused(402);
        assert_eq!(error["code"], "charge_order_no_used", "{channel} {amount}");
    }
    sandbox.create(NUMBER, "alipay", 9900);
}

#[test]
fn wechat_h5_repeats_for_five_minutes() {
    let sandbox = Running::start();
    let first = sandbox.create(NUMBER, "wx_wap", 9900);
    sandbox.advance(290);
    assert_eq!(sandbox.create(NUMBER, "wx_wap", 9900), first);
    sandbox.advance(305);
    sandbox.post("/v1/charges", &charge_body(NUMBER, "wx_wap", 9900)).refused(402);
}
