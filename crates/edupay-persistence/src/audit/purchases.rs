//! What must hold of purchases and of the days that they give.

use super::Check;

/// The id of a record is its purchase's number and its line in two digits.
pub(super) const CHECKS: &[Check] = &[
    Check {
        invariant: "paid_purchase_has_one_payment_of_its_amount",
        sql: "SELECT 'purchases user_id=' || b.user_id || ' purchase_no=' || b.purchase_no AS at, \
              b.status || ' ' || b.amount_fen || ', booked ' || COALESCE(p.amount, 0) || ' in ' || COALESCE(p.entries, 0) || ' entries' AS found \
              FROM purchases b LEFT JOIN (SELECT j.user_id, a.subject_no, COUNT(DISTINCT j.number) AS entries, \
                  CAST(SUM(l.amount_fen) AS BIGINT) AS amount, MAX(r.charge_id) AS charge_id \
                FROM journal_entries j \
                JOIN receipts r ON r.user_id = j.user_id AND r.charge_id = j.reference AND r.status = 'applied' \
                JOIN charge_attempts a ON a.user_id = r.user_id AND a.gateway_order_no = r.gateway_order_no AND a.subject = 'purchase' \
                JOIN journal_lines l ON l.user_id = j.user_id AND l.number = j.number \
                WHERE j.kind = 'confirm_purchase_charge' GROUP BY j.user_id, a.subject_no) p \
                ON p.user_id = b.user_id AND p.subject_no = b.purchase_no \
              WHERE (b.status = 'paid' AND (COALESCE(p.entries, 0) <> 1 OR p.amount <> b.amount_fen OR p.charge_id <> b.paid_charge_id)) \
                 OR (b.status <> 'paid' AND COALESCE(p.entries, 0) <> 0) ORDER BY 1",
    },
    Check {
        invariant: "purchase_entry_has_its_purchase",
        sql: "SELECT 'journal_entries user_id=' || j.user_id || ' number=' || j.number AS at, 'no purchase was paid by ' || j.reference AS found \
              FROM journal_entries j LEFT JOIN purchases b ON b.user_id = j.user_id AND b.paid_charge_id = j.reference \
              WHERE j.kind = 'confirm_purchase_charge' AND b.purchase_no IS NULL ORDER BY 1",
    },
    Check {
        invariant: "purchase_amount_is_the_sum_of_its_records",
        sql: "SELECT 'purchases user_id=' || b.user_id || ' purchase_no=' || b.purchase_no AS at, b.amount_fen || ' against ' || COALESCE(r.amount, 0) AS found \
              FROM purchases b LEFT JOIN (SELECT user_id, purchase_no, CAST(SUM(price_fen) AS BIGINT) AS amount FROM purchase_records GROUP BY user_id, purchase_no) r \
                ON r.user_id = b.user_id AND r.purchase_no = b.purchase_no WHERE b.amount_fen <> COALESCE(r.amount, 0) ORDER BY 1",
    },
    Check {
        invariant: "purchase_number_leads_to_its_purchase",
        sql: "SELECT 'purchases user_id=' || b.user_id || ' purchase_no=' || b.purchase_no AS at, 'no route' AS found \
              FROM purchases b LEFT JOIN purchase_routes r ON r.purchase_no = b.purchase_no AND r.user_id = b.user_id WHERE r.purchase_no IS NULL ORDER BY 1",
    },
    Check {
        invariant: "paid_purchase_gives_its_periods",
        sql: "SELECT 'purchase_records user_id=' || r.user_id || ' purchase_no=' || r.purchase_no || ' line=' || r.line AS at, \
              'package ' || r.package_id || ' has no period' AS found \
              FROM purchases b JOIN purchase_records r ON r.user_id = b.user_id AND r.purchase_no = b.purchase_no \
              LEFT JOIN service_periods p ON p.user_id = r.user_id AND p.purchase_no = r.purchase_no AND p.line = r.line \
              WHERE b.status = 'paid' AND p.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "period_has_a_paid_record",
        sql: "SELECT 'service_periods user_id=' || p.user_id || ' purchase_no=' || p.purchase_no || ' line=' || p.line AS at, \
              'package ' || p.package_id || ' of project ' || p.project_id || ', purchase ' || COALESCE(b.status, 'missing') AS found \
              FROM service_periods p \
              LEFT JOIN purchases b ON b.user_id = p.user_id AND b.purchase_no = p.purchase_no AND b.project_id = p.project_id \
              LEFT JOIN purchase_records r ON r.user_id = p.user_id AND r.purchase_no = p.purchase_no AND r.line = p.line AND r.package_id = p.package_id \
              WHERE COALESCE(b.status, '') <> 'paid' OR r.user_id IS NULL ORDER BY 1",
    },
    Check {
        invariant: "periods_do_not_overlap",
        sql: "SELECT 'service_periods user_id=' || p.user_id || ' purchase_no=' || p.purchase_no || ' line=' || p.line AS at, \
              p.starts_on || ' to ' || p.ends_on || ', and ' || o.starts_on || ' to ' || o.ends_on || ' by ' || o.purchase_no AS found \
              FROM service_periods p JOIN service_periods o ON o.user_id = p.user_id AND o.project_id = p.project_id \
                AND (o.purchase_no > p.purchase_no OR (o.purchase_no = p.purchase_no AND o.line > p.line)) \
                AND COALESCE(o.resumed_on, o.starts_on) <= p.ends_on AND COALESCE(p.resumed_on, p.starts_on) <= o.ends_on \
                AND (o.ended_on IS NULL OR (o.ended_on > COALESCE(o.resumed_on, o.starts_on) AND o.ended_on > COALESCE(p.resumed_on, p.starts_on))) \
                AND (p.ended_on IS NULL OR (p.ended_on > COALESCE(p.resumed_on, p.starts_on) AND p.ended_on > COALESCE(o.resumed_on, o.starts_on))) \
              LEFT JOIN projects j ON j.project_id = p.project_id \
              WHERE (p.superseded_by IS NULL OR p.resumed_on IS NOT NULL) AND (o.superseded_by IS NULL OR o.resumed_on IS NOT NULL) \
                AND (o.package_id = p.package_id OR COALESCE(j.selection, 'single') = 'single') ORDER BY 1",
    },
    Check {
        invariant: "superseded_period_goes_on_as_its_upgrade",
        sql: "SELECT 'service_periods user_id=' || p.user_id || ' purchase_no=' || p.purchase_no || ' line=' || p.line AS at, \
              'until ' || p.ends_on || ', from ' || p.superseded_on || ' on by ' || p.superseded_by || ', which gives ' || COALESCE(u.starts_on || ' to ' || u.ends_on, 'nothing') AS found \
              FROM service_periods p LEFT JOIN (SELECT r.user_id, r.purchase_no || CASE WHEN r.line < 10 THEN '0' ELSE '' END || r.line AS record_id, \
                  r.replaces, n.project_id, n.starts_on, n.ends_on, n.term_starts_on \
                FROM purchase_records r JOIN service_periods n ON n.user_id = r.user_id AND n.purchase_no = r.purchase_no AND n.line = r.line) u \
                ON u.user_id = p.user_id AND u.record_id = p.superseded_by \
                AND u.replaces = p.purchase_no || CASE WHEN p.line < 10 THEN '0' ELSE '' END || p.line \
              WHERE p.superseded_by IS NOT NULL AND (u.user_id IS NULL OR u.project_id <> p.project_id OR u.starts_on <> p.superseded_on \
                OR u.ends_on <> p.ends_on OR u.term_starts_on <> p.term_starts_on) ORDER BY 1",
    },
    Check {
        invariant: "paid_upgrade_replaces_its_period",
        sql: "SELECT 'purchase_records user_id=' || r.user_id || ' purchase_no=' || r.purchase_no || ' line=' || r.line AS at, \
              r.replaces || ' was not replaced by it' AS found \
              FROM purchase_records r JOIN purchases b ON b.user_id = r.user_id AND b.purchase_no = r.purchase_no AND b.status = 'paid' \
              LEFT JOIN service_periods p ON p.user_id = r.user_id \
                AND p.superseded_by = r.purchase_no || CASE WHEN r.line < 10 THEN '0' ELSE '' END || r.line \
                AND p.purchase_no || CASE WHEN p.line < 10 THEN '0' ELSE '' END || p.line = r.replaces \
              WHERE r.basis = 'upgrade' AND p.user_id IS NULL AND b.refunded_fen < b.amount_fen ORDER BY 1",
    },
];
