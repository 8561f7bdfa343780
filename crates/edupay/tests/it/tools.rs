//! The commands that an operator keeps users, tokens, courses and products with, while the service
//! runs on the same data.

use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

use crate::support::demo::{Demo, texts};
use crate::support::http::Request;
use crate::support::shop::XIAOCHEN;

fn told(demo: &Demo, arguments: &[&str]) -> Value {
    let out = demo.edupay_ok(arguments);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
}

#[track_caller]
fn refused(demo: &Demo, arguments: &[&str], why: &str) {
    let output = demo.edupay(arguments);
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), out.as_str()), (Some(1), ""), "{arguments:?}: {err}");
    assert!(err.contains(why) && err.lines().count() == 1, "{arguments:?}: {err}");
}

/// Creates a user; the password comes by standard input, where no process list shows it.
fn create_user(demo: &Demo, username: &str, password: &str) -> (bool, String) {
    let mut command = demo.command(&["user", "create", username, "--nickname", "小明"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    child.stdin.take().expect("it was piped").write_all(format!("{password}\n").as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("a child of ours");
    let (out, err) = texts(&output);
    (output.status.success(), out + &err)
}

fn a_user_is_created_logs_in_and_is_kept_out(demo: &Demo) {
    let (created, said) = create_user(demo, "13800000000", "long-enough");
    assert!(created, "{said}");
    let user: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&user["username"], &user["role"], &user["cash_fen"]),
        (&json!("13800000000"), &json!("member"), &json!(0))
    );
    let (again, said) = create_user(demo, "13800000000", "long-enough");
    assert!(!again && said.contains("exists"), "{said}");
    let (short, said) = create_user(demo, "13800000001", "short");
    assert!(!short && said.contains("short"), "{said}");

    let login = || demo.call(Request::post("/account/login/").form("username=13800000000&password=long-enough"));
    let token = login().expect_status(200).json()["token"].as_str().expect("a token").to_owned();
    demo.edupay_ok(&["user", "deactivate", "13800000000"]);
    demo.call(Request::get("/v1/me").token(&token)).expect_status(401);
    login().expect_status(400);
    demo.edupay_ok(&["user", "activate", "13800000000"]);
    demo.call(Request::get("/v1/me").token(&token)).expect_status(200);
    // The two of the demo, its two students, and this one.
    assert_eq!(demo.edupay_ok(&["user", "list"]).lines().count(), 5);
    refused(demo, &["user", "show", "nobody"], "there is no user nobody");
}

fn a_token_is_issued_once_and_revoked(demo: &Demo) {
    let token = told(demo, &["token", "issue", "15201052253"])["token"].as_str().expect("a token").to_owned();
    demo.call(Request::get("/v1/me").token(&token)).expect_status(200);
    assert_eq!(told(demo, &["token", "revoke", "15201052253"]), json!({ "revoked": 2 }));
    demo.call(Request::get("/v1/me").token(&token)).expect_status(401);
    let database = demo.by_hand("SELECT COUNT(*) FROM tokens");
    assert_eq!(database.trim(), "1", "only the other user's is left");
}

fn a_balance_is_adjusted_by_an_entry_with_a_reason(demo: &Demo) {
    let adjust = ["user", "adjust", "15201052253", "--amount", "12.50", "--reason", "welcome gift"];
    assert_eq!(told(demo, &adjust)["bonus_fen"], 1_250);
    let wrong = ["user", "adjust", "15201052253", "--amount", "1e2", "--reason", "x"];
    refused(demo, &wrong, "amount");
    let blank = ["user", "adjust", "15201052253", "--amount", "1", "--reason", " "];
    refused(demo, &blank, "reason");
    assert_eq!(told(demo, &["user", "show", "15201052253"])["bonus_fen"], 1_250);
    demo.verify();
}

fn courses_and_products_are_kept(demo: &Demo) {
    let course = told(demo, &["course", "create", "编译原理", "45.5"]);
    assert_eq!((&course["price_fen"], &course["offered"]), (&json!(4_550), &json!(true)));
    let id = course["course_id"].to_string();
    assert_eq!(told(demo, &["course", "withdraw", &id])["offered"], false);
    let order = Request::post("/v1/orders").token(XIAOCHEN).json(format!("{{\"course_ids\":[{id}]}}"));
    demo.call(order).expect_status(422);
    assert_eq!(told(demo, &["course", "offer", &id])["offered"], true);
    demo.order(XIAOCHEN, &[id.parse().expect("a number")]);
    refused(demo, &["course", "withdraw", "999"], "no such course");
    assert_eq!(demo.edupay_ok(&["course", "list"]).lines().count(), 6);

    assert_eq!(told(demo, &["product", "create", "com.example.coins6", "6"])["price_fen"], 600);
    refused(demo, &["product", "create", "com.example.coins6", "6"], "exists");
    refused(demo, &["product", "create", "com.example.coins7", "0"], "above zero");
    assert_eq!(demo.edupay_ok(&["product", "list"]).lines().count(), 1);
    let listed = demo.call(Request::get("/pay/products/").token(XIAOCHEN)).expect_status(200).json();
    assert_eq!(listed[0]["product_id"], "com.example.coins6");
    assert_eq!(told(demo, &["product", "price", "com.example.coins6", "6.50"])["price_fen"], 650);
    refused(demo, &["product", "price", "com.example.coins6", "0"], "above zero");
    refused(demo, &["product", "price", "com.example.coins7", "6"], "no such product");
    let listed = demo.call(Request::get("/pay/products/").token(XIAOCHEN)).expect_status(200).json();
    assert_eq!(listed[0]["price"], 6.5);
}

on_both_databases!(
    a_user_is_created_logs_in_and_is_kept_out,
    a_token_is_issued_once_and_revoked,
    a_balance_is_adjusted_by_an_entry_with_a_reason,
    courses_and_products_are_kept,
);
