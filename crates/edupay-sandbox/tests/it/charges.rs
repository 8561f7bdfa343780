//! Charges: created, read, listed, paid, reversed.

use edupay_sandbox::APP_ID;
use serde_json::{Value, json};

use super::support::{Running, charge_body, id};

#[test]
fn a_created_charge_is_read_back_unpaid() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    assert_eq!(id(&charge).len(), 27);
    assert!(id(&charge).starts_with("ch_"));
    for (member, value) in [
        ("object", json!("charge")),
        ("livemode", json!(false)),
        ("paid", json!(false)),
        ("reversed", json!(false)),
        ("amount", json!(9900)),
        ("amount_settle", json!(9900)),
        ("amount_refunded", json!(0)),
        ("app", json!(APP_ID)),
        ("order_no", json!("12134676899915430002")),
        ("transaction_no", Value::Null),
        ("description", Value::Null),
    ] {
        assert_eq!(charge[member], value, "{member}");
    }
    let expire = charge["time_expire"].as_i64().unwrap() - charge["created"].as_i64().unwrap();
    assert_eq!(expire, 86_400);
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).ok(), charge);
    assert_eq!(sandbox.state()["charges"], json!([charge]));
}

#[test]
fn an_unknown_charge_is_404_with_an_error_object() {
    let error = Running::start().get("/v1/charges/ch_nothing").refused(404);
    assert_eq!(error["type"], "invalid_request_error");
}

#[test]
fn each_channel_has_a_credential_of_its_own_shape() {
    let sandbox = Running::start();
    let credential = |channel: &str, number: &str| {
        let charge = sandbox.create(number, channel, 1);
        assert_eq!(charge["credential"]["object"], "credential");
        (charge["credential"][channel].clone(), id(&charge).to_owned())
    };
    let (alipay, _) = credential("alipay", "1000000001");
    let order_info = alipay["orderInfo"].as_str().unwrap();
    assert!(order_info.contains("out_trade_no=\"1000000001\"&"), "{order_info}");
    assert!(order_info.contains("&total_fee=\"0.01\"&"), "{order_info}");
    let members = [
        ("wx", "1000000002", &["appId", "partnerId", "prepayId", "nonceStr", "timeStamp", "packageValue", "sign"][..]),
        ("wx_pub", "1000000003", &["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"]),
        ("alipay_wap", "1000000004", &["channel_url", "out_trade_no", "return_url", "total_fee", "sign"]),
        ("upacp", "1000000005", &["tn", "mode"]),
    ];
    for (channel, number, wanted) in members {
        let (credential, _) = credential(channel, number);
        for member in wanted {
            assert!(credential[member].is_string(), "{channel} {member}: {credential}");
        }
    }
    for (channel, number) in [("alipay_qr", "1000000006"), ("wx_pub_qr", "1000000007"), ("wx_wap", "1000000008")] {
        let (link, id) = credential(channel, number);
        assert_eq!(link, format!("{}/pay/{id}", sandbox.url), "{channel}");
    }
}

#[test]
fn a_wrong_parameter_is_refused_by_name() {
    let sandbox = Running::start();
    let long = "长".repeat(33);
    let cases = [
        ("order_no", json!("a b"), "order_no"),
        ("order_no", Value::Null, "order_no"),
        ("app", json!({}), "app[id]"),
        ("app", json!({ "id": "app_somebodyelse0000" }), "app[id]"),
        ("channel", json!("cash"), "channel"),
        ("amount", json!(0), "amount"),
        ("amount", json!(1.5), "amount"),
        ("amount", json!("100"), "amount"),
        ("currency", json!("usd"), "currency"),
        ("client_ip", json!("localhost"), "client_ip"),
        ("subject", json!(long), "subject"),
        ("body", json!("b".repeat(129)), "body"),
        ("metadata", json!({ "a": { "b": 1 } }), "metadata"),
        ("metadata", json!({ "a": "x".repeat(1001) }), "metadata"),
        ("description", json!("d".repeat(256)), "description"),
        ("time_expire", json!(1_466_149_851), "time_expire"),
    ];
    for (member, value, param) in cases {
        let mut body = charge_body("12134676899915430002", "alipay", 9900);
        body[member] = value.clone();
        let error = sandbox.post("/v1/charges", &body).refused(400);
        assert_eq!(error["param"], param, "{member} = {value}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    let mut body = charge_body("12134676899915430002", "alipay_wap", 9900);
    body["extra"] = json!({});
    assert_eq!(sandbox.post("/v1/charges", &body).refused(400)["param"], "extra[success_url]");
    assert_eq!(sandbox.state()["charges"], json!([]));
}

#[test]
fn an_app_can_be_expanded() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    let expanded = sandbox.get(&format!("/v1/charges/{}?expand%5B%5D=app", id(&charge))).ok();
    assert_eq!(expanded["app"]["id"], APP_ID);
}

#[test]
fn a_list_is_newest_first_and_paged_by_cursors() {
    let sandbox = Running::start();
    let mut ids: Vec<String> =
        (0..5).map(|number| id(&sandbox.create(&format!("100000000{number}"), "alipay", 1)).to_owned()).collect();
    ids.reverse();
    let list = |query: &str| {
        let list = sandbox.get(&format!("/v1/charges?app%5Bid%5D={APP_ID}{query}")).ok();
        let found: Vec<String> = list["data"].as_array().unwrap().iter().map(|charge| id(charge).to_owned()).collect();
        (found, list["has_more"].as_bool().unwrap())
    };
    assert_eq!(list(""), (ids.clone(), false));
    assert_eq!(list("&limit=2"), (ids[..2].to_vec(), true));
    assert_eq!(list(&format!("&limit=2&starting_after={}", ids[1])), (ids[2..4].to_vec(), true));
    assert_eq!(list(&format!("&limit=2&starting_after={}", ids[2])), (ids[3..].to_vec(), false));
    assert_eq!(list(&format!("&limit=2&ending_before={}", ids[3])), (ids[1..3].to_vec(), true));
    assert_eq!(list(&format!("&limit=2&ending_before={}", ids[2])), (ids[..2].to_vec(), false));
    for query in ["&limit=0", "&limit=101", "&limit=x", "&paid=maybe", "&starting_after=ch_nothing"] {
        sandbox.get(&format!("/v1/charges?app%5Bid%5D={APP_ID}{query}")).refused(400);
    }
    sandbox.get("/v1/charges").refused(400);
}

#[test]
fn a_list_is_filtered_by_state_channel_and_time() {
    let sandbox = Running::start();
    let old = sandbox.create("1000000001", "alipay", 1);
    sandbox.pay(&old);
    let reversed = sandbox.create("1000000002", "wx", 1);
    sandbox.post(&format!("/v1/charges/{}/reverse", id(&reversed)), &json!({})).ok();
    sandbox.advance(3600);
    let open = sandbox.create("1000000003", "alipay", 1);
    let found = |query: &str| {
        let list = sandbox.get(&format!("/v1/charges?app[id]={APP_ID}&{query}")).ok();
        list["data"].as_array().unwrap().iter().map(|charge| id(charge).to_owned()).collect::<Vec<_>>()
    };
    let ids = |charges: &[&Value]| charges.iter().map(|charge| id(charge).to_owned()).collect::<Vec<_>>();
    assert_eq!(found("paid=True"), ids(&[&old]));
    assert_eq!(found("paid=false&reversed=false"), ids(&[&open]));
    assert_eq!(found("channel=wx"), ids(&[&reversed]));
    let created = open["created"].as_i64().unwrap();
    assert_eq!(found(&format!("created[gte]={created}")), ids(&[&open]));
    assert_eq!(found(&format!("created[gt]={created}")), ids(&[]));
    assert_eq!(found(&format!("created[lt]={created}")), ids(&[&reversed, &old]));
    sandbox.advance(40 * 86_400);
    assert_eq!(found("limit=10"), ids(&[]), "without bounds only the last month is listed");
}

#[test]
fn paying_twice_is_as_good_as_once() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    assert_eq!(sandbox.pay(&charge).text, "success");
    let paid = sandbox.get(&format!("/v1/charges/{}", id(&charge))).ok();
    assert_eq!(paid["paid"], true);
    assert_eq!(paid["credential"], json!({}));
    assert!(paid["transaction_no"].is_string() && paid["time_paid"].is_i64());
    sandbox.advance(60);
    assert_eq!(sandbox.pay(&charge).text, "success");
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).ok(), paid);
    assert_eq!(sandbox.state()["events"].as_array().unwrap().len(), 1);
}

#[test]
fn an_expired_charge_is_not_paid() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    sandbox.advance(86_400 + 5);
    let reply = sandbox.pay(&charge);
    assert_eq!(reply.status, 400);
    assert_ne!(reply.text, "success");
}

#[test]
fn a_reversed_charge_is_not_paid() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    let path = format!("/v1/charges/{}/reverse", id(&charge));
    assert_eq!(sandbox.post(&path, &json!({})).ok()["reversed"], true);
    assert_ne!(sandbox.pay(&charge).text, "success");
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).ok()["paid"], false);
}

#[test]
fn a_paid_charge_is_not_reversed() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "wx", 9900);
    sandbox.pay(&charge);
    let error = sandbox.post(&format!("/v1/charges/{}/reverse", id(&charge)), &json!({})).refused(402);
    assert_eq!(error["code"], "charge_unexpected_status");
}

#[test]
fn live_mode_is_refused_and_unknown_paths_are_404() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "wx", 9900);
    let reply = sandbox.plain("GET", &format!("/notify/charges/{}?livemode=true", id(&charge)), "");
    assert_ne!(reply.text, "success");
    assert_eq!(sandbox.plain("GET", "/notify/charges/ch_nothing?livemode=false", "").status, 404);
    sandbox.get("/v1/transfers").refused(404);
}
