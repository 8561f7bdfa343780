//! What parents do: look at a child's packages, pay, see what was bought.

use serde_json::Value;

use super::demo::Demo;
use super::http::{Reply, Request};

/// 陈雅诺, bound to the demo's first user.
pub(crate) const CHILD: i64 = 10_129_580;
/// Bound to the second.
pub(crate) const OTHER_CHILD: i64 = 10_129_581;

impl Demo {
    /// A call of the campus API.
    pub(crate) fn campus(&self, token: &str, call: &str, body: impl AsRef<[u8]>) -> Reply {
        self.call(Request::post(&format!("/api/Pay/{call}")).token(token).json(body))
    }

    /// What a call answers that must succeed: its `data`.
    #[track_caller]
    pub(crate) fn campus_data(&self, token: &str, call: &str, body: &str) -> Value {
        let reply = self.campus(token, call, body).expect_status(200).json();
        assert_eq!(reply["error"], 0, "{call} {body}: {reply}");
        reply["data"].clone()
    }

    /// Opens a charge for the child; the ids of the records and of the charge.
    #[track_caller]
    pub(crate) fn pay_money(
        &self,
        token: &str,
        channel: &str,
        items: &str,
        amount: &str,
        kind: u8,
    ) -> (String, String) {
        let data = self.campus_data(token, "PayMoney", &pay_body(channel, items, amount, kind));
        let charge = &data["chargeData"]["charge"]["id"];
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        (text(&data["recordIDs"]), text(charge))
    }

    /// Pays at the gateway and waits until its callback was answered.
    pub(crate) fn pay_and_hear(&self, charge: &str) {
        self.sandbox.pay(charge);
        assert_eq!(self.sandbox.wait_for_deliveries(charge, 1), [200]);
    }

    /// The first and the last day of what was bought.
    #[track_caller]
    pub(crate) fn days(&self, token: &str, records: &str) -> (String, String) {
        let data = self.campus_data(token, "SearchSuccessData", &format!("{{userID:{CHILD},ids:'{records}'}}"));
        let text = |key: &str| data[key].as_str().expect("a day").to_owned();
        (text("payStartDate"), text("payEndDate"))
    }
}

/// The body of PayMoney for the child.
pub(crate) fn pay_body(channel: &str, items: &str, amount: &str, kind: u8) -> String {
    format!(
        "{{ channel: \"{channel}\", subject: \"智慧校园一卡通\", body: \"套餐B-带定位功能\", amount: {amount}, \
         userID: \"{CHILD}\", empName: \"陈雅诺\", itemIDs: \"{items}\", type:{kind} }}"
    )
}

/// A business failure of the campus API.
#[track_caller]
pub(crate) fn assert_refused(reply: &Reply, message: &str) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json(), serde_json::json!({ "error": 1, "message": message }));
    assert!(reply.header("X-Error-Code").is_some());
}
