//! Money goes back the way it came, on the real binary with the sandbox: in full and in part, through a
//! gateway that falls silent, fails or refunds by itself, and never more than was paid.

use serde_json::{Value, json};

use crate::support::campus::CHILD;
use crate::support::demo::Demo;
use crate::support::http::{Reply, Request};
use crate::support::patience::wait_for;
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU, assert_refused, id_of};

fn body(refund_no: &str, to: &str, amount_fen: Option<i64>) -> String {
    let mut body = json!({ "refund_no": refund_no, "to": to, "reason": "课程取消" });
    if let Some(amount_fen) = amount_fen {
        body["amount_fen"] = json!(amount_fen);
    }
    body.to_string()
}

impl Demo {
    /// Staff asks for a refund.
    fn ask(&self, path: &str, refund_no: &str, to: &str, amount_fen: Option<i64>) -> Reply {
        self.call(Request::post(path).token(XIAOCHEN).json(body(refund_no, to, amount_fen)))
    }

    #[track_caller]
    fn refund(&self, order_no: &str, refund_no: &str, to: &str, amount_fen: Option<i64>) -> Value {
        self.ask(&format!("/v1/orders/{order_no}/refunds"), refund_no, to, amount_fen).expect_status(201).json()
    }

    fn refunds(&self, path: &str) -> Vec<Value> {
        let list = self.call(Request::get(path).token(XIAOCHEN)).expect_status(200).json();
        list["items"].as_array().expect("a list of refunds").clone()
    }

    fn wait_for_refund(&self, order_no: &str, refund_no: &str, status: &str) -> Value {
        let path = format!("/v1/orders/{order_no}/refunds");
        wait_for(&format!("{refund_no} to be {status}"), || {
            self.refunds(&path)
                .into_iter()
                .find(|refund| refund["refund_no"] == refund_no && refund["status"] == status)
        })
    }

    /// An order that a charge paid; the charge.
    fn charged(&self, token: &str, order_no: &str) -> String {
        let charge = self.charge(token, order_no, "wx");
        self.sandbox.pay(id_of(&charge));
        self.wait_for_status(token, order_no, "paid");
        id_of(&charge).to_owned()
    }
}

fn an_order_from_the_balance_goes_back_in_parts_and_its_course_can_be_bought_again(demo: &Demo) {
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    assert_eq!(demo.balance_fen(XIAOCHEN), 150);
    let part = demo.refund(ORDER_OF_99, "R-1", "source", Some(3_300));
    assert_eq!((&part["status"], &part["charge_id"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(demo.balance_fen(XIAOCHEN), 3_450);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "partly_refunded");
    assert!(demo.owns(XIAOCHEN, 1));
    // A repeat moves nothing, another content is refused, and so is more than is left.
    assert_eq!(demo.refund(ORDER_OF_99, "R-1", "source", Some(3_300)), part);
    let path = format!("/v1/orders/{ORDER_OF_99}/refunds");
    for (refund_no, amount, code) in [("R-1", 3_301, "refund_no_taken"), ("R-2", 6_601, "refund_above_left")] {
        let refused = demo.ask(&path, refund_no, "source", Some(amount)).expect_status(409);
        assert_eq!(refused.json()["code"], code);
    }
    demo.refund(ORDER_OF_99, "R-2", "balance", None);
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "refunded");
    assert!(!demo.owns(XIAOCHEN, 1));
    assert_refused(&demo.pay_in_balance(XIAOCHEN, ORDER_OF_99), "订单已支付");
    let again = demo.order(XIAOCHEN, &[1]);
    demo.pay_in_balance(XIAOCHEN, &again).expect_status(200);
    assert!(demo.owns(XIAOCHEN, 1));
    let forbidden = Request::post(&path).token(XIAOYU).json(body("R-3", "source", None));
    demo.call(forbidden).expect_status(403);
}

fn an_order_of_a_charge_goes_back_through_the_gateway(demo: &Demo) {
    let charge = demo.charged(XIAOCHEN, ORDER_OF_99);
    let refund = demo.refund(ORDER_OF_99, "R-1", "source", Some(4_000));
    assert_eq!((&refund["status"], &refund["charge_id"]), (&json!("pending"), &json!(charge)));
    let there = demo.sandbox.refunds_of(&charge);
    assert_eq!((there.len(), &there[0]["amount"], &there[0]["description"]), (1, &json!(4_000), &json!("课程取消")));
    assert_eq!(there[0]["metadata"], json!({ "refund_no": "R-1", "order_no": ORDER_OF_99 }));
    let done = demo.wait_for_refund(ORDER_OF_99, "R-1", "succeeded");
    assert_eq!(done["gateway_refund_id"], there[0]["id"]);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "partly_refunded");
    let rest = demo.refund(ORDER_OF_99, "R-2", "balance", None);
    assert_eq!((&rest["status"], &rest["amount_fen"]), (&json!("succeeded"), &json!(5_900)));
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050 + 5_900);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "refunded");
    assert_eq!(demo.sandbox.refunds_of(&charge).len(), 1);
}

/// The gateway refunds and its answer is lost: the refund is kept as requested, and its webhook, which
/// carries our number, resolves it. One refund there, one booked.
fn a_refund_whose_answer_is_lost_is_made_and_booked_once(demo: &Demo) {
    for (fault, order_no) in [("drop_after_processing", ORDER_OF_99), ("error_after_processing", ORDER_OF_66)] {
        let charge = demo.charged(XIAOCHEN, order_no);
        demo.sandbox.misbehave(&json!({ "refund": { (fault): true } }));
        let refund = demo.refund(order_no, fault, "source", None);
        assert_eq!(refund["status"], "requested", "{fault}");
        demo.sandbox.behave();
        demo.wait_for_refund(order_no, fault, "succeeded");
        assert_eq!(demo.sandbox.refunds_of(&charge).len(), 1, "{fault}");
        assert_eq!(demo.order_status(XIAOCHEN, order_no), "refunded");
        assert_eq!(demo.refunds(&format!("/v1/orders/{order_no}/refunds")).len(), 1);
    }
}

fn a_refund_that_the_gateway_refuses_goes_into_the_balance(demo: &Demo) {
    let charge = demo.charged(XIAOCHEN, ORDER_OF_99);
    demo.sandbox.misbehave(&json!({ "refund": { "refuse": true } }));
    let refund = demo.refund(ORDER_OF_99, "R-1", "source", None);
    assert_eq!((&refund["status"], &refund["failure"]), (&json!("failed"), &json!("channel_response_code_fail")));
    // Tried again at the gateway, which takes it on and fails later: a webhook says so.
    demo.sandbox.misbehave(&json!({ "refund": { "fail_later": true } }));
    assert_eq!(demo.refund(ORDER_OF_99, "R-1", "source", None)["status"], "pending");
    let failed = demo.wait_for_refund(ORDER_OF_99, "R-1", "failed");
    assert_eq!(failed["failure"], "refund_refused");
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "paid");
    let listed = demo.refunds("/v1/refunds?status=failed");
    assert_eq!((listed.len(), &listed[0]["refund_no"]), (1, &json!("R-1")));
    demo.sandbox.behave();
    assert_eq!(demo.refund(ORDER_OF_99, "R-1", "balance", Some(9_900))["status"], "succeeded");
    assert_eq!(demo.balance_fen(XIAOCHEN), 10_050 + 9_900);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_99), "refunded");
    assert_eq!(demo.sandbox.refunds_of(&charge).len(), 1);
    assert!(demo.refunds("/v1/refunds?status=failed").is_empty());
}

/// Somebody refunds at the gateway itself, and claims our number: it is booked, and what is no longer
/// there to give comes out of the buyer's balance.
fn a_refund_made_at_the_gateway_is_booked(demo: &Demo) {
    let charge = demo.charged(XIAOCHEN, ORDER_OF_99);
    demo.refund(ORDER_OF_99, "R-1", "balance", Some(1_000));
    let there = demo.sandbox.refund_there(&charge, 9_900, &json!({ "refund_no": "R-1" }));
    demo.wait_for_status(XIAOCHEN, ORDER_OF_99, "refunded");
    let refunds = demo.refunds(&format!("/v1/orders/{ORDER_OF_99}/refunds"));
    let booked = refunds.iter().find(|refund| refund["origin"] == "gateway").expect("it is booked");
    assert_eq!((&booked["amount_fen"], &booked["recovered_fen"]), (&json!(9_900), &json!(1_000)));
    assert_eq!((&booked["gateway_refund_id"], &booked["requested_by"]), (&there["id"], &Value::Null));
    assert_eq!((demo.balance_fen(XIAOCHEN), refunds.len()), (10_050, 2));
    assert!(!demo.owns(XIAOCHEN, 1));
    let nothing = demo.ask(&format!("/v1/orders/{ORDER_OF_99}/refunds"), "R-2", "balance", None).expect_status(409);
    assert_eq!(nothing.json()["code"], "refund_above_left");
}

fn a_top_up_that_the_gateway_gives_back_is_taken_back(demo: &Demo) {
    let request = Request::post("/v1/top-ups").token(XIAOYU).json(r#"{"amount_fen":5000,"channel":"alipay"}"#);
    let reply = demo.call(request).expect_status(201).json();
    let charge = demo.sandbox.charges().pop().expect("a charge");
    demo.sandbox.pay(id_of(&charge));
    wait_for("the top-up", || (demo.balance_fen(XIAOYU) == 5_000).then_some(()));
    demo.sandbox.refund_there(id_of(&charge), 2_000, &json!({}));
    wait_for("the refund", || (demo.balance_fen(XIAOYU) == 3_000).then_some(()));
    assert_eq!(demo.statement(XIAOYU)[0]["kind"], "claw_back_top_up", "{reply}");
}

fn a_refunded_package_can_be_bought_again(demo: &Demo) {
    let (bought, charge) = demo.pay_money(XIAOCHEN, "wx", "10000001", "158", 0);
    demo.pay_and_hear(&charge);
    let number = bought.strip_suffix("01").expect("a number");
    let path = format!("/v1/purchases/{number}/refunds");
    let (upgraded, charge) = demo.pay_money(XIAOCHEN, "wx", "10000002", "30", 1);
    demo.pay_and_hear(&charge);
    let refused = demo.ask(&path, "R-1", "balance", None).expect_status(409);
    assert_eq!(refused.json()["code"], "purchase_upgraded");
    let upgrade = upgraded.strip_suffix("01").expect("a number");
    let refund = demo.ask(&format!("/v1/purchases/{upgrade}/refunds"), "R-2", "source", None).expect_status(201).json();
    assert_eq!((&refund["status"], &refund["user_id"]), (&json!("pending"), &json!(CHILD)));
    let status = |number: &str| {
        let target = format!("/v1/students/{CHILD}/purchases/{number}");
        demo.call(Request::get(&target).token(XIAOCHEN)).expect_status(200).json()
    };
    wait_for("the upgrade to be refunded", || (status(upgrade)["status"] == "refunded").then_some(()));
    demo.ask(&path, "R-1", "source", Some(5_800)).expect_status(201);
    wait_for("the part", || (status(number)["status"] == "partly_refunded").then_some(()));
    demo.ask(&path, "R-3", "source", None).expect_status(201);
    wait_for("the rest", || (status(number)["status"] == "refunded").then_some(()));
    assert_eq!(status(number)["refunded_fen"], 15_800);
    assert_eq!(demo.refunds(&path).len(), 2);
    // What SearchSuccessData told it still tells.
    demo.days(XIAOCHEN, &bought);
    let (_, charge) = demo.pay_money(XIAOCHEN, "wx", "10000002", "188", 0);
    demo.pay_and_hear(&charge);
}

/// Above a limit the second person is somebody else.
#[test]
fn a_large_refund_needs_two_people() {
    for demo in Demo::with_settings(&[("EDUPAY_REFUNDS__APPROVAL_ABOVE", "50.00")]) {
        demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
        assert_eq!(demo.refund(ORDER_OF_99, "R-1", "source", Some(4_800))["status"], "succeeded");
        assert_eq!(demo.refund(ORDER_OF_99, "R-2", "source", Some(5_001))["status"], "awaiting_approval");
        assert_eq!(demo.refunds("/v1/refunds?status=awaiting_approval").len(), 1);
        let path = format!("/v1/orders/{ORDER_OF_99}/refunds");
        let refused = demo.ask(&path, "R-3", "source", Some(100)).expect_status(409).json();
        assert_eq!(refused["code"], "refund_above_left");
        let decide = |token: &str, refund_no: &str, verb: &str| {
            demo.call(Request::post(&format!("{path}/{refund_no}/{verb}")).token(token).json("{}"))
        };
        assert_eq!(decide(XIAOCHEN, "R-2", "approve").expect_status(403).json()["code"], "refund_own_request");
        assert_eq!(decide(XIAOYU, "R-2", "approve").expect_status(403).json()["code"], "permission_denied");
        let other = other_staff(&demo);
        assert_eq!(decide(XIAOCHEN, "R-2", "reject").expect_status(200).json()["status"], "rejected");
        assert_eq!(demo.refund(ORDER_OF_99, "R-4", "source", None)["status"], "awaiting_approval");
        assert_eq!(demo.balance_fen(XIAOCHEN), 150 + 4_800);
        let approved = decide(&other, "R-4", "approve").expect_status(200).json();
        assert_eq!((&approved["status"], &approved["amount_fen"]), (&json!("succeeded"), &json!(5_100)));
        assert_eq!(demo.balance_fen(XIAOCHEN), 10_050);
        assert_eq!(decide(&other, "R-4", "approve").expect_status(200).json(), approved);
        demo.verify();
    }
}

/// Another member of staff, logged in.
fn other_staff(demo: &Demo) -> String {
    let body = json!({ "username": "other-staff", "password": "long enough", "role": "staff" }).to_string();
    demo.call(Request::post("/v1/users").token(XIAOCHEN).json(body)).expect_status(201);
    let form = "username=other-staff&password=long+enough";
    let reply = demo.call(Request::post("/account/login/").form(form)).expect_status(200).json();
    reply["token"].as_str().expect("a token").to_owned()
}

on_both_databases!(
    an_order_from_the_balance_goes_back_in_parts_and_its_course_can_be_bought_again,
    an_order_of_a_charge_goes_back_through_the_gateway,
    a_refund_whose_answer_is_lost_is_made_and_booked_once,
    a_refund_that_the_gateway_refuses_goes_into_the_balance,
    a_refund_made_at_the_gateway_is_booked,
    a_top_up_that_the_gateway_gives_back_is_taken_back,
    a_refunded_package_can_be_bought_again,
);
