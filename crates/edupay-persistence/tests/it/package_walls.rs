//! The second walls of packages, and the audit of purchases and periods: a student who bought a package
//! and upgraded it, and what must never become of their rows.

use crate::databases::{Database, empty_postgres, sqlite};
use edupay_domain::ledger::LedgerStore;
use edupay_persistence::DatabaseUrl;

fn filled() -> impl Iterator<Item = Database> {
    let postgres = empty_postgres().inspect(|database| {
        database.store.migrate().unwrap();
    });
    [Some(sqlite()), postgres].into_iter().flatten().inspect(|database| database.execute(ROWS).unwrap())
}

const ROWS: &str = "
INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, point, level, level_display, credit, credit_level, credit_level_display, created_at)
SELECT user_id, 'wall' || user_id, 'x', 'member', 'active', '', '', '', '', 0, '', '', 0, '', '', 0
FROM (SELECT 71 AS user_id UNION ALL SELECT 72 UNION ALL SELECT 73) AS ids;
INSERT INTO wallets SELECT user_id, 0, 0, 0, 0, CASE user_id WHEN 71 THEN 2 ELSE 0 END FROM users;
INSERT INTO schools VALUES (1, 'school');
INSERT INTO students VALUES (71, 1, 'a', '', '', '', '', '', ''), (72, 1, 'b', '', '', '', '', '', '');
INSERT INTO cards VALUES (71, 0, 'c1', '2025-01-01', '2025-06-01'), (71, 1, 'c2', '2025-06-01', NULL), (72, 0, 'c3', '2025-01-01', NULL);
INSERT INTO guardians VALUES (71, 73, 0);
INSERT INTO projects VALUES (1, 1, 'p', 'card', 'single', 'wx,alipay', '', '', '', '', '', 'difference', NULL);
INSERT INTO packages VALUES (11, 1, 'small', '', 100, 12, 0, '', '[]', NULL), (12, 1, 'large', '', 190, 12, 0, '', '[]', NULL);
INSERT INTO purchase_routes VALUES ('4001', 71), ('4002', 71), ('4003', 71);
INSERT INTO purchases VALUES
    (71, '4001', 73, 'new', 1, 'p', 'a', 'c2', '', '', '', '', '', 100, 'paid', 0, 9, 1, 'wx', 'ch_1', 0),
    (71, '4002', 73, 'upgrade', 1, 'p', 'a', NULL, '', '', '', '', '', 90, 'paid', 2, 9, 3, 'wx', 'ch_2', 0),
    (71, '4003', 73, 'new', 1, 'p', 'a', NULL, '', '', '', '', '', 190, 'unpaid', 4, 9, NULL, NULL, NULL, 0);
INSERT INTO purchase_records VALUES
    (71, '4001', 1, 11, 'small', 100, 100, 12, 'new', NULL, NULL),
    (71, '4002', 1, 12, 'large', 190, 90, 12, 'upgrade', '400101', NULL),
    (71, '4003', 1, 12, 'large', 190, 190, 12, 'new', NULL, NULL);
INSERT INTO service_periods VALUES
    (71, '4001', 1, 1, 11, '2026-01-01', '2026-12-31', '2026-01-01', 100, '400201', '2026-03-01', NULL, NULL),
    (71, '4002', 1, 1, 12, '2026-03-01', '2026-12-31', '2026-01-01', 190, NULL, NULL, NULL, NULL);
INSERT INTO charge_routes VALUES ('4001', 71, 'purchase', '4001'), ('4002', 71, 'purchase', '4002');
INSERT INTO charge_attempts VALUES
    (71, '4001', 'purchase', '4001', 'wx', 100, 'paid', 'ch_1', NULL, 0, 9, 0, NULL),
    (71, '4002', 'purchase', '4002', 'wx', 90, 'paid', 'ch_2', NULL, 2, 9, 0, NULL);
INSERT INTO charge_claims VALUES ('ch_1', 71, '4001'), ('ch_2', 71, '4002');
INSERT INTO receipts VALUES
    (71, 'ch_1', '4001', 100, 'applied', NULL, NULL, 1, 1, NULL),
    (71, 'ch_2', '4002', 90, 'applied', NULL, NULL, 3, 3, NULL);
INSERT INTO journal_entries VALUES (71, 1, 'confirm_purchase_charge', 'ch_1', 0, 0, 1), (71, 2, 'confirm_purchase_charge', 'ch_2', 0, 0, 3);
INSERT INTO journal_lines VALUES (71, 1, 0, 'gateway_receivable', 'package_revenue', 100), (71, 2, 0, 'gateway_receivable', 'package_revenue', 90);
";

/// What the database must not let in.
const NEVER: &[(&str, &str)] = &[
    ("a student who is no user", "INSERT INTO students VALUES (99, 1, 'x', '', '', '', '', '', '')"),
    ("a student of no school", "INSERT INTO students VALUES (73, 9, 'x', '', '', '', '', '', '')"),
    ("a second current card", "INSERT INTO cards VALUES (71, 2, 'c4', '2026-01-01', NULL)"),
    ("a card of two students", "UPDATE cards SET card_no = 'c2' WHERE user_id = 72"),
    ("a day that is none", "INSERT INTO cards VALUES (71, 2, 'c4', '2026-1-1', '2026-01-02')"),
    ("one's own guardian", "INSERT INTO guardians VALUES (71, 71, 0)"),
    ("a guardian of nobody", "INSERT INTO guardians VALUES (73, 71, 0)"),
    ("a guardian who is nobody", "INSERT INTO guardians VALUES (71, 99, 0)"),
    ("a project without channels", "UPDATE projects SET channels = ''"),
    ("a project of an unknown kind", "UPDATE projects SET kind = 'odd'"),
    ("a package for nothing", "UPDATE packages SET list_price_fen = 0"),
    ("a package without an end", "UPDATE packages SET term_months = 121"),
    ("a package of no project", "UPDATE packages SET project_id = 9"),
    ("a second owner of a purchase number", "INSERT INTO purchase_routes VALUES ('4001', 72)"),
    (
        "a purchase of somebody who is no student",
        "INSERT INTO purchases VALUES (73, '4009', 73, 'new', 1, 'p', 'a', NULL, '', '', '', '', '', 1, 'unpaid', 0, 9, NULL, NULL, NULL, 0)",
    ),
    ("a purchase for nothing", "UPDATE purchases SET amount_fen = 0 WHERE purchase_no = '4003'"),
    ("a paid purchase without a payment", "UPDATE purchases SET status = 'paid' WHERE purchase_no = '4003'"),
    (
        "a paid purchase without a charge",
        "UPDATE purchases SET status = 'paid', paid_at = 5, paid_through = 'wx' WHERE purchase_no = '4003'",
    ),
    (
        "two purchases that one charge paid",
        "UPDATE purchases SET status = 'paid', paid_at = 5, paid_through = 'wx', paid_charge_id = 'ch_1' WHERE purchase_no = '4003'",
    ),
    (
        "a record of no purchase",
        "INSERT INTO purchase_records VALUES (71, '4009', 1, 11, 'small', 100, 100, 12, 'new', NULL, NULL)",
    ),
    (
        "a package twice in a purchase",
        "INSERT INTO purchase_records VALUES (71, '4003', 2, 12, 'large', 190, 190, 12, 'new', NULL, NULL)",
    ),
    ("a record for nothing", "UPDATE purchase_records SET price_fen = 0 WHERE purchase_no = '4003'"),
    ("an upgrade of nothing", "UPDATE purchase_records SET basis = 'upgrade' WHERE purchase_no = '4003'"),
    ("a renewal after nothing", "UPDATE purchase_records SET basis = 'renewal' WHERE purchase_no = '4003'"),
    (
        "a second period of a record",
        "INSERT INTO service_periods VALUES (71, '4001', 1, 1, 11, '2028-01-01', '2028-12-31', '2028-01-01', 100, NULL, NULL, NULL, NULL)",
    ),
    (
        "a period of no record",
        "INSERT INTO service_periods VALUES (71, '4003', 2, 1, 12, '2028-01-01', '2028-12-31', '2028-01-01', 100, NULL, NULL, NULL, NULL)",
    ),
    (
        "a package that begins twice on a day",
        "INSERT INTO service_periods VALUES (71, '4003', 1, 1, 12, '2026-03-01', '2027-02-28', '2026-03-01', 190, NULL, NULL, NULL, NULL)",
    ),
    (
        "a period that ends before it begins",
        "UPDATE service_periods SET ends_on = '2026-02-28' WHERE purchase_no = '4002'",
    ),
    (
        "an upgrade of two periods",
        "INSERT INTO service_periods VALUES (71, '4003', 1, 1, 12, '2026-03-01', '2027-02-28', '2026-03-01', 190, '400201', '2026-03-01', NULL, NULL)",
    ),
    ("a period replaced on no day", "UPDATE service_periods SET superseded_on = NULL WHERE purchase_no = '4001'"),
    (
        "a period replaced after its end",
        "UPDATE service_periods SET superseded_on = '2027-03-01' WHERE purchase_no = '4001'",
    ),
    ("a charge of an unknown subject", "UPDATE charge_attempts SET subject = 'odd' WHERE user_id = 71"),
    (
        "a link to nothing",
        "INSERT INTO cashier_links SELECT token_digest, 'order', 71, NULL, NULL, 73, 0, 9 FROM tokens",
    ),
    (
        "a link to two things",
        "INSERT INTO cashier_links SELECT token_digest, 'order', 71, '1', 'card', 73, 0, 9 FROM tokens",
    ),
    ("a link of nobody", "INSERT INTO cashier_links SELECT token_digest, 'order', 71, '1', NULL, 99, 0, 9 FROM tokens"),
];

/// A digest without a way to write one that both databases read.
fn with_a_digest(database: &Database) {
    let digest = match &database.url {
        DatabaseUrl::Sqlite(_) => "x'01'",
        DatabaseUrl::Postgres(_) => "decode('01', 'hex')",
    };
    database.execute(&format!("INSERT INTO tokens VALUES ({digest}, 73, 0)")).unwrap();
}

#[test]
fn the_database_refuses_what_must_never_be_of_packages() {
    for database in filled() {
        with_a_digest(&database);
        for (what, sql) in NEVER {
            assert!(database.execute(sql).is_err(), "{what} was let in by {:?}", database.url);
        }
        let link = "INSERT INTO cashier_links SELECT token_digest, 'order', 71, '1', NULL, 73, 0, 9 FROM tokens";
        database.execute(link).unwrap();
        assert!(database.execute(link).is_err(), "a second link of a digest");
    }
}

/// An invariant with the row that breaks it.
type Breaches = &'static [(&'static str, &'static str)];

/// What is spoiled, how it is put right again, and what the audit must name.
const SPOILED: &[(&str, &str, Breaches)] = &[
    (
        "UPDATE purchases SET amount_fen = 101 WHERE purchase_no = '4001'",
        "UPDATE purchases SET amount_fen = 100 WHERE purchase_no = '4001'",
        &[
            ("paid_purchase_has_one_payment_of_its_amount", "purchase_no=4001"),
            ("purchase_amount_is_the_sum_of_its_records", "purchase_no=4001"),
        ],
    ),
    (
        "UPDATE purchases SET paid_charge_id = 'ch_3' WHERE purchase_no = '4001'",
        "UPDATE purchases SET paid_charge_id = 'ch_1' WHERE purchase_no = '4001'",
        &[
            ("paid_purchase_has_one_payment_of_its_amount", "purchase_no=4001"),
            ("purchase_entry_has_its_purchase", "number=1"),
        ],
    ),
    (
        "UPDATE purchases SET status = 'closed', paid_at = NULL, paid_through = NULL, paid_charge_id = NULL WHERE purchase_no = '4002'",
        "UPDATE purchases SET status = 'paid', paid_at = 3, paid_through = 'wx', paid_charge_id = 'ch_2' WHERE purchase_no = '4002'",
        &[
            ("paid_purchase_has_one_payment_of_its_amount", "purchase_no=4002"),
            ("purchase_entry_has_its_purchase", "number=2"),
            ("period_has_a_paid_record", "purchase_no=4002"),
        ],
    ),
    (
        "UPDATE purchases SET status = 'paid', paid_at = 5, paid_through = 'wx', paid_charge_id = 'ch_9' WHERE purchase_no = '4003'",
        "UPDATE purchases SET status = 'unpaid', paid_at = NULL, paid_through = NULL, paid_charge_id = NULL WHERE purchase_no = '4003'",
        &[
            ("paid_purchase_has_one_payment_of_its_amount", "purchase_no=4003"),
            ("paid_purchase_gives_its_periods", "purchase_no=4003 line=1"),
        ],
    ),
    (
        "UPDATE receipts SET status = 'review', reason = 'paid_already' WHERE charge_id = 'ch_1'",
        "UPDATE receipts SET status = 'applied', reason = NULL WHERE charge_id = 'ch_1'",
        &[("paid_purchase_has_one_payment_of_its_amount", "purchase_no=4001")],
    ),
    (
        "UPDATE receipts SET amount_fen = 99 WHERE charge_id = 'ch_1'",
        "UPDATE receipts SET amount_fen = 100 WHERE charge_id = 'ch_1'",
        &[("receipt_is_booked_once", "charge_id=ch_1")],
    ),
    (
        "UPDATE purchase_records SET price_fen = 1 WHERE purchase_no = '4003'",
        "UPDATE purchase_records SET price_fen = 190 WHERE purchase_no = '4003'",
        &[("purchase_amount_is_the_sum_of_its_records", "purchase_no=4003")],
    ),
    (
        "DELETE FROM purchase_routes WHERE purchase_no = '4003'",
        "INSERT INTO purchase_routes VALUES ('4003', 71)",
        &[("purchase_number_leads_to_its_purchase", "purchase_no=4003")],
    ),
    (
        "DELETE FROM service_periods WHERE purchase_no = '4002'",
        "INSERT INTO service_periods VALUES (71, '4002', 1, 1, 12, '2026-03-01', '2026-12-31', '2026-01-01', 190, NULL, NULL, NULL, NULL)",
        &[
            ("paid_purchase_gives_its_periods", "purchase_no=4002 line=1"),
            ("superseded_period_goes_on_as_its_upgrade", "purchase_no=4001 line=1"),
        ],
    ),
    (
        "INSERT INTO service_periods VALUES (71, '4003', 1, 1, 12, '2028-01-01', '2028-12-31', '2028-01-01', 190, NULL, NULL, NULL, NULL)",
        "DELETE FROM service_periods WHERE purchase_no = '4003'",
        &[("period_has_a_paid_record", "purchase_no=4003 line=1")],
    ),
    (
        "UPDATE service_periods SET package_id = 11 WHERE purchase_no = '4002'",
        "UPDATE service_periods SET package_id = 12 WHERE purchase_no = '4002'",
        &[("period_has_a_paid_record", "purchase_no=4002 line=1")],
    ),
    (
        "UPDATE service_periods SET superseded_by = NULL, superseded_on = NULL WHERE purchase_no = '4001'",
        "UPDATE service_periods SET superseded_by = '400201', superseded_on = '2026-03-01' WHERE purchase_no = '4001'",
        &[
            ("periods_do_not_overlap", "purchase_no=4001 line=1"),
            ("paid_upgrade_replaces_its_period", "purchase_no=4002 line=1"),
        ],
    ),
    (
        "UPDATE service_periods SET ends_on = '2027-01-01' WHERE purchase_no = '4002'",
        "UPDATE service_periods SET ends_on = '2026-12-31' WHERE purchase_no = '4002'",
        &[("superseded_period_goes_on_as_its_upgrade", "purchase_no=4001 line=1")],
    ),
];

#[tokio::test]
async fn an_audit_names_each_row_of_packages_that_was_spoiled() {
    for database in filled() {
        for (spoil, put_right, expected) in SPOILED {
            let report = database.store.audit().await.unwrap();
            assert_eq!(report.breaches, Vec::new(), "before {spoil}");
            database.execute(spoil).unwrap();
            let report = database.store.audit().await.unwrap();
            for (invariant, row) in *expected {
                let named =
                    |breach: &edupay_domain::ledger::Breach| breach.invariant == *invariant && breach.row.contains(row);
                assert!(report.breaches.iter().any(named), "{invariant} {row} after {spoil}: {report:?}");
            }
            database.execute(put_right).unwrap();
        }
        assert_eq!(database.store.audit().await.unwrap().breaches, Vec::new());
    }
}

#[tokio::test]
async fn several_packages_of_one_project_are_held_beside_each_other() {
    for database in filled() {
        let beside = "UPDATE projects SET selection = 'multi'; \
            UPDATE service_periods SET superseded_by = NULL, superseded_on = NULL WHERE purchase_no = '4001'";
        database.execute(beside).unwrap();
        let overlaps = |report: &edupay_domain::ledger::AuditReport| {
            report.breaches.iter().any(|breach| breach.invariant == "periods_do_not_overlap")
        };
        assert!(!overlaps(&database.store.audit().await.unwrap()));
        database.execute("UPDATE service_periods SET package_id = 12 WHERE purchase_no = '4001'").unwrap();
        assert!(overlaps(&database.store.audit().await.unwrap()), "one package twice");
    }
}
