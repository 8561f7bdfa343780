//! `edupay verify` can fail: each kind of damage is done to one row by hand, found, and named.

use serde_json::Value;

use crate::support::demo::{Demo, texts};
use crate::support::http::Request;
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
    each_is_found_and_named(demo, &damages);
}

#[track_caller]
fn each_is_found_and_named(demo: &Demo, damages: &[Damage]) {
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

/// The same of a refund.
fn one_spoilt_refund_is_found_and_named(demo: &Demo) {
    demo.pay_in_balance(XIAOCHEN, ORDER_OF_99).expect_status(200);
    let path = format!("/v1/orders/{ORDER_OF_99}/refunds");
    let body = format!(r#"{{"amount_fen":4000,"refund_no":"R-{ORDER_OF_99}","to":"source","reason":"a reason"}}"#);
    demo.call(Request::post(&path).token(XIAOCHEN).json(body)).expect_status(201);
    demo.verify();
    let (refund, order) = (format!("refund_no = 'R-{ORDER_OF_99}'"), format!("order_no = '{ORDER_OF_99}'"));
    let damages = [
        damage(
            "a refund of more than was paid",
            format!("UPDATE refunds SET amount_fen = 9901 WHERE {refund}"),
            format!("UPDATE refunds SET amount_fen = 4000 WHERE {refund}"),
            &["refunds_stay_within_what_was_paid", "refund_is_booked_once", ORDER_OF_99],
        ),
        damage(
            "a reservation that nobody made",
            format!("UPDATE refund_totals SET reserved_fen = 5000 WHERE subject_no = '{ORDER_OF_99}'"),
            format!("UPDATE refund_totals SET reserved_fen = 4000 WHERE subject_no = '{ORDER_OF_99}'"),
            &["refunds_stay_within_what_was_paid", ORDER_OF_99],
        ),
        damage(
            "an order that hides its refund",
            format!("UPDATE orders SET status = 'paid' WHERE {order}"),
            format!("UPDATE orders SET status = 'partly_refunded' WHERE {order}"),
            &["status_says_what_was_refunded", ORDER_OF_99],
        ),
        damage(
            "a refund without its entry",
            format!("UPDATE refunds SET refund_no = 'another' WHERE {refund}"),
            format!("UPDATE refunds SET refund_no = 'R-{ORDER_OF_99}' WHERE refund_no = 'another'"),
            &["refund_is_booked_once", "another"],
        ),
        damage(
            "a refund that took from the user what it did not",
            format!("UPDATE refunds SET recovered_fen = 1 WHERE {refund}"),
            format!("UPDATE refunds SET recovered_fen = 0 WHERE {refund}"),
            &["refund_takes_from_the_user_what_it_says", ORDER_OF_99],
        ),
        damage(
            "a refund of the gateway that nobody claimed",
            format!("UPDATE refunds SET charge_id = 'ch_1', refund_id = 're_1' WHERE {refund}"),
            format!("UPDATE refunds SET charge_id = NULL, refund_id = NULL WHERE {refund}"),
            &["gateway_refund_is_claimed_once", ORDER_OF_99],
        ),
        damage(
            "an order that went back whole and still gives its course",
            format!("UPDATE orders SET status = 'refunded' WHERE {order}"),
            format!("UPDATE orders SET status = 'partly_refunded' WHERE {order}"),
            &["entitlement_has_a_paid_order", "status_says_what_was_refunded"],
        ),
    ];
    each_is_found_and_named(demo, &damages);
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

/// What a purchase in the App Store of 6 yuan, half of it refunded, leaves in the database; booked by hand,
/// since only the App Store can sign one.
const PURCHASE: &str = "
    INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at)
    SELECT user_id, entries + 1, 'credit_app_store_purchase', 'production/t1', cash_fen + iap_fen + bonus_fen,
      cash_fen + iap_fen + bonus_fen + 600, 1 FROM wallets WHERE user_id = 2;
    INSERT INTO journal_lines SELECT user_id, entries + 1, 0, 'app_store_receivable', 'user_iap', 600
      FROM wallets WHERE user_id = 2;
    INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at)
    SELECT user_id, entries + 2, 'claw_back_app_store_purchase', 'production/t1', cash_fen + iap_fen + bonus_fen + 600,
      cash_fen + iap_fen + bonus_fen + 300, 1 FROM wallets WHERE user_id = 2;
    INSERT INTO journal_lines SELECT user_id, entries + 2, 0, 'user_iap', 'app_store_receivable', 300
      FROM wallets WHERE user_id = 2;
    UPDATE wallets SET iap_fen = iap_fen + 300, entries = entries + 2 WHERE user_id = 2;
    INSERT INTO app_store_claims VALUES ('production', 't1', 2, 1, 50000);
    INSERT INTO app_store_purchases VALUES (2, 'production', 't1', 'coins', 1, 600, 600, 300, 0, 1, NULL, NULL, 's');";

fn a_spoilt_purchase_in_the_app_store_is_found_and_named(demo: &Demo) {
    demo.by_hand(PURCHASE);
    demo.verify();
    let gone = unguarded(demo, "DELETE FROM app_store_purchases WHERE transaction_id = 't1'");
    let back = "INSERT INTO app_store_purchases VALUES (2, 'production', 't1', 'coins', 1, 600, 600, 300, 0, 1, NULL, NULL, 's')";
    let twice = "INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at) \
                 SELECT user_id, entries + 1, 'credit_app_store_purchase', 'production/t1', cash_fen + iap_fen + bonus_fen, \
                 cash_fen + iap_fen + bonus_fen + 600, 1 FROM wallets WHERE user_id = 1; \
                 INSERT INTO journal_lines SELECT user_id, entries + 1, 0, 'app_store_receivable', 'user_iap', 600 FROM wallets WHERE user_id = 1; \
                 UPDATE wallets SET iap_fen = iap_fen + 600, entries = entries + 1 WHERE user_id = 1";
    let once = unguarded(
        demo,
        "DELETE FROM journal_lines WHERE user_id = 1 AND number = (SELECT entries FROM wallets WHERE user_id = 1); \
         DELETE FROM journal_entries WHERE user_id = 1 AND number = (SELECT entries FROM wallets WHERE user_id = 1); \
         UPDATE wallets SET iap_fen = iap_fen - 600, entries = entries - 1 WHERE user_id = 1",
    );
    if demo.is_on_sqlite() {
        for guard in GUARDS {
            demo.by_hand(&format!("DROP TRIGGER {guard}"));
        }
    }
    for (what, spoil, mend, invariants) in [
        (
            "a purchase that says it credited more",
            "UPDATE app_store_purchases SET credited_fen = 601 WHERE transaction_id = 't1'",
            "UPDATE app_store_purchases SET credited_fen = 600 WHERE transaction_id = 't1'",
            &["app_store_purchase_equals_its_entries"][..],
        ),
        (
            "a refund that was not taken back",
            "UPDATE app_store_claims SET refunded_milli_percent = 100000",
            "UPDATE app_store_claims SET refunded_milli_percent = 50000",
            &["app_store_refund_is_taken_back"],
        ),
        (
            "a claim without its purchase",
            &gone,
            back,
            &["app_store_claim_has_its_purchase", "app_store_entry_has_its_purchase"],
        ),
        (
            "a purchase without its claim",
            "UPDATE app_store_claims SET user_id = NULL",
            "UPDATE app_store_claims SET user_id = 2",
            &["app_store_claim_has_its_purchase"],
        ),
        (
            "a transaction that was credited twice",
            twice,
            &once,
            &["app_store_transaction_is_credited_once", "app_store_entry_has_its_purchase"],
        ),
    ] {
        demo.by_hand(spoil);
        let output = demo.edupay(&["verify"]);
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {out}\n{err}");
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        for invariant in invariants {
            assert!(report["breaches"].to_string().contains(invariant), "{what}: {invariant} in {out}");
        }
        demo.by_hand(mend);
    }
}

on_both_databases!(
    one_spoilt_row_is_found_and_named,
    the_database_itself_refuses_what_must_not_be,
    a_spoilt_purchase_in_the_app_store_is_found_and_named,
    one_spoilt_refund_is_found_and_named,
);
