//! The second walls: what the database itself refuses, should the code ever be wrong.

use crate::databases::{Database, empty_postgres, sqlite};

fn filled() -> impl Iterator<Item = Database> {
    let postgres = empty_postgres().inspect(|database| {
        database.store.migrate().unwrap();
    });
    [Some(sqlite()), postgres].into_iter().flatten().inspect(|database| database.execute(ROWS).unwrap())
}

const ROWS: &str = "
INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, point, level, level_display, credit, credit_level, credit_level_display, created_at)
VALUES (71, 'wall', 'x', 'member', 'active', '', '', '', '', 0, '', '', 0, '', '', 0);
INSERT INTO wallets VALUES (71, 100, 0, 0, 0, 1);
INSERT INTO journal_entries VALUES (71, 1, 'adjust_balance', 'r', 0, 100, 0);
INSERT INTO journal_lines VALUES (71, 1, 0, 'adjustments', 'user_cash', 100);
INSERT INTO entitlements VALUES (71, 5, '1', 0);
INSERT INTO charge_claims VALUES ('ch_1', 71, '1');
INSERT INTO order_routes VALUES ('1', 71);
INSERT INTO charge_routes VALUES ('1', 71, 'order', '1');
INSERT INTO app_store_claims VALUES ('production', 't1', 71, 0, 0);
INSERT INTO app_store_purchases VALUES (71, 'production', 't1', 'coins', 1, 600, 600, 0, 0, 0, NULL, NULL, 's');
INSERT INTO app_store_records VALUES ('production', 't1', 71, 'price_differs', 'client', 0, 's');
";

#[test]
fn the_database_refuses_what_must_never_be() {
    for database in filled() {
        for (what, sql) in [
            ("a balance below zero", "UPDATE wallets SET cash_fen = -1 WHERE user_id = 71"),
            ("a second entitlement", "INSERT INTO entitlements VALUES (71, 5, '2', 0)"),
            ("a second claim of a charge", "INSERT INTO charge_claims VALUES ('ch_1', 71, '2')"),
            ("a second owner of an order number", "INSERT INTO order_routes VALUES ('1', 71)"),
            ("a second owner of a gateway number", "INSERT INTO charge_routes VALUES ('1', 71, 'order', '2')"),
            ("a changed entry", "UPDATE journal_entries SET reference = 'x' WHERE user_id = 71"),
            ("a deleted entry", "DELETE FROM journal_entries WHERE user_id = 71"),
            ("a changed line", "UPDATE journal_lines SET amount_fen = 1 WHERE user_id = 71"),
            ("a deleted line", "DELETE FROM journal_lines WHERE user_id = 71"),
            ("a second claim of a transaction", "INSERT INTO app_store_claims VALUES ('production', 't1', 71, 1, 0)"),
            (
                "a second purchase of a transaction",
                "INSERT INTO app_store_purchases VALUES (72, 'production', 't1', 'coins', 1, 6, 6, 0, 0, 0, NULL, NULL, 's')",
            ),
            (
                "more taken back than credited",
                "UPDATE app_store_purchases SET clawed_back_fen = 601 WHERE user_id = 71",
            ),
            ("less than nothing taken back", "UPDATE app_store_purchases SET clawed_back_fen = -1 WHERE user_id = 71"),
            ("a refund of more than all", "UPDATE app_store_claims SET refunded_milli_percent = 100001"),
            ("a changed record", "UPDATE app_store_records SET verdict = 'other_user'"),
            ("a deleted record", "DELETE FROM app_store_records"),
            ("a user without a token", "UPDATE users SET app_account_token = NULL WHERE user_id = 71"),
            ("a line of nothing", "INSERT INTO journal_lines VALUES (71, 1, 1, 'adjustments', 'user_cash', 0)"),
            (
                "a line from an account to itself",
                "INSERT INTO journal_lines VALUES (71, 1, 1, 'user_cash', 'user_cash', 5)",
            ),
            ("an event of nobody", "INSERT INTO outbox VALUES (72, 'e', 'order.paid', '{}', 0)"),
            ("an entitlement of nobody", "INSERT INTO entitlements VALUES (72, 5, '2', 0)"),
            ("a line without an entry", "INSERT INTO journal_lines VALUES (71, 9, 0, 'adjustments', 'user_cash', 5)"),
            (
                "a second entry of a number",
                "INSERT INTO journal_entries VALUES (71, 1, 'adjust_balance', 'r', 0, 1, 0)",
            ),
            (
                "a paid order without a payment",
                "INSERT INTO orders VALUES (71, '9', 1, 100, 'paid', 'visible', 0, 1, NULL, NULL, NULL, 0, 0, 0)",
            ),
            (
                "an unknown status",
                "INSERT INTO orders VALUES (71, '9', 1, 100, 'odd', 'visible', 0, 1, NULL, NULL, NULL, 0, 0, 0)",
            ),
            (
                "a receipt that is neither applied nor explained",
                "INSERT INTO receipts VALUES (71, 'ch_9', '1', 5, 'review', NULL, NULL, 0, 0, NULL)",
            ),
        ] {
            assert!(database.execute(sql).is_err(), "{what} was let in by {:?}", database.url);
        }
    }
}

#[test]
fn two_lines_of_postings_stand_for_each_line_of_the_journal() {
    for database in filled() {
        let balanced = "SELECT 1 / (CASE WHEN (SELECT COUNT(*) FROM postings WHERE user_id = 71) = 2 \
            AND (SELECT SUM(CASE direction WHEN 'debit' THEN amount_fen ELSE -amount_fen END) FROM postings WHERE user_id = 71) = 0 \
            THEN 1 ELSE 0 END)";
        database.execute(balanced).unwrap();
    }
}

#[tokio::test]
async fn an_audit_names_each_row_that_was_spoiled() {
    use edupay_domain::ledger::LedgerStore;
    for database in filled() {
        database.execute("UPDATE wallets SET cash_fen = 99 WHERE user_id = 71").unwrap();
        let report = database.store.audit().await.unwrap();
        let named = |invariant: &str, row: &str| {
            report.breaches.iter().any(|breach| breach.invariant == invariant && breach.row.contains(row))
        };
        assert!(named("balance_equals_postings", "user_id=71"), "{report:?}");
        assert!(named("entitlement_has_a_paid_order", "course_id=5"), "{report:?}");
        assert!(named("receipt_is_claimed_once", "ch_1"), "{report:?}");
    }
}
