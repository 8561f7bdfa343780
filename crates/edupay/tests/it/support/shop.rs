//! What the demo's users do: order, pay, look at what they have.

use serde_json::{Value, json};

use super::demo::Demo;
use super::http::{Reply, Request};
use super::patience::wait_for;

/// 晓辰, user 1, staff, 100.50 in the wallet.
pub(crate) const XIAOCHEN: &str = "706a87288233ea2427cddb8a1bbce29369ac5073";
/// 小雨, user 2, no rights, an empty wallet.
pub(crate) const XIAOYU: &str = "7309fabd207c22e0a00eada158989b89ffe839ef";
/// User 1's unpaid order of course 1, 99.00.
pub(crate) const ORDER_OF_99: &str = "12134676899915430002";
/// User 1's unpaid order of course 2, 66.00.
pub(crate) const ORDER_OF_66: &str = "12134676899915430003";

impl Demo {
    /// Orders courses; the new order's number.
    pub(crate) fn order(&self, token: &str, courses: &[u32]) -> String {
        let body = json!({ "course_ids": courses }).to_string();
        let reply = self.call(Request::post("/v1/orders").token(token).json(body));
        let order = reply.expect_status(201).json();
        order["order_no"].as_str().expect("an order number").to_owned()
    }

    /// An order as its buyer sees it. Looking at an unpaid order asks the gateway.
    pub(crate) fn see_order(&self, token: &str, order_no: &str) -> Value {
        let reply = self.call(Request::get(&format!("/v1/orders/{order_no}")).token(token));
        reply.expect_status(200).json()
    }

    pub(crate) fn order_status(&self, token: &str, order_no: &str) -> String {
        let order = self.see_order(token, order_no);
        order["status"].as_str().expect("a status").to_owned()
    }

    pub(crate) fn wait_for_status(&self, token: &str, order_no: &str, status: &str) {
        wait_for(&format!("order {order_no} to be {status}"), || {
            (self.order_status(token, order_no) == status).then_some(())
        });
    }

    /// Cash, in-app and bonus balances together, in fen.
    pub(crate) fn balance_fen(&self, token: &str) -> i64 {
        let me = self.call(Request::get("/v1/me").token(token)).expect_status(200).json();
        ["cash_fen", "iap_fen", "bonus_fen"]
            .iter()
            .map(|key| me[key].as_i64().unwrap_or_else(|| panic!("no {key}: {me}")))
            .sum()
    }

    /// Whether the course is marked as owned in the list of courses.
    pub(crate) fn owns(&self, token: &str, course: u32) -> bool {
        let list = self.call(Request::get("/v1/courses").token(token)).expect_status(200).json();
        let items = list["items"].as_array().expect("a list of courses");
        let found = items
            .iter()
            .find(|item| item["course_id"] == course || item["id"] == course)
            .unwrap_or_else(|| panic!("no course {course}: {list}"));
        found["owned"].as_bool().expect("owned or not")
    }

    /// How many lines the user's statement has.
    pub(crate) fn statement(&self, token: &str) -> Vec<Value> {
        let reply = self.call(Request::get("/v1/ledger/entries?limit=100").token(token));
        let list = reply.expect_status(200).json();
        list["items"].as_array().expect("a list of entries").clone()
    }

    pub(crate) fn pay_in_balance(&self, token: &str, order_no: &str) -> Reply {
        let body = format!("order_no={order_no}&channel=balance");
        self.call(Request::put("/pay/pay_in_balance/").token(token).form(body))
    }

    pub(crate) fn pay_for_order(&self, token: &str, order_no: &str, channel: &str) -> Reply {
        let body = format!("order_no={order_no}&channel={channel}");
        self.call(Request::put("/pay/pay_for_order/").token(token).form(body))
    }

    /// The charge that `pay_for_order` answers with.
    #[track_caller]
    pub(crate) fn charge(&self, token: &str, order_no: &str, channel: &str) -> Value {
        let reply = self.pay_for_order(token, order_no, channel).expect_status(200).json();
        assert_eq!(reply["status"], 0, "{reply}");
        reply["ch"].clone()
    }
}

/// The `id` of a charge.
pub(crate) fn id_of(charge: &Value) -> &str {
    charge["id"].as_str().expect("a charge id")
}

/// A business failure of the 益安 dialect: HTTP 200, status -4, that message.
#[track_caller]
pub(crate) fn assert_refused(reply: &Reply, message: &str) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json(), json!({ "status": -4, "message": message }));
    let code = reply.header("X-Error-Code").expect("X-Error-Code");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(!code.is_empty() && code.bytes().all(plain), "{code}");
    assert!(reply.header("X-Request-Id").is_some_and(|id| !id.is_empty()));
}
