//! When a token stops opening the door: at once where it was logged out, and within five seconds
//! where another program did it.

use std::time::{Duration, Instant};

use crate::support::demo::{Demo, Program};
use crate::support::http::{Reply, Request};
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, XIAOYU};

/// What docs/SECURITY.md promises.
const PROMISED: Duration = Duration::from_secs(5);

fn log_in(demo: &Demo, username: &str) -> String {
    let form = format!("username={username}&password=demo-pass");
    let reply = demo.call(Request::post("/account/login/").form(form)).expect_status(200).json();
    reply["token"].as_str().expect("a token").to_owned()
}

/// A call that asks who is calling, and for nothing of the wallet.
fn orders(service: &str, token: &str) -> Reply {
    Request::get("/v1/orders").token(token).send(service)
}

/// Asks without a pause until the token is refused: a call that began later than promised must be.
#[track_caller]
fn refused_in_time(service: &str, token: &str, code: &str) {
    let ended = Instant::now();
    loop {
        let asked = ended.elapsed();
        let reply = orders(service, token);
        if reply.status == 401 {
            assert_eq!(reply.header("X-Error-Code"), Some(code));
            return;
        }
        assert!(reply.status == 200 && asked < PROMISED, "{} after {asked:?}", reply.status);
    }
}

fn a_logged_out_token_is_refused_at_once(demo: &Demo) {
    let token = log_in(demo, "15201052252");
    let other = log_in(demo, "15201052252");
    demo.pay_in_balance(&token, ORDER_OF_99).expect_status(200);
    demo.pay_in_balance(&other, ORDER_OF_99).expect_status(200);
    demo.call(Request::put("/account/logout/").token(&token)).expect_status(200);
    let refused = demo.pay_in_balance(&token, ORDER_OF_66).expect_status(401);
    assert_eq!(refused.header("X-Error-Code"), Some("token_invalid"));
    demo.call(Request::get("/v1/me").token(&token)).expect_status(401);
    orders(&demo.service, &token).expect_status(401);
    orders(&demo.service, &other).expect_status(200);
    assert_eq!(demo.order_status(XIAOCHEN, ORDER_OF_66), "unpaid");
}

fn a_user_whom_staff_keeps_out_is_refused_at_once(demo: &Demo) {
    let user = demo.call(Request::get("/v1/me").token(XIAOYU)).expect_status(200).json()["user_id"].clone();
    let set = |way: &str| {
        let request = Request::post(&format!("/v1/users/{user}/{way}")).token(XIAOCHEN);
        demo.call(request).expect_status(200);
    };
    for _ in 0..2 {
        orders(&demo.service, XIAOYU).expect_status(200);
        set("deactivate");
        let refused = orders(&demo.service, XIAOYU).expect_status(401);
        assert_eq!(refused.header("X-Error-Code"), Some("user_inactive"));
        set("activate");
    }
    orders(&demo.service, XIAOYU).expect_status(200);
}

fn what_another_program_ends_is_refused_within_five_seconds(demo: &Demo) {
    for (command, undo, code) in [
        (["user", "deactivate", "15201052253"], Some(["user", "activate", "15201052253"]), "user_inactive"),
        (["token", "revoke", "15201052253"], None, "token_invalid"),
    ] {
        orders(&demo.service, XIAOYU).expect_status(200);
        demo.edupay_ok(&command);
        refused_in_time(&demo.service, XIAOYU, code);
        undo.iter().for_each(|undo| {
            demo.edupay_ok(undo);
        });
    }
    // Nothing of it touched the other user.
    orders(&demo.service, XIAOCHEN).expect_status(200);
}

/// Only on PostgreSQL, since a file is for one service.
#[test]
fn a_log_out_is_known_to_another_service_within_five_seconds() {
    let Some(demo) = Demo::on_postgres() else { return };
    let command = demo.gateway_settings(demo.command(&["serve", "--listen", "127.0.0.1:0"]));
    let second = Program::start(command, &demo.data_dir().join("second.log"));
    let there = second.addresses.service.as_deref().expect("a service");
    let token = log_in(&demo, "15201052252");
    // A token that was given here works there at once.
    orders(there, &token).expect_status(200);
    orders(&demo.service, &token).expect_status(200);
    demo.call(Request::put("/account/logout/").token(&token)).expect_status(200);
    orders(&demo.service, &token).expect_status(401);
    refused_in_time(there, &token, "token_invalid");
    demo.verify();
}

on_both_databases!(
    a_logged_out_token_is_refused_at_once,
    a_user_whom_staff_keeps_out_is_refused_at_once,
    what_another_program_ends_is_refused_within_five_seconds,
);
