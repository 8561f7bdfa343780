//! `edupay verify` can fail: each kind of damage is done to one row by hand, found, and named.

use serde_json::Value;

use crate::support::demo::{Demo, texts};
use crate::support::shop::{ORDER_OF_66, ORDER_OF_99, XIAOCHEN, id_of};

/// One row spoilt from outside, and what of it the report must name.
struct Damage {
    what: &'static str,
    spoil: String,
    mend: String,
    named: Vec<String>,
}

fn damage(what: &'static str, spoil: impl Into<String>, mend: impl Into<String>, named: &[&str]) -> Damage {
    let named = named.iter().map(|name| (*name).to_owned()).collect();
    Damage { what, spoil: spoil.into(), mend: mend.into(), named }
}

/// The journal refuses changes by triggers, which a hand that means it puts out of force first.
fn unguarded(demo: &Demo, statement: &str) -> String {
    if demo.is_on_sqlite() {
        return statement.to_owned();
    }
    format!("SET session_replication_role = replica; {statement}")
}

const GUARDS: [&str; 4] =
    ["journal_entries_no_update", "journal_entries_no_delete", "journal_lines_no_update", "journal_lines_no_delete"];

fn one_spoilt_row_is_found_and_named(demo: &Demo) {
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    let charge = demo.charge(XIAOCHEN, ORDER_OF_66, "wx");
    demo.sandbox.pay(id_of(&charge));
    demo.wait_for_status(XIAOCHEN, ORDER_OF_66, "paid");
    demo.verify();
    if demo.is_on_sqlite() {
        for guard in GUARDS {
            demo.by_hand(&format!("DROP TRIGGER {guard}"));
        }
    }
    let receipt = format!("UPDATE receipts SET amount_fen = amount_fen {{}} 1 WHERE charge_id = '{}'", id_of(&charge));
    let line = "UPDATE journal_lines SET amount_fen = amount_fen {} 1 WHERE user_id = 1 AND number = 1 AND line = 0";
    let order = format!("UPDATE orders SET amount_fen = amount_fen {{}} 1 WHERE order_no = '{ORDER_OF_99}'");
    let twice = |statement: &str| (statement.replace("{}", "+"), statement.replace("{}", "-"));
    let (receipt, receipt_back) = twice(&receipt);
    let (line, line_back) = twice(line);
    let (order, order_back) = twice(&order);
    let damages = [
        damage(
            "a wallet with a fen too much",
            "UPDATE wallets SET cash_fen = cash_fen + 1 WHERE user_id = 2",
            "UPDATE wallets SET cash_fen = cash_fen - 1 WHERE user_id = 2",
            &["2"],
        ),
        damage(
            "a line of the journal with another amount",
            unguarded(demo, &line),
            unguarded(demo, &line_back),
            &["1"],
        ),
        damage("an order with another amount", order, order_back, &[ORDER_OF_99]),
        damage("a receipt with another amount", receipt, receipt_back, &[id_of(&charge)]),
        damage(
            "a paid order without its course",
            format!("UPDATE entitlements SET course_id = 77 WHERE order_no = '{ORDER_OF_99}'"),
            format!("UPDATE entitlements SET course_id = 1 WHERE order_no = '{ORDER_OF_99}'"),
            &[ORDER_OF_99],
        ),
    ];
    for damage in damages {
        demo.by_hand(&damage.spoil);
        let output = demo.edupay(&["verify"]);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{}: {out}\n{err}", damage.what);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        let breaches = report["breaches"].as_array().expect("a list of breaches");
        assert!(!breaches.is_empty(), "{}: {out}", damage.what);
        for name in &damage.named {
            assert!(report["breaches"].to_string().contains(name), "{}: {name} in {out}", damage.what);
        }
        demo.by_hand(&damage.mend);
        demo.verify();
    }
}

/// The second wall: what the rules would never do, the database refuses to anybody.
fn the_database_itself_refuses_what_must_not_be(demo: &Demo) {
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    for statement in [
        "UPDATE journal_entries SET reference = 'x' WHERE user_id = 1",
        "DELETE FROM journal_entries WHERE user_id = 1",
        "UPDATE journal_lines SET amount_fen = 1 WHERE user_id = 1",
        "DELETE FROM journal_lines WHERE user_id = 1",
        "UPDATE wallets SET cash_fen = -1 WHERE user_id = 1",
        "INSERT INTO entitlements SELECT user_id, course_id, 'another', granted_at FROM entitlements",
    ] {
        let refused = demo.try_by_hand(statement);
        assert!(refused.is_err(), "{statement}");
    }
}

on_both_databases!(one_spoilt_row_is_found_and_named, the_database_itself_refuses_what_must_not_be);
