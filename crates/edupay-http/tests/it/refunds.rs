//! Refunds from outside: who may ask, what is read, and what each refusal becomes. The rules are the real
//! ones, on a view that the test gives them.

use crate::client::Request;
use crate::fixtures::{ORDER_NO, XIAOCHEN, XIAOYU, at, fen, user_id};
use crate::service::{Ports, Service};
use edupay_domain::ids::{OrderNo, OrderPk, RefundNo};
use edupay_domain::ledger::{Split, Wallet};
use edupay_domain::orders::{Order, OrderLine, OrderState, Payment, Tender, Visibility};
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{Refund, RefundView, Refundable};
use edupay_domain::store::EffectError;
use serde_json::{Value, json};

/// 小雨's order of 100 fen, paid from the balance.
fn paid() -> Order {
    let split = Split { cash: fen(100), ..Split::default() };
    Order {
        user_id: user_id(2),
        order_no: OrderNo::parse(ORDER_NO).unwrap(),
        pk: OrderPk::try_new(1).unwrap(),
        lines: vec![OrderLine {
            course_id: edupay_domain::ids::CourseId::try_new(1).unwrap(),
            name: "course".to_owned(),
            price: fen(100),
        }],
        amount: fen(100),
        state: OrderState::Paid(Payment { at: at(), tender: Tender::Balance(split) }),
        visibility: Visibility::Visible,
        created_at: at(),
        expires_at: at(),
    }
}

fn view(refunds: Vec<Refund>, named: Option<&RefundNo>) -> RefundView {
    RefundView {
        wallet: Wallet::new(user_id(2)),
        paid: Some(Refundable::Order(paid())),
        named: named.and_then(|number| refunds.iter().find(|refund| refund.refund_no == *number)).cloned(),
        refunds,
    }
}

/// A store that knows one paid order and these refunds of it.
fn serve(refunds: Vec<Refund>) -> Service {
    let mut ports = Ports::new();
    ports.approval_above = Some(fen(50));
    ports.refunds.expect_find_refundable().returning(|subject| {
        Ok((subject == &ChargeSubject::Order(OrderNo::parse(ORDER_NO).unwrap())).then(|| user_id(2)))
    });
    let known = refunds.clone();
    ports.refunds.expect_request().returning(move |command, rule| {
        let plan = rule(command, &view(known.clone(), Some(&command.refund_no))).map_err(EffectError::Refused)?;
        Ok(plan.refund().clone())
    });
    let known = refunds.clone();
    ports.refunds.expect_decide().returning(move |command, rule| {
        let plan = rule(command, &view(known.clone(), Some(&command.refund_no))).map_err(EffectError::Refused)?;
        Ok(plan.refund().clone())
    });
    let known = refunds.clone();
    ports.refunds.expect_of_subject().returning(move |_, _| Ok(known.clone()));
    ports.refunds.expect_list().returning(move |stage, below, limit| {
        let is_below = |refund: &&Refund| below.as_ref().is_none_or(|below| refund.refund_no < below.refund_no);
        let page = refunds.iter().rev().filter(is_below);
        let page = page.filter(|refund| stage.is_none_or(|stage| refund.stage == stage));
        Ok(page.take(limit as usize).cloned().collect())
    });
    ports.serve()
}

fn ask(service: &Service, token: &str, body: &Value) -> crate::client::Reply {
    let path = format!("/v1/orders/{ORDER_NO}/refunds");
    service.call(Request::post(&path).token(token).json(body.to_string()))
}

fn body(refund_no: &str, amount_fen: Option<i64>) -> Value {
    let mut body = json!({ "refund_no": refund_no, "to": "source", "reason": "课程取消" });
    if let Some(amount_fen) = amount_fen {
        body["amount_fen"] = json!(amount_fen);
    }
    body
}

/// A refund as the real rule makes it.
fn made(refund_no: &str, amount: u32) -> Refund {
    use edupay_domain::refunds::{RefundReason, RefundTarget, RequestRefund, request_refund};
    let command = RequestRefund {
        user_id: user_id(2),
        subject: ChargeSubject::Order(OrderNo::parse(ORDER_NO).unwrap()),
        refund_no: RefundNo::parse(refund_no).unwrap(),
        amount: Some(fen(amount)),
        to: RefundTarget::Source,
        reason: RefundReason::parse("课程取消").unwrap(),
        by: user_id(1),
        approval_above: Some(fen(50)),
        at: at(),
        event_id: edupay_domain::ids::EventId::from_random(7),
    };
    request_refund(&command, &view(Vec::new(), None)).unwrap().refund().clone()
}

#[test]
fn staff_refunds_somebody_elses_order() {
    let service = serve(Vec::new());
    let reply = ask(&service, XIAOCHEN, &body("R-1", Some(30))).expect(201).json();
    let expected = json!({
        "refund_no": "R-1", "subject": "order", "subject_no": ORDER_NO, "user_id": 2, "amount_fen": 30,
        "recovered_fen": 0, "to": "source", "reason": "课程取消", "status": "succeeded", "origin": "staff",
        "requested_by": 1, "decided_by": null, "charge_id": null, "gateway_refund_id": null, "failure": null,
        "requested_at": "2016-06-15T03:53:50.598744Z", "settled_at": "2016-06-15T03:53:50.598744Z",
    });
    assert_eq!(reply, expected);
    let whole = ask(&service, XIAOCHEN, &body("R-2", None)).expect(201).json();
    assert_eq!((&whole["amount_fen"], &whole["status"]), (&json!(100), &json!("awaiting_approval")));
    let form = "refund_no=R-3&amount_fen=10&to=balance&reason=x";
    let path = format!("/v1/orders/{ORDER_NO}/refunds/");
    service.call(Request::post(&path).token(XIAOCHEN).form(form)).expect(201);
}

#[test]
fn a_refund_that_can_not_be_is_refused_with_its_code() {
    let service = serve(vec![made("R-1", 40)]);
    for (body, status, code) in [
        (body("R-2", Some(61)), 409, "refund_above_left"),
        (body("R-1", Some(41)), 409, "refund_no_taken"),
        (body("R-1", Some(40)), 201, ""),
    ] {
        let reply = ask(&service, XIAOCHEN, &body).expect(status);
        assert_eq!(reply.json().get("code").and_then(Value::as_str).unwrap_or_default(), code, "{body}");
        assert_eq!(reply.header("X-Error-Code").unwrap_or_default(), code);
    }
    let missing =
        service.call(Request::post("/v1/orders/7/refunds").token(XIAOCHEN).json(body("R-1", None).to_string()));
    assert_eq!(missing.expect(404).json()["code"], "not_found");
    for path in ["/v1/orders/7/refunds", "/v1/orders/x/refunds", "/v1/purchases/7/refunds"] {
        service.call(Request::get(path).token(XIAOCHEN)).expect(404);
    }
}

#[test]
fn each_field_is_looked_at() {
    let service = serve(Vec::new());
    let good = body("R-1", Some(1));
    for (field, value, code) in [
        ("refund_no", json!(""), "blank"),
        ("refund_no", json!("R 1"), "invalid"),
        ("refund_no", json!("r".repeat(41)), "too_long"),
        ("refund_no", json!("gw-1"), "invalid"),
        ("amount_fen", json!(0), "amount_not_positive"),
        ("amount_fen", json!(-1), "amount_not_positive"),
        ("amount_fen", json!(1.5), "not_an_integer"),
        ("amount_fen", json!("1"), "not_an_integer"),
        ("to", json!("gateway"), "unknown_choice"),
        ("reason", json!(""), "blank"),
        ("reason", json!("因".repeat(256)), "too_long"),
        ("reason", json!("a\u{0}"), "control_character"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let errors = ask(&service, XIAOCHEN, &body).expect(400).json()["errors"].clone();
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(field), &json!(code)), "{body}");
    }
    let errors = ask(&service, XIAOCHEN, &json!({})).expect(400).json()["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 3);
    let mut longest = good;
    longest["reason"] = json!("因".repeat(255));
    ask(&service, XIAOCHEN, &longest).expect(201);
}

#[test]
fn only_staff_sees_and_moves_refunds() {
    let service = serve(vec![made("R-1", 60)]);
    let order = format!("/v1/orders/{ORDER_NO}/refunds");
    for token in [Some(XIAOYU), None] {
        let with = |request: Request| match token {
            Some(token) => request.token(token),
            None => request,
        };
        let status = if token.is_some() { 403 } else { 401 };
        for path in [order.as_str(), "/v1/refunds", "/v1/purchases/4/refunds"] {
            service.call(with(Request::get(path))).expect(status);
        }
        for path in [order.clone(), format!("{order}/R-1/approve"), format!("{order}/R-1/reject")] {
            service.call(with(Request::post(&path)).json("{}")).expect(status);
        }
    }
}

#[test]
fn who_asked_can_reject_and_not_approve() {
    let service = serve(vec![made("R-1", 60), made("R-2", 10)]);
    let decide = |refund_no: &str, verb: &str| {
        let path = format!("/v1/orders/{ORDER_NO}/refunds/{refund_no}/{verb}");
        service.call(Request::post(&path).token(XIAOCHEN).json("{}"))
    };
    assert_eq!(decide("R-1", "approve").expect(403).json()["code"], "refund_own_request");
    assert_eq!(decide("R-1", "reject").expect(200).json()["status"], "rejected");
    for verb in ["approve", "reject"] {
        assert_eq!(decide("R-2", verb).expect(409).json()["code"], "refund_not_awaiting_approval");
        assert_eq!(decide("R-9", verb).expect(404).json()["code"], "refund_not_found");
        assert_eq!(decide("%20", verb).expect(404).json()["code"], "refund_not_found");
    }
}

#[test]
fn refunds_are_listed_by_status_in_pages() {
    let service = serve(vec![made("R-1", 60), made("R-2", 10), made("R-3", 10)]);
    let get = |query: &str| service.call(Request::get(&format!("/v1/refunds{query}")).token(XIAOCHEN));
    let all = get("").expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
    let waiting = get("?status=awaiting_approval").expect(200).json();
    assert_eq!((&waiting["items"][0]["refund_no"], waiting["items"].as_array().unwrap().len()), (&json!("R-1"), 1));
    let first = get("?limit=2").expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = get(&format!("?limit=2&cursor={cursor}")).expect(200).json();
    assert_eq!((&rest["items"][0]["refund_no"], &rest["next_cursor"]), (&json!("R-1"), &Value::Null));
    for query in ["?status=odd", "?cursor=1", "?cursor=1.2", "?cursor=x.1.R", "?cursor=1.0.R", "?limit=0"] {
        get(query).expect(400);
    }
    let listed = service.call(Request::get(&format!("/v1/orders/{ORDER_NO}/refunds")).token(XIAOCHEN)).expect(200);
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 3);
}
