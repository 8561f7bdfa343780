//! The fault plan.

use serde_json::{Value, json};

use super::support::{Reply, Running, charge_body, id};

const NUMBER: &str = "12134676899915430002";

fn try_create(sandbox: &Running) -> Result<Reply, ureq::Error> {
    sandbox.try_post("/v1/charges", &charge_body(NUMBER, "alipay", 9900))
}

fn charges(sandbox: &Running) -> usize {
    sandbox.state()["charges"].as_array().unwrap().len()
}

#[test]
fn faults_before_processing_leave_nothing_behind() {
    for (fault, status) in [("error_before", 500), ("throttle", 403), ("refuse", 402)] {
        let sandbox = Running::start();
        sandbox.misbehave(&json!({ "create": { (fault): { "times": 1 } } }));
        let error = try_create(&sandbox).unwrap().refused(status);
        assert!(error["type"].is_string(), "{fault}");
        assert_eq!(charges(&sandbox), 0, "{fault}");
        try_create(&sandbox).unwrap().ok();
    }
    let sandbox = Running::start();
    sandbox.misbehave(&json!({ "create": { "drop_before": 1 } }));
    assert!(try_create(&sandbox).is_err());
    assert_eq!(charges(&sandbox), 0);
}

#[test]
fn faults_after_processing_leave_the_charge_behind() {
    let sandbox = Running::start();
    sandbox.misbehave(&json!({ "create": { "drop_after_processing": 1 } }));
    assert!(try_create(&sandbox).is_err());
    assert_eq!(charges(&sandbox), 1);
    sandbox.misbehave(&json!({ "create": { "truncated": true } }));
    assert!(try_create(&sandbox).is_err());
    sandbox.misbehave(&json!({ "create": { "error_after_processing": true } }));
    try_create(&sandbox).unwrap().refused(500);
    sandbox.misbehave(&json!({ "create": { "garbage": true } }));
    let reply = try_create(&sandbox).unwrap();
    assert_eq!(reply.status, 200);
    assert!(reply.text.starts_with("<html>"), "{}", reply.text);
    assert_eq!(charges(&sandbox), 1, "the same content is still one charge");
}

#[test]
fn a_wrong_reply_does_not_change_the_truth() {
    let cases = [
        ("wrong_amount", "amount", json!(9901)),
        ("wrong_currency", "currency", json!("usd")),
        ("wrong_app", "app", json!("app_somebodyelse0000")),
        ("wrong_livemode", "livemode", json!(true)),
    ];
    for (fault, member, shown) in cases {
        let sandbox = Running::start();
        let truth = sandbox.create(NUMBER, "alipay", 9900);
        sandbox.misbehave(&json!({ "retrieve": { (fault): true }, "list": { (fault): true } }));
        let reply = sandbox.get(&format!("/v1/charges/{}", id(&truth)));
        assert_eq!(reply.ok()[member], shown, "{fault}");
        let list = sandbox.get("/v1/charges?app[id]=app_edupay0000000000").ok();
        assert_eq!(list["data"][0][member], shown, "{fault}");
        assert_eq!(sandbox.state()["charges"][0], truth, "{fault}");
    }
}

#[test]
fn a_reply_can_be_signed_wrongly() {
    let sandbox = Running::start();
    sandbox.misbehave(&json!({ "create": { "unsigned": 1 } }));
    let reply = try_create(&sandbox).unwrap();
    let signature = reply.header("x-pingplusplus-signature");
    assert!(sandbox.public_keys().verify(reply.text.as_bytes(), signature).is_err());
}

#[test]
fn a_request_is_processed_although_its_client_gave_up() {
    let sandbox = Running::start();
    sandbox.misbehave(&json!({ "create": { "latency_ms": { "ms": 300, "times": 1 } } }));
    let request = sandbox.signed("POST", "/v1/charges", &charge_body(NUMBER, "alipay", 9900).to_string());
    let (parts, body) = request.into_parts();
    let impatient = ureq::Agent::config_builder().timeout_global(Some(std::time::Duration::from_millis(60))).build();
    let outcome = impatient.new_agent().run(ureq::http::Request::from_parts(parts, body));
    assert!(matches!(outcome, Err(ureq::Error::Timeout(_))));
    super::support::wait_for("the charge", || (charges(&sandbox) == 1).then_some(()));
}

#[test]
fn the_same_seed_draws_the_same_faults() {
    let outcomes = |seed: u64| {
        let sandbox = Running::start();
        sandbox.misbehave(&json!({ "seed": seed, "list": { "error_before": { "probability": 0.5 } } }));
        (0..24).map(|_| sandbox.get("/v1/charges?app[id]=app_edupay0000000000").status).collect::<Vec<_>>()
    };
    let first = outcomes(7);
    assert_eq!(first, outcomes(7));
    assert!(first.contains(&200) && first.contains(&500), "{first:?}");
}

#[test]
fn the_plan_is_shown_with_its_seed_and_reset_by_an_empty_one() {
    let sandbox = Running::start();
    sandbox.misbehave(
        &json!({ "refund": { "refuse": { "times": 2, "probability": 0.5 } }, "webhooks": { "duplicate": 2 } }),
    );
    let plan = sandbox.plain("GET", "/sandbox/faults", "").ok();
    assert!(plan["seed"].is_u64());
    assert_eq!(plan["refund"], json!({ "refuse": { "times": 2, "probability": 0.5 } }));
    assert_eq!(plan["webhooks"], json!({ "duplicate": 2 }));
    sandbox.misbehave(&json!({}));
    let plan: Value = sandbox.plain("GET", "/sandbox/faults", "").ok();
    assert_eq!(plan.as_object().unwrap().len(), 1, "{plan}");
}

#[test]
fn a_misspelt_plan_is_refused_and_the_old_one_stays() {
    let sandbox = Running::start();
    sandbox.misbehave(&json!({ "create": { "refuse": true } }));
    for plan in
        ["{\"create\":{\"refus\":true}}", "{\"creat\":{}}", "{\"create\":{\"refuse\":{\"probability\":2}}}", "[]", ""]
    {
        assert_eq!(sandbox.plain("PUT", "/sandbox/faults", plan).status, 400, "{plan}");
    }
    try_create(&sandbox).unwrap().refused(402);
}

#[test]
fn faults_of_all_meet_every_operation() {
    let sandbox = Running::start();
    sandbox.misbehave(&json!({ "all": { "error_before": true } }));
    try_create(&sandbox).unwrap().refused(500);
    sandbox.get("/v1/charges/ch_nothing").refused(500);
}
