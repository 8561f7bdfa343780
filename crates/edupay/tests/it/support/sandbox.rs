//! The sandbox's switches, and its ground truth: what the gateway knows whatever we believe.

use edupay_pingpp::signing::{RequestSigner, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::http::{Reply, Request};
use super::patience::wait_for;

/// The sandbox of a demo.
pub(crate) struct Sandbox {
    address: String,
    data_dir: PathBuf,
}

impl Sandbox {
    pub(crate) fn new(address: String, data_dir: PathBuf) -> Self {
        Self { address, data_dir }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn call(&self, request: Request) -> Reply {
        request.send(&self.address)
    }

    /// Replaces the fault plan; `{}` is good behaviour.
    pub(crate) fn misbehave(&self, plan: &Value) {
        let reply = self.call(Request::put("/sandbox/faults").json(plan.to_string()));
        assert!(reply.status < 300, "{plan}: {}", reply.text());
    }

    pub(crate) fn behave(&self) {
        self.misbehave(&json!({}));
    }

    /// Every charge, refund, event and delivery.
    pub(crate) fn state(&self) -> Value {
        self.call(Request::get("/sandbox/state")).expect_status(200).json()
    }

    fn list(&self, key: &str) -> Vec<Value> {
        let state = self.state();
        let list = state[key].as_array().unwrap_or_else(|| panic!("no {key}: {state}"));
        list.clone()
    }

    pub(crate) fn charges(&self) -> Vec<Value> {
        self.list("charges")
    }

    pub(crate) fn charge(&self, id: &str) -> Value {
        let found = self.charges().into_iter().find(|charge| charge["id"] == id);
        found.unwrap_or_else(|| panic!("the sandbox has no charge {id}"))
    }

    /// The charges whose `body` is our order's number, whatever their gateway number is.
    pub(crate) fn charges_of(&self, order_no: &str) -> Vec<Value> {
        let mut charges = self.charges();
        charges.retain(|charge| charge["body"] == order_no);
        charges
    }

    pub(crate) fn refunds_of(&self, charge_id: &str) -> Vec<Value> {
        let mut refunds = self.list("refunds");
        refunds.retain(|refund| refund["charge"] == charge_id);
        refunds
    }

    /// Refunds a charge at the gateway itself, as somebody does from its dashboard; the refund.
    pub(crate) fn refund_there(&self, charge_id: &str, amount_fen: i64, metadata: &Value) -> Value {
        let pem = std::fs::read(self.data_dir.join("sandbox/merchant_private.pem")).expect("the merchant's key");
        let signer = RequestSigner::from_pem(&pem).expect("a private key");
        let target = format!("/v1/charges/{charge_id}/refunds");
        let body = json!({ "amount": amount_fen, "description": "by hand", "metadata": metadata }).to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
        let now = i64::try_from(now).expect("a time of this age");
        let signature = signer.sign_request(body.as_bytes(), &target, now).expect("a signature");
        let request = Request::post(&target)
            .header("Authorization", "Bearer sk_test_edupay000000000000000000")
            .header(SIGNATURE_HEADER, signature)
            .header(TIMESTAMP_HEADER, now.to_string())
            .json(body);
        self.call(request).expect_status(200).json()
    }

    /// Pays as Ping++'s own client libraries pay a test charge.
    pub(crate) fn pay(&self, charge_id: &str) {
        let target = format!("/notify/charges/{charge_id}?livemode=false");
        let reply = self.call(Request::get(&target)).expect_status(200);
        assert_eq!(reply.text(), "success");
    }

    /// The event that told of a charge's payment, sent or not.
    pub(crate) fn event_of(&self, charge_id: &str) -> String {
        let found = self.list("events").into_iter().find(|event| event["object_id"] == charge_id);
        let found = found.unwrap_or_else(|| panic!("no event of {charge_id}"));
        found["id"].as_str().expect("an event id").to_owned()
    }

    /// Sends an event now, well signed, and gives back the receiver's status.
    pub(crate) fn resend(&self, event_id: &str) -> Value {
        let target = format!("/sandbox/events/{event_id}/resend");
        self.call(Request::post(&target)).expect_status(200).json()["status"].clone()
    }

    /// Waits until so many webhooks about an object were answered; their statuses.
    pub(crate) fn wait_for_deliveries(&self, object_id: &str, count: usize) -> Vec<Value> {
        wait_for(&format!("{count} webhooks about {object_id}"), || {
            let mut deliveries = self.list("deliveries");
            deliveries.retain(|delivery| delivery["object_id"] == object_id && delivery["status"].is_u64());
            (deliveries.len() >= count).then(|| deliveries.into_iter().map(|each| each["status"].clone()).collect())
        })
    }

    /// Waits until the whole charge went back to its payer, once.
    pub(crate) fn wait_for_full_refund(&self, charge_id: &str) {
        wait_for(&format!("a refund of {charge_id}"), || {
            let charge = self.charge(charge_id);
            (charge["amount_refunded"] == charge["amount"]).then_some(())
        });
        let refunds = self.refunds_of(charge_id);
        assert_eq!(refunds.len(), 1, "{refunds:?}");
    }

    /// Waits until a charge was closed before anybody paid it.
    pub(crate) fn wait_for_reversal(&self, charge_id: &str) {
        wait_for(&format!("{charge_id} to be reversed"), || (self.charge(charge_id)["reversed"] == true).then_some(()));
    }

    /// The private half of the key that signs webhooks, for notices the tests make up themselves.
    pub(crate) fn signing_key_file(&self) -> PathBuf {
        self.data_dir.join("sandbox/pingpp_private.pem")
    }
}
