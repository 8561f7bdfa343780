//! What must hold of refunds: that no more goes back than was paid, that each is booked once, and that
//! what was refunded in full gives nothing any more.

use super::Check;

/// What a refund takes, or would take, out of what was earned is its amount less what comes from the user.
/// A gift that is taken back with a top-up (to the adjustments) is no part of the refund.
pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "refunds_stay_within_what_was_paid",
        sql: "SELECT 'refunds user_id=' || r.user_id || ' ' || r.subject || '=' || r.subject_no AS at, \
              'reserved ' || r.reserved || ' of ' || COALESCE(p.amount_fen, 0) || ', totals ' || COALESCE(t.reserved_fen, 0) || ' and ' || COALESCE(t.refunded_fen, 0) || ', refunded ' || r.refunded AS found \
              FROM (SELECT user_id, subject, subject_no, \
                  CAST(SUM(CASE WHEN status IN ('failed', 'rejected') THEN 0 ELSE amount_fen - recovered_fen END) AS BIGINT) AS reserved, \
                  CAST(SUM(CASE WHEN status = 'succeeded' THEN amount_fen - recovered_fen ELSE 0 END) AS BIGINT) AS refunded \
                FROM refunds WHERE subject <> 'top_up' GROUP BY user_id, subject, subject_no) r \
              LEFT JOIN (SELECT user_id, 'order' AS subject, order_no AS subject_no, amount_fen FROM orders WHERE paid_at IS NOT NULL \
                UNION ALL SELECT user_id, 'purchase', purchase_no, amount_fen FROM purchases WHERE paid_at IS NOT NULL) p \
                ON p.user_id = r.user_id AND p.subject = r.subject AND p.subject_no = r.subject_no \
              LEFT JOIN refund_totals t ON t.user_id = r.user_id AND t.subject = r.subject AND t.subject_no = r.subject_no \
              WHERE r.reserved > COALESCE(p.amount_fen, 0) OR t.user_id IS NULL OR t.amount_fen <> p.amount_fen \
                 OR t.reserved_fen <> r.reserved OR t.refunded_fen <> r.refunded ORDER BY 1",
    },
    Check {
        invariant: "refund_totals_have_their_refunds",
        sql: "SELECT 'refund_totals user_id=' || t.user_id || ' ' || t.subject || '=' || t.subject_no AS at, 'no refund' AS found \
              FROM refund_totals t LEFT JOIN refunds r ON r.user_id = t.user_id AND r.subject = t.subject AND r.subject_no = t.subject_no \
              WHERE r.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "status_says_what_was_refunded",
        sql: "SELECT 'orders user_id=' || o.user_id || ' order_no=' || o.order_no AS at, o.status || ' ' || o.amount_fen || ', refunded ' || COALESCE(r.refunded, 0) AS found \
              FROM orders o LEFT JOIN (SELECT user_id, subject_no, CAST(SUM(amount_fen - recovered_fen) AS BIGINT) AS refunded \
                FROM refunds WHERE subject = 'order' AND status = 'succeeded' GROUP BY user_id, subject_no) r \
                ON r.user_id = o.user_id AND r.subject_no = o.order_no \
              WHERE o.paid_at IS NOT NULL AND o.status <> CASE WHEN COALESCE(r.refunded, 0) = 0 THEN 'paid' \
                WHEN r.refunded < o.amount_fen THEN 'partly_refunded' ELSE 'refunded' END \
              UNION ALL SELECT 'purchases user_id=' || b.user_id || ' purchase_no=' || b.purchase_no, b.refunded_fen || ' against ' || COALESCE(r.refunded, 0) \
              FROM purchases b LEFT JOIN (SELECT user_id, subject_no, CAST(SUM(amount_fen - recovered_fen) AS BIGINT) AS refunded \
                FROM refunds WHERE subject = 'purchase' AND status = 'succeeded' GROUP BY user_id, subject_no) r \
                ON r.user_id = b.user_id AND r.subject_no = b.purchase_no \
              WHERE b.refunded_fen <> COALESCE(r.refunded, 0) ORDER BY 1",
    },
    Check {
        invariant: "refund_is_booked_once",
        sql: "SELECT 'refunds user_id=' || r.user_id || ' refund_no=' || r.refund_no AS at, \
              r.status || ' ' || r.amount_fen || ', booked ' || COALESCE(b.amount, 0) || ' in ' || COALESCE(b.entries, 0) || ' entries' AS found \
              FROM refunds r LEFT JOIN (SELECT e.user_id, e.kind, e.reference, COUNT(DISTINCT e.number) AS entries, CAST(SUM(l.amount_fen) AS BIGINT) AS amount \
                FROM journal_entries e JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number \
                WHERE e.kind IN ('refund_order', 'refund_purchase', 'claw_back_top_up') AND l.credit <> 'adjustments' GROUP BY e.user_id, e.kind, e.reference) b \
                ON b.user_id = r.user_id AND b.reference = r.refund_no \
                AND b.kind = CASE r.subject WHEN 'order' THEN 'refund_order' WHEN 'purchase' THEN 'refund_purchase' ELSE 'claw_back_top_up' END \
              WHERE (r.status = 'succeeded' AND (COALESCE(b.entries, 0) <> 1 OR b.amount <> r.amount_fen)) \
                 OR (r.status <> 'succeeded' AND b.user_id IS NOT NULL) \
              UNION ALL SELECT 'journal_entries user_id=' || e.user_id || ' number=' || e.number, 'no refund ' || e.reference \
              FROM journal_entries e LEFT JOIN refunds r ON r.user_id = e.user_id AND r.refund_no = e.reference AND r.status = 'succeeded' \
              WHERE e.kind IN ('refund_order', 'refund_purchase', 'claw_back_top_up') AND r.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "refund_takes_from_the_user_what_it_says",
        sql: "SELECT 'refunds user_id=' || r.user_id || ' refund_no=' || r.refund_no AS at, r.recovered_fen || ' against ' || COALESCE(b.taken, 0) AS found \
              FROM refunds r LEFT JOIN (SELECT e.user_id, e.reference, CAST(SUM(l.amount_fen) AS BIGINT) AS taken \
                FROM journal_entries e JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number \
                WHERE e.kind IN ('refund_order', 'refund_purchase', 'claw_back_top_up') \
                  AND l.debit IN ('user_cash', 'user_iap', 'user_bonus', 'user_debt') AND l.credit <> 'adjustments' GROUP BY e.user_id, e.reference) b \
                ON b.user_id = r.user_id AND b.reference = r.refund_no \
              WHERE r.status = 'succeeded' AND r.recovered_fen <> COALESCE(b.taken, 0) ORDER BY 1",
    },
    Check {
        invariant: "gateway_refund_is_claimed_once",
        sql: "SELECT 'refunds user_id=' || r.user_id || ' refund_no=' || r.refund_no AS at, 'no claim of ' || r.refund_id AS found \
              FROM refunds r LEFT JOIN refund_claims c ON c.refund_id = r.refund_id AND c.user_id = r.user_id AND c.refund_no = r.refund_no \
              WHERE r.refund_id IS NOT NULL AND c.refund_id IS NULL \
              UNION ALL SELECT 'refund_claims refund_id=' || c.refund_id, 'no refund ' || c.refund_no \
              FROM refund_claims c LEFT JOIN refunds r ON r.user_id = c.user_id AND r.refund_no = c.refund_no WHERE r.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "refunded_purchase_gives_no_days",
        sql: "SELECT 'service_periods user_id=' || p.user_id || ' purchase_no=' || p.purchase_no || ' line=' || p.line AS at, \
              'ended on ' || COALESCE(p.ended_on, 'no day') || ', refunded ' || b.refunded_fen || ' of ' || b.amount_fen AS found \
              FROM service_periods p JOIN purchases b ON b.user_id = p.user_id AND b.purchase_no = p.purchase_no \
              WHERE (b.refunded_fen = b.amount_fen) <> (p.ended_on IS NOT NULL) ORDER BY 1",
    },
    Check {
        invariant: "period_goes_on_after_a_refunded_upgrade",
        sql: "SELECT 'service_periods user_id=' || p.user_id || ' purchase_no=' || p.purchase_no || ' line=' || p.line AS at, \
              'goes on from ' || p.resumed_on || ', the upgrade ended on ' || COALESCE(u.ended_on, 'no day') AS found \
              FROM service_periods p LEFT JOIN service_periods u ON u.user_id = p.user_id \
                AND u.purchase_no || CASE WHEN u.line < 10 THEN '0' ELSE '' END || u.line = p.superseded_by \
              WHERE p.resumed_on IS NOT NULL AND (u.ended_on IS NULL OR p.resumed_on < u.ended_on) ORDER BY 1",
    },
];
