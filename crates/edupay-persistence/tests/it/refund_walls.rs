//! Refunds: what the database itself refuses, and what an audit finds when a row was spoiled.

use crate::databases::{Database, empty_postgres, sqlite};
use edupay_domain::ids::{RefundNo, UserId};
use edupay_domain::ledger::LedgerStore;
use edupay_domain::packages::PurchaseKind;
use edupay_domain::payments::ChargeSubject;
use edupay_domain::refunds::{RefundReason, RefundStore, RefundTarget, RequestRefund, request_refund};
use edupay_testkit::contract::Case;
use edupay_testkit::fixtures::fen;

/// A buyer with an order refunded in full, one in part and one not at all, and a student with a refunded
/// purchase: their ids.
async fn filled(database: &Database) -> (UserId, UserId) {
    let case = Case::new(database);
    let buyer = case.buyer(0, 0, 300).await;
    for (refund_no, amount) in [("R-1", None), ("R-2", Some(40)), ("", None)] {
        let order = case.order(buyer, 100).await;
        case.pay(&order).await.unwrap();
        if !refund_no.is_empty() {
            ask(database, &case, (buyer, ChargeSubject::Order(order.order_no)), refund_no, amount).await;
        }
    }
    let campus = case.campus().await;
    let placed = case.place(&campus, PurchaseKind::New, &[0]).await;
    case.pay_purchase(&placed).await;
    let purchase = ChargeSubject::Purchase(placed.purchase.purchase_no);
    ask(database, &case, (campus.student, purchase), "R-3", None).await;
    (buyer, campus.student)
}

async fn ask(
    database: &Database,
    case: &Case<'_, Database>,
    (user_id, subject): (UserId, ChargeSubject),
    refund_no: &str,
    amount: Option<u32>,
) {
    let command = RequestRefund {
        user_id,
        subject,
        refund_no: RefundNo::parse(refund_no).unwrap(),
        amount: amount.map(fen),
        to: RefundTarget::Balance,
        reason: RefundReason::parse("a reason").unwrap(),
        by: UserId::try_new(9).unwrap(),
        approval_above: None,
        at: case.minute(10),
        event_id: case.event_id(),
    };
    database.store.request(&command, request_refund).await.unwrap();
}

fn databases() -> impl Iterator<Item = Database> {
    // A database of its own on PostgreSQL too: what is spoiled would fail the others' audits.
    let postgres = empty_postgres().inspect(|database| {
        database.store.migrate().unwrap();
    });
    [Some(sqlite()), postgres].into_iter().flatten()
}

#[tokio::test]
async fn the_database_refuses_refunds_that_must_never_be() {
    for database in databases() {
        let (buyer, student) = filled(&database).await;
        let of =
            |user: UserId, set: &str| format!("UPDATE refunds SET {set} WHERE user_id = {user} AND refund_no = 'R-2'");
        for (what, sql) in [
            (
                "more reserved than was paid",
                format!("UPDATE refund_totals SET reserved_fen = amount_fen + 1 WHERE user_id = {buyer}"),
            ),
            (
                "more refunded than was reserved",
                format!("UPDATE refund_totals SET refunded_fen = reserved_fen + 1 WHERE user_id = {buyer}"),
            ),
            ("a refund of nothing", of(buyer, "amount_fen = 0")),
            ("more taken from the user than goes back", of(buyer, "recovered_fen = 41")),
            ("an approval by who asked", of(buyer, "decided_by = 9")),
            ("a gift that leaves through a channel", of(buyer, "refund_id = 're_1'")),
            ("a call to the gateway without a charge", of(buyer, "status = 'requested', settled_at = NULL")),
            ("a failure without its reason", of(buyer, "status = 'failed'")),
            ("a refund without a reason", of(buyer, "reason = ''")),
            (
                "a second refund of a number",
                format!("INSERT INTO refunds SELECT * FROM refunds WHERE user_id = {buyer} AND refund_no = 'R-2'"),
            ),
            (
                "more refunded of a purchase than was paid",
                format!("UPDATE purchases SET refunded_fen = amount_fen + 1 WHERE user_id = {student}"),
            ),
            (
                "a period that goes on after no upgrade",
                format!("UPDATE service_periods SET resumed_on = starts_on WHERE user_id = {student}"),
            ),
        ] {
            assert!(database.execute(&sql).is_err(), "{what} was let in by {:?}", database.url);
        }
        database.execute(&format!("INSERT INTO refund_claims VALUES ('re_1', {buyer}, 'R-1')")).unwrap();
        let twice = database.execute(&format!("INSERT INTO refund_claims VALUES ('re_1', {student}, 'R-3')"));
        assert!(twice.is_err(), "one refund of the gateway is booked for two");
    }
}

#[tokio::test]
async fn an_audit_names_each_refund_that_was_spoiled() {
    for database in databases() {
        let (buyer, student) = filled(&database).await;
        assert_eq!(database.store.audit().await.unwrap().breaches, []);
        let (buyer, student) = (format!("user_id = {buyer}"), format!("user_id = {student}"));
        let (r2, partly) =
            (format!("{buyer} AND refund_no = 'R-2'"), format!("{buyer} AND status = 'partly_refunded'"));
        for (spoil, mend, invariant) in [
            (
                format!("UPDATE refunds SET amount_fen = 101 WHERE {r2}"),
                format!("UPDATE refunds SET amount_fen = 40 WHERE {r2}"),
                "refunds_stay_within_what_was_paid",
            ),
            (
                format!("UPDATE refund_totals SET reserved_fen = reserved_fen + 1 WHERE {buyer} AND reserved_fen = 40"),
                format!("UPDATE refund_totals SET reserved_fen = reserved_fen - 1 WHERE {buyer} AND reserved_fen = 41"),
                "refunds_stay_within_what_was_paid",
            ),
            (
                format!(
                    "INSERT INTO refund_totals SELECT user_id, 'order', 'none', 1, 1, 1 FROM wallets WHERE {buyer}"
                ),
                "DELETE FROM refund_totals WHERE subject_no = 'none'".to_owned(),
                "refund_totals_have_their_refunds",
            ),
            (
                format!("UPDATE orders SET status = 'paid' WHERE {partly}"),
                format!(
                    "UPDATE orders SET status = 'partly_refunded' WHERE {buyer} \
                     AND order_no = (SELECT subject_no FROM refunds WHERE {r2})"
                ),
                "status_says_what_was_refunded",
            ),
            (
                format!("UPDATE purchases SET refunded_fen = 99 WHERE {student}"),
                format!("UPDATE purchases SET refunded_fen = 100 WHERE {student}"),
                "status_says_what_was_refunded",
            ),
            (
                format!("UPDATE refunds SET refund_no = 'R-9' WHERE {r2}"),
                format!("UPDATE refunds SET refund_no = 'R-2' WHERE {buyer} AND refund_no = 'R-9'"),
                "refund_is_booked_once",
            ),
            (
                format!("UPDATE refunds SET recovered_fen = 1 WHERE {r2}"),
                format!("UPDATE refunds SET recovered_fen = 0 WHERE {r2}"),
                "refund_takes_from_the_user_what_it_says",
            ),
            (
                format!("UPDATE refunds SET charge_id = 'ch_x', refund_id = 're_x' WHERE {r2}"),
                format!("UPDATE refunds SET charge_id = NULL, refund_id = NULL WHERE {r2}"),
                "gateway_refund_is_claimed_once",
            ),
            (
                format!(
                    "INSERT INTO entitlements SELECT user_id, 77, order_no, 0 FROM orders WHERE {buyer} AND status = 'refunded'"
                ),
                format!("DELETE FROM entitlements WHERE {buyer} AND course_id = 77"),
                "entitlement_has_a_paid_order",
            ),
            (
                format!("UPDATE service_periods SET ended_on = NULL WHERE {student}"),
                format!("UPDATE service_periods SET ended_on = starts_on WHERE {student}"),
                "refunded_purchase_gives_no_days",
            ),
            (
                format!(
                    "UPDATE service_periods SET superseded_by = '1', superseded_on = starts_on, resumed_on = starts_on WHERE {student}"
                ),
                format!(
                    "UPDATE service_periods SET superseded_by = NULL, superseded_on = NULL, resumed_on = NULL WHERE {student}"
                ),
                "period_goes_on_after_a_refunded_upgrade",
            ),
        ] {
            database.execute(&spoil).unwrap();
            let report = database.store.audit().await.unwrap();
            assert!(report.breaches.iter().any(|breach| breach.invariant == invariant), "{spoil}: {report:?}");
            database.execute(&mend).unwrap();
            assert_eq!(database.store.audit().await.unwrap().breaches, [], "{mend}");
        }
    }
}
