//! Every invariant, recomputed from what is stored. Each check is one statement that returns the
//! rows which break it; SQL is written out because these are whole-table aggregates that read best
//! as SQL, the same text for both databases, and run only on demand.

mod app_store;
mod purchases;
mod refunds;

use crate::conn::{Conn, on};
use crate::tx::{Never, TxError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use edupay_domain::ledger::{AuditReport, Breach};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    at: String,
    #[diesel(sql_type = Text)]
    found: String,
}

/// The most breaches listed per invariant: enough for a person to see what kind of thing it is.
const MOST: usize = 100;

/// An invariant with the statement that finds what breaks it: `at` names the row, `found` says what
/// was found.
struct Check {
    invariant: &'static str,
    sql: &'static str,
}

/// Signed by the side on which a user's account grows.
const CHECKS: &[Check] = &[
    Check {
        invariant: "balance_equals_postings",
        sql: "SELECT 'wallets user_id=' || w.user_id AS at, \
              'cash ' || w.cash_fen || ' against ' || COALESCE(p.cash, 0) || ', iap ' || w.iap_fen || ' against ' || COALESCE(p.iap, 0) \
              || ', bonus ' || w.bonus_fen || ' against ' || COALESCE(p.bonus, 0) || ', debt ' || w.debt_fen || ' against ' || COALESCE(p.debt, 0) AS found \
              FROM wallets w LEFT JOIN (SELECT user_id, \
                CAST(SUM(CASE WHEN account = 'user_cash' THEN CASE direction WHEN 'credit' THEN amount_fen ELSE -amount_fen END ELSE 0 END) AS BIGINT) AS cash, \
                CAST(SUM(CASE WHEN account = 'user_iap' THEN CASE direction WHEN 'credit' THEN amount_fen ELSE -amount_fen END ELSE 0 END) AS BIGINT) AS iap, \
                CAST(SUM(CASE WHEN account = 'user_bonus' THEN CASE direction WHEN 'credit' THEN amount_fen ELSE -amount_fen END ELSE 0 END) AS BIGINT) AS bonus, \
                CAST(SUM(CASE WHEN account = 'user_debt' THEN CASE direction WHEN 'debit' THEN amount_fen ELSE -amount_fen END ELSE 0 END) AS BIGINT) AS debt \
                FROM postings GROUP BY user_id) p ON p.user_id = w.user_id \
              WHERE w.cash_fen <> COALESCE(p.cash, 0) OR w.iap_fen <> COALESCE(p.iap, 0) \
                 OR w.bonus_fen <> COALESCE(p.bonus, 0) OR w.debt_fen <> COALESCE(p.debt, 0) ORDER BY 1",
    },
    Check {
        invariant: "balance_not_below_zero",
        sql: "SELECT 'wallets user_id=' || user_id AS at, 'a balance below zero' AS found FROM wallets \
              WHERE cash_fen < 0 OR iap_fen < 0 OR bonus_fen < 0 OR debt_fen < 0 ORDER BY 1",
    },
    Check {
        invariant: "entries_are_numbered_without_gap",
        sql: "SELECT 'wallets user_id=' || w.user_id AS at, w.entries || ' counted, ' || COALESCE(e.count, 0) || ' there, last ' || COALESCE(e.last, 0) AS found \
              FROM wallets w LEFT JOIN (SELECT user_id, COUNT(*) AS count, MAX(number) AS last FROM journal_entries GROUP BY user_id) e ON e.user_id = w.user_id \
              WHERE w.entries <> COALESCE(e.count, 0) OR w.entries <> COALESCE(e.last, 0) ORDER BY 1",
    },
    Check {
        invariant: "every_user_has_a_wallet",
        sql: "SELECT 'users user_id=' || u.user_id AS at, 'no wallet' AS found FROM users u \
              LEFT JOIN wallets w ON w.user_id = u.user_id WHERE w.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "entry_has_lines_and_moves_the_balance_it_says",
        sql: "SELECT 'journal_entries user_id=' || e.user_id || ' number=' || e.number AS at, \
              'balance ' || e.balance_before_fen || ' to ' || e.balance_after_fen || ', postings move ' || COALESCE(p.moved, 0) || ' in ' || COALESCE(p.lines, 0) || ' lines' AS found \
              FROM journal_entries e LEFT JOIN (SELECT user_id, number, COUNT(*) AS lines, \
                CAST(SUM(CASE WHEN account IN ('user_cash', 'user_iap', 'user_bonus') THEN CASE direction WHEN 'credit' THEN amount_fen ELSE -amount_fen END ELSE 0 END) AS BIGINT) AS moved \
                FROM postings GROUP BY user_id, number) p ON p.user_id = e.user_id AND p.number = e.number \
              WHERE COALESCE(p.lines, 0) < 2 OR e.balance_after_fen - e.balance_before_fen <> COALESCE(p.moved, 0) ORDER BY 1",
    },
    Check {
        invariant: "running_balance_continues",
        sql: "SELECT 'journal_entries user_id=' || e.user_id || ' number=' || e.number AS at, \
              'begins at ' || e.balance_before_fen || ', the one before ended at ' || COALESCE(b.balance_after_fen, 0) AS found \
              FROM journal_entries e LEFT JOIN journal_entries b ON b.user_id = e.user_id AND b.number = e.number - 1 \
              WHERE e.balance_before_fen <> COALESCE(b.balance_after_fen, 0) ORDER BY 1",
    },
    Check {
        invariant: "paid_order_has_one_payment_of_its_amount",
        sql: "SELECT 'orders user_id=' || o.user_id || ' order_no=' || o.order_no AS at, \
              o.status || ' ' || o.amount_fen || ', booked ' || COALESCE(p.amount, 0) || ' in ' || COALESCE(p.entries, 0) || ' entries' AS found \
              FROM orders o LEFT JOIN (SELECT e.user_id, e.order_no, COUNT(DISTINCT e.number) AS entries, CAST(SUM(l.amount_fen) AS BIGINT) AS amount FROM ( \
                  SELECT user_id, number, reference AS order_no FROM journal_entries WHERE kind = 'pay_from_balance' \
                  UNION ALL SELECT j.user_id, j.number, a.subject_no FROM journal_entries j \
                    JOIN receipts r ON r.user_id = j.user_id AND r.charge_id = j.reference \
                    JOIN charge_attempts a ON a.user_id = r.user_id AND a.gateway_order_no = r.gateway_order_no \
                    WHERE j.kind = 'confirm_order_charge' AND a.subject = 'order') e \
                JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number GROUP BY e.user_id, e.order_no) p \
                ON p.user_id = o.user_id AND p.order_no = o.order_no \
              WHERE (o.status IN ('paid', 'partly_refunded', 'refunded') AND (COALESCE(p.entries, 0) <> 1 OR p.amount <> o.amount_fen)) \
                 OR (o.status IN ('unpaid', 'cancelled', 'closed') AND COALESCE(p.entries, 0) <> 0) ORDER BY 1",
    },
    Check {
        invariant: "order_amount_is_the_sum_of_its_lines",
        sql: "SELECT 'orders user_id=' || o.user_id || ' order_no=' || o.order_no AS at, o.amount_fen || ' against ' || COALESCE(l.amount, 0) AS found \
              FROM orders o LEFT JOIN (SELECT user_id, order_no, CAST(SUM(price_fen) AS BIGINT) AS amount FROM order_lines GROUP BY user_id, order_no) l \
                ON l.user_id = o.user_id AND l.order_no = o.order_no WHERE o.amount_fen <> COALESCE(l.amount, 0) ORDER BY 1",
    },
    Check {
        invariant: "paid_order_gives_its_courses",
        sql: "SELECT 'order_lines user_id=' || o.user_id || ' order_no=' || o.order_no || ' line=' || l.line AS at, 'course ' || l.course_id || ' is not owned' AS found \
              FROM orders o JOIN order_lines l ON l.user_id = o.user_id AND l.order_no = o.order_no \
              LEFT JOIN entitlements e ON e.user_id = l.user_id AND e.course_id = l.course_id AND e.order_no = l.order_no \
              WHERE o.status IN ('paid', 'partly_refunded') AND e.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "entitlement_has_a_paid_order",
        sql: "SELECT 'entitlements user_id=' || e.user_id || ' course_id=' || e.course_id AS at, 'order ' || e.order_no || ' is ' || COALESCE(o.status, 'missing') AS found \
              FROM entitlements e LEFT JOIN orders o ON o.user_id = e.user_id AND o.order_no = e.order_no \
              WHERE o.status IS NULL OR o.status NOT IN ('paid', 'partly_refunded') ORDER BY 1",
    },
    Check {
        invariant: "order_number_leads_to_its_order",
        sql: "SELECT 'orders user_id=' || o.user_id || ' order_no=' || o.order_no AS at, 'no route' AS found \
              FROM orders o LEFT JOIN order_routes r ON r.order_no = o.order_no AND r.user_id = o.user_id WHERE r.order_no IS NULL ORDER BY 1",
    },
    Check {
        invariant: "attempt_has_its_route",
        sql: "SELECT 'charge_attempts user_id=' || a.user_id || ' gateway_order_no=' || a.gateway_order_no AS at, 'no route' AS found \
              FROM charge_attempts a LEFT JOIN charge_routes r ON r.gateway_order_no = a.gateway_order_no AND r.user_id = a.user_id \
                AND r.subject = a.subject AND r.subject_no = a.subject_no WHERE r.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "receipt_is_claimed_once",
        sql: "SELECT 'receipts user_id=' || r.user_id || ' charge_id=' || r.charge_id AS at, 'no claim' AS found \
              FROM receipts r LEFT JOIN charge_claims c ON c.charge_id = r.charge_id AND c.user_id = r.user_id WHERE c.charge_id IS NULL \
              UNION ALL SELECT 'charge_claims charge_id=' || c.charge_id, 'no receipt' \
              FROM charge_claims c LEFT JOIN receipts r ON r.charge_id = c.charge_id AND r.user_id = c.user_id WHERE r.charge_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "receipt_is_booked_once",
        sql: "SELECT 'receipts user_id=' || r.user_id || ' charge_id=' || r.charge_id AS at, \
              r.status || ' ' || r.amount_fen || ', came in ' || COALESCE(b.came, 0) || ', went back ' || COALESCE(b.back, 0) AS found \
              FROM receipts r JOIN charge_attempts a ON a.user_id = r.user_id AND a.gateway_order_no = r.gateway_order_no \
              LEFT JOIN (SELECT e.user_id, e.reference, \
                  CAST(SUM(CASE WHEN e.kind IN ('confirm_order_charge', 'confirm_purchase_charge', 'keep_unapplied_receipt', 'credit_top_up') AND l.debit = 'gateway_receivable' THEN l.amount_fen ELSE 0 END) AS BIGINT) AS came, \
                  CAST(SUM(CASE WHEN e.kind = 'refund_unapplied_receipt' THEN l.amount_fen ELSE 0 END) AS BIGINT) AS back \
                FROM journal_entries e JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number GROUP BY e.user_id, e.reference) b \
                ON b.user_id = r.user_id AND b.reference = CASE WHEN r.status = 'applied' AND a.subject = 'top_up' THEN a.subject_no ELSE r.charge_id END \
              WHERE COALESCE(r.reason, '') NOT IN ('currency_differs', 'mode_differs') \
                AND (COALESCE(b.came, 0) <> r.amount_fen OR COALESCE(b.back, 0) <> CASE WHEN r.status = 'refunded' THEN r.amount_fen ELSE 0 END) ORDER BY 1",
    },
    Check {
        invariant: "top_up_is_credited_by_its_receipt",
        sql: "SELECT 'top_ups user_id=' || t.user_id || ' top_up_no=' || t.top_up_no AS at, t.status || ', receipt ' || COALESCE(r.status, 'missing') AS found \
              FROM top_ups t LEFT JOIN receipts r ON r.user_id = t.user_id AND r.charge_id = t.charge_id \
              WHERE t.status = 'credited' AND COALESCE(r.status, '') <> 'applied' ORDER BY 1",
    },
    Check {
        invariant: "top_up_gets_the_bonus_it_was_promised",
        sql: "SELECT 'top_ups user_id=' || t.user_id || ' top_up_no=' || t.top_up_no AS at, t.bonus_fen || ' against ' || COALESCE(g.given, 0) AS found \
              FROM top_ups t LEFT JOIN (SELECT e.user_id, e.reference, CAST(SUM(l.amount_fen) AS BIGINT) AS given \
                FROM journal_entries e JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number \
                WHERE e.kind = 'credit_top_up' AND l.debit = 'adjustments' GROUP BY e.user_id, e.reference) g \
                ON g.user_id = t.user_id AND g.reference = t.top_up_no \
              WHERE COALESCE(g.given, 0) <> CASE WHEN t.status = 'credited' THEN t.bonus_fen ELSE 0 END ORDER BY 1",
    },
    Check {
        invariant: "paid_attempt_has_its_receipt",
        sql: "SELECT 'charge_attempts user_id=' || a.user_id || ' gateway_order_no=' || a.gateway_order_no AS at, 'paid without a receipt' AS found \
              FROM charge_attempts a LEFT JOIN receipts r ON r.user_id = a.user_id AND r.charge_id = a.charge_id \
              WHERE a.status = 'paid' AND r.charge_id IS NULL ORDER BY 1",
    },
];

const USERS: &str = "SELECT COUNT(*) AS count FROM users";
const ENTRIES: &str = "SELECT COUNT(*) AS count FROM journal_entries";
const POSTINGS: &str = "SELECT COUNT(*) AS count FROM postings";
const TOTAL: &str = "SELECT CAST(COALESCE(SUM(CASE direction WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0) AS BIGINT) AS count FROM postings";

/// Runs every check in the snapshot of its caller.
pub(crate) fn report(conn: &mut Conn<'_>) -> Result<AuditReport, TxError<Never>> {
    unlimited(conn)?;
    let mut report = AuditReport {
        users: count(conn, USERS)?,
        entries: count(conn, ENTRIES)?,
        postings: count(conn, POSTINGS)?,
        total_fen: count(conn, TOTAL)?,
        ..AuditReport::default()
    };
    for check in CHECKS.iter().chain(purchases::CHECKS).chain(app_store::CHECKS).chain(refunds::CHECKS) {
        let found: Vec<Found> = on!(conn, c => diesel::sql_query(check.sql).load(c))?;
        report.checked.push(check.invariant);
        report.breaches.extend(found.into_iter().take(MOST).map(|row| Breach {
            invariant: check.invariant,
            row: row.at,
            found: row.found,
        }));
    }
    Ok(report)
}

/// An audit of a large ledger takes longer than a payment may; the limit is lifted for this
/// transaction only.
fn unlimited(conn: &mut Conn<'_>) -> Result<(), TxError<Never>> {
    if let Conn::Postgres(connection) = conn {
        diesel::sql_query("SET LOCAL statement_timeout = 0").execute(*connection)?;
    }
    Ok(())
}

fn count(conn: &mut Conn<'_>, sql: &'static str) -> Result<i64, TxError<Never>> {
    let row: Count = on!(conn, c => diesel::sql_query(sql).get_result(c))?;
    Ok(row.count)
}
