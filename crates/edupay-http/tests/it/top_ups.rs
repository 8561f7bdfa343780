//! Top-ups.

use crate::client::Request;
use crate::fixtures::{CHARGE_ID, DOCUMENT, TOP_UP_NO, XIAOCHEN, at, attempt, fen, receipt, top_up_subject, user};
use crate::service::Ports;
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::payments::{
    AttemptStatus, Charge, ChargeDocument, GatewayError, GatewayFault, MockPaymentGateway, MockSandboxPayer, Mode,
};
use edupay_domain::store::{EffectError, StoreError, StoreFault};
use edupay_domain::top_ups::{OpenedTopUp, TopUp, TopUpState};
use serde_json::json;

fn charge() -> Charge {
    Charge {
        id: ChargeId::parse(CHARGE_ID).unwrap(),
        gateway_order_no: GatewayOrderNo::parse(TOP_UP_NO).unwrap(),
        app_id: "app".to_owned(),
        mode: Mode::Test,
        paid: false,
        reversed: false,
        amount: fen(9_900),
        amount_refunded: fen(0),
        currency: "cny".to_owned(),
        channel: "alipay".to_owned(),
        paid_at: None,
        document: ChargeDocument(DOCUMENT.to_owned()),
    }
}

/// The rule of opening runs; the gateway answers as told.
fn ports(answer: fn() -> Result<Charge, GatewayError>) -> Ports {
    let mut ports = Ports::new();
    ports.top_ups.expect_open().returning(|command, rule| {
        rule(command).map(|plan| OpenedTopUp::Opened(plan.started())).map_err(EffectError::Refused)
    });
    ports.gateway.expect_create_charge().returning(move |request| {
        assert_eq!(request.client_ip.to_string(), "127.0.0.1");
        answer()
    });
    ports.charges.expect_record_reply().returning(|command, rule| {
        let mut requested = attempt(top_up_subject(), AttemptStatus::Requested);
        (requested.charge_id, requested.document) = (None, None);
        requested.gateway_order_no = command.gateway_order_no.clone();
        Ok(rule(command, &requested))
    });
    ports
}

#[test]
fn a_top_up_answers_its_number_and_its_charge() {
    let service = ports(|| Ok(charge())).serve();
    let body = r#"{"amount_fen":9900,"channel":"alipay"}"#;
    let reply = service.call(Request::post("/v1/top-ups").token(XIAOCHEN).json(body)).expect(201);
    let top_up = reply.json();
    assert_eq!(top_up["top_up_no"], "32016061511535000007");
    assert_eq!((&top_up["amount_fen"], &top_up["charge_id"]), (&json!(9_900), &json!(CHARGE_ID)));
    assert!(reply.text().contains(&format!(r#""charge":{DOCUMENT}"#)), "{}", reply.text());
}

#[test]
fn a_payment_inside_wechat_needs_the_payers_open_id() {
    let mut ports = ports(|| Ok(charge()));
    ports.gateway = MockPaymentGateway::new();
    ports.gateway.expect_create_charge().times(1).returning(|request| {
        assert_eq!(request.open_id.as_ref().map(|id| id.as_str()), Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"));
        Ok(charge())
    });
    let service = ports.serve();
    let start = |body: &str| service.call(Request::post("/v1/top-ups").token(XIAOCHEN).json(body));
    let missing = start(r#"{"amount_fen":9900,"channel":"wx_pub"}"#).expect(400);
    assert!(missing.text().contains("open_id"), "{}", missing.text());
    start(r#"{"amount_fen":9900,"channel":"wx_pub","open_id":"o pen"}"#).expect(400);
    start(r#"{"amount_fen":9900,"channel":"wx_pub","open_id":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}"#).expect(201);
}

#[test]
fn a_top_up_is_shown_to_its_user_only() {
    let mut ports = ports(|| Ok(charge()));
    ports.top_ups.expect_find().returning(|user_id, number| {
        Ok((number.as_str() == TOP_UP_NO).then(|| TopUp {
            user_id,
            top_up_no: number.clone(),
            amount: fen(9_900),
            bonus: fen(500),
            state: TopUpState::Credited { at: at(), charge_id: ChargeId::parse(CHARGE_ID).unwrap() },
            created_at: at(),
        }))
    });
    let service = ports.serve();
    let show = |number: &str| service.call(Request::get(&format!("/v1/top-ups/{number}")).token(XIAOCHEN));
    let shown = show(TOP_UP_NO).expect(200).json();
    assert_eq!((&shown["status"], &shown["bonus_fen"]), (&json!("credited"), &json!(500)));
    assert_eq!(shown["credited_at"], "2016-06-15T03:53:50.598744Z");
    for other in ["32016061511535000008", "x"] {
        assert_eq!(show(other).expect(404).json()["code"], "not_found");
    }
}

#[test]
fn a_gateway_that_refuses_is_told_from_one_that_is_silent() {
    let start = |ports: Ports| {
        let body = r#"{"amount_fen":9900,"channel":"wx"}"#;
        ports.serve().call(Request::post("/v1/top-ups").token(XIAOCHEN).json(body))
    };
    let refused = start(ports(|| Err(GatewayError::new(GatewayFault::Refused { code: None }, "no"))));
    assert_eq!(refused.expect(409).json()["code"], "charge_refused");
    let unknown = start(ports(|| Err(GatewayError::new(GatewayFault::Unknown, "time-out"))));
    assert_eq!(unknown.expect(504).json()["code"], "charge_unknown");
}

#[test]
fn only_where_payments_are_simulated_the_bare_word_is_enough() {
    let mut ports = ports(|| Ok(charge()));
    let mut payer = MockSandboxPayer::new();
    payer.expect_pay().times(1).returning(|_| Ok(()));
    ports.payer = Some(payer);
    ports.charges.expect_find_attempt().returning(|_, _| Ok(Some(attempt(top_up_subject(), AttemptStatus::Paid))));
    ports.receipts.expect_find_receipt().returning(|_, _| Ok(Some(receipt())));
    ports.users.expect_find_user().returning(|id| Ok(Some(user(id.get()))));
    let service = ports.serve();
    let reply = service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=100")).expect(200);
    assert_eq!(reply.json()["account"], "200.50");
    assert_eq!(at().timestamp_subsec_micros(), 598_744);
}

#[test]
fn a_simulated_payment_that_could_not_be_booked_now_is_unknown_and_not_undone() {
    let mut ports = ports(|| Ok(charge()));
    let mut payer = MockSandboxPayer::new();
    payer.expect_pay().times(1).returning(|_| Ok(()));
    ports.payer = Some(payer);
    ports.charges.expect_find_attempt().returning(|_, _| Ok(Some(attempt(top_up_subject(), AttemptStatus::Paid))));
    ports.receipts.expect_find_receipt().returning(|_, _| Err(StoreError::new(StoreFault::Unavailable, "busy")));
    let service = ports.serve();
    let reply = service.call(Request::put("/pay/fill_in_balance/").token(XIAOCHEN).form("amount=100")).expect(503);
    assert_eq!(reply.header("X-Error-Code"), Some("outcome_unknown"));
}
