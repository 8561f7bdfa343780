//! Events, and the record of what was sent of them.

use edupay_pingpp::wire::{Charge, Refund, RefundStatus};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ids;

/// An event with its object as it was at the time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StoredEvent {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The charge or refund it is about.
    pub(crate) object_id: String,
    /// `metadata[pingpp_tc]` of the charge: a test case of Ping++'s test mode.
    #[serde(skip)]
    pub(crate) test_case: Option<String>,
    #[serde(skip)]
    pub(crate) document: Value,
}

/// One attempt to deliver an event, or the reason why there was none.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    pub(crate) event: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) object_id: String,
    /// 1 for the first of several copies.
    pub(crate) copy: u64,
    /// 1 for the first attempt of a copy.
    pub(crate) attempt: usize,
    /// Unix seconds at which the answer was there.
    pub(crate) at: i64,
    /// The receiver's status; null when there was no answer.
    pub(crate) status: Option<u16>,
    /// Why there was no answer, or why nothing was sent.
    pub(crate) error: Option<String>,
}

impl StoredEvent {
    pub(crate) fn charge_succeeded(charge: &Charge, now: i64) -> Self {
        let test_case = charge.metadata.get("pingpp_tc").and_then(Value::as_str);
        Self {
            test_case: test_case.map(str::to_owned),
            ..Self::build("charge.succeeded", &charge.id, json!(charge), now)
        }
    }

    pub(crate) fn refund_settled(refund: &Refund, now: i64) -> Self {
        let kind = match refund.status {
            RefundStatus::Failed => "refund.failed",
            RefundStatus::Pending | RefundStatus::Succeeded => "refund.succeeded",
        };
        Self::build(kind, &refund.id, json!(refund), now)
    }

    fn build(kind: &'static str, object_id: &str, object: Value, now: i64) -> Self {
        let id = ids::id("evt_");
        let document = json!({
            "id": id,
            "object": "event",
            "created": now,
            "livemode": false,
            "type": kind,
            "data": { "object": object },
            "pending_webhooks": 1,
            "request": ids::id("iar_"),
        });
        Self { id, kind, object_id: object_id.to_owned(), test_case: None, document }
    }
}
