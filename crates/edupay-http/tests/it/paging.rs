//! Pages, the statement, the caller.

use crate::client::Request;
use crate::fixtures::{XIAOCHEN, at, fen, order};
use crate::service::Ports;
use edupay_domain::ledger::{EntryKind, StatementLine};
use serde_json::json;

fn line(number: i64) -> StatementLine {
    StatementLine {
        number,
        kind: EntryKind::PayFromBalance,
        reference: "12134676899915430002".to_owned(),
        balance_before: fen(20_050),
        balance_after: fen(10_150),
        at: at(),
    }
}

#[test]
fn the_statement_has_a_running_balance_and_a_cursor() {
    let mut ports = Ports::new();
    ports.ledger.expect_statement().returning(|_, below, limit| {
        let newest = below.unwrap_or(6) - 1;
        Ok((1..=newest).rev().take(limit as usize).map(line).collect())
    });
    let service = ports.serve();
    let page = |query: &str| {
        service.call(Request::get(&format!("/v1/ledger/entries{query}")).token(XIAOCHEN)).expect(200).json()
    };
    let first = page("?limit=2");
    assert_eq!(
        first["items"][0],
        json!({
            "number": 5, "kind": "pay_from_balance", "reference": "12134676899915430002",
            "balance_before_fen": 20_050, "balance_after_fen": 10_150, "change_fen": -9_900,
            "at": "2016-06-15T03:53:50.598744Z",
        })
    );
    assert_eq!(first["next_cursor"], "4");
    assert_eq!(page("?limit=3&cursor=4")["next_cursor"], "1");
    let last = page("?cursor=4&limit=9999");
    assert_eq!((last["items"].as_array().unwrap().len(), &last["next_cursor"]), (3, &json!(null)));
}

#[test]
fn an_odd_page_is_a_problem() {
    let mut ports = Ports::new();
    ports.orders.expect_list().returning(|_, _, _| Ok(vec![order()]));
    let service = ports.serve();
    for query in ["cursor=x", "cursor=", "cursor=0", "cursor=%FF", "limit=-1", "limit=0", "limit=x", "limit=1&limit=2"]
    {
        let reply = service.call(Request::get(&format!("/v1/orders?{query}")).token(XIAOCHEN)).expect(400);
        assert_eq!(reply.json()["code"], "fields_invalid", "{query}");
    }
    service.call(Request::get("/v1/orders?unknown=1&format=json").token(XIAOCHEN)).expect(200);
}

#[test]
fn the_caller_sees_all_balances() {
    let me = Ports::new().serve().call(Request::get("/v1/me").token(XIAOCHEN)).expect(200).json();
    for (key, value) in [
        ("user_id", json!(1)),
        ("role", json!("staff")),
        ("active", json!(true)),
        ("balance_fen", json!(20_050)),
        ("cash_fen", json!(10_050)),
        ("iap_fen", json!(9_000)),
        ("bonus_fen", json!(1_000)),
        ("debt_fen", json!(0)),
    ] {
        assert_eq!(me[key], value, "{key}");
    }
}
