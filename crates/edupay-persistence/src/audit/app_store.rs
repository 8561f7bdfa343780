//! The invariants of purchases in the App Store.

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "app_store_purchase_equals_its_entries",
        sql: "SELECT 'app_store_purchases user_id=' || p.user_id || ' transaction=' || p.environment || '/' || p.transaction_id AS at, \
              'credited ' || p.credited_fen || ', clawed back ' || p.clawed_back_fen || ', entries sum to ' || COALESCE(e.fen, 0) || ' in ' || COALESCE(e.credits, 0) || ' credits' AS found \
              FROM app_store_purchases p LEFT JOIN (SELECT j.user_id, j.reference, \
                  COUNT(DISTINCT CASE WHEN j.kind = 'credit_app_store_purchase' THEN j.number END) AS credits, \
                  CAST(SUM(CASE WHEN l.debit IN ('app_store_receivable', 'app_store_sandbox') THEN l.amount_fen ELSE 0 END \
                     - CASE WHEN l.credit IN ('app_store_receivable', 'app_store_sandbox') THEN l.amount_fen ELSE 0 END) AS BIGINT) AS fen, \
                  SUM(CASE WHEN l.debit = 'app_store_sandbox' OR l.credit = 'app_store_sandbox' THEN 1 ELSE 0 END) AS play \
                FROM journal_entries j JOIN journal_lines l ON l.user_id = j.user_id AND l.number = j.number \
                WHERE j.kind IN ('credit_app_store_purchase', 'claw_back_app_store_purchase', 'restore_app_store_purchase') \
                GROUP BY j.user_id, j.reference) e \
                ON e.user_id = p.user_id AND e.reference = p.environment || '/' || p.transaction_id \
              WHERE p.credited_fen - p.clawed_back_fen <> COALESCE(e.fen, 0) OR COALESCE(e.credits, 0) <> 1 \
                 OR (p.environment = 'sandbox') <> (COALESCE(e.play, 0) > 0) ORDER BY 1",
    },
    Check {
        invariant: "app_store_entry_has_its_purchase",
        sql: "SELECT 'journal_entries user_id=' || j.user_id || ' number=' || j.number AS at, 'no purchase of ' || j.reference AS found \
              FROM journal_entries j LEFT JOIN app_store_purchases p ON p.user_id = j.user_id AND p.environment || '/' || p.transaction_id = j.reference \
              WHERE j.kind IN ('credit_app_store_purchase', 'claw_back_app_store_purchase', 'restore_app_store_purchase') AND p.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "app_store_claim_has_its_purchase",
        sql: "SELECT 'app_store_claims transaction=' || c.environment || '/' || c.transaction_id AS at, 'no purchase of user ' || c.user_id AS found \
              FROM app_store_claims c LEFT JOIN app_store_purchases p \
                ON p.user_id = c.user_id AND p.environment = c.environment AND p.transaction_id = c.transaction_id \
              WHERE c.user_id IS NOT NULL AND p.user_id IS NULL \
              UNION ALL SELECT 'app_store_purchases user_id=' || p.user_id || ' transaction=' || p.environment || '/' || p.transaction_id, 'no claim' \
              FROM app_store_purchases p LEFT JOIN app_store_claims c \
                ON c.user_id = p.user_id AND c.environment = p.environment AND c.transaction_id = p.transaction_id \
              WHERE c.environment IS NULL ORDER BY 1",
    },
    Check {
        invariant: "app_store_refund_is_taken_back",
        sql: "SELECT 'app_store_purchases user_id=' || p.user_id || ' transaction=' || p.environment || '/' || p.transaction_id AS at, \
              'credited ' || p.credited_fen || ', refunded ' || c.refunded_milli_percent || ' of 100000, clawed back ' || p.clawed_back_fen AS found \
              FROM app_store_purchases p JOIN app_store_claims c \
                ON c.user_id = p.user_id AND c.environment = p.environment AND c.transaction_id = p.transaction_id \
              WHERE p.clawed_back_fen > p.credited_fen * c.refunded_milli_percent / 100000 \
                 OR (p.environment = 'production' AND p.clawed_back_fen <> p.credited_fen * c.refunded_milli_percent / 100000) ORDER BY 1",
    },
    Check {
        invariant: "app_store_transaction_is_credited_once",
        sql: "SELECT 'journal_entries reference=' || reference AS at, COUNT(*) || ' credits' AS found \
              FROM journal_entries WHERE kind = 'credit_app_store_purchase' GROUP BY reference HAVING COUNT(*) > 1 ORDER BY 1",
    },
];
