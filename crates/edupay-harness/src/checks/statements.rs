//! Invariants that the database alone can break. Each statement returns the rows that break it, as
//! one text; both databases understand all of them.

use super::Violation;
use crate::database::Eye;
use crate::error::Failure;

/// An invariant's name and the statement that finds what breaks it.
pub(super) type Question = (&'static str, &'static str);

/// The most rows that are listed of one question.
const MOST: usize = 20;

/// What holds after every commit.
pub(super) const BOOKS: &[Question] = &[
    (
        "I1",
        "SELECT 'the users hold ' || held || ', the platform stands at ' || platform FROM \
           (SELECT COALESCE(sum(cash_fen + iap_fen + bonus_fen - debt_fen), 0) AS held FROM wallets) AS users, \
           (SELECT COALESCE(sum(fen), 0) AS platform FROM \
             (SELECT amount_fen AS fen FROM journal_lines WHERE substr(debit, 1, 5) <> 'user_' \
              UNION ALL SELECT -amount_fen FROM journal_lines WHERE substr(credit, 1, 5) <> 'user_') AS sides) AS others \
         WHERE held <> platform",
    ),
    (
        "I2",
        "SELECT 'entry ' || e.user_id || '/' || e.number || ' ' || e.kind || ' moves ' || \
             (e.balance_after_fen - e.balance_before_fen) || ', its ' || count(l.line) || ' lines move ' || \
             COALESCE(sum(CASE WHEN l.credit IN ('user_cash', 'user_iap', 'user_bonus') THEN l.amount_fen ELSE 0 END) \
               - sum(CASE WHEN l.debit IN ('user_cash', 'user_iap', 'user_bonus') THEN l.amount_fen ELSE 0 END), 0) \
         FROM journal_entries e LEFT JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number \
         GROUP BY e.user_id, e.number, e.kind, e.balance_after_fen, e.balance_before_fen \
         HAVING count(l.line) = 0 OR e.balance_after_fen - e.balance_before_fen <> \
             COALESCE(sum(CASE WHEN l.credit IN ('user_cash', 'user_iap', 'user_bonus') THEN l.amount_fen ELSE 0 END) \
               - sum(CASE WHEN l.debit IN ('user_cash', 'user_iap', 'user_bonus') THEN l.amount_fen ELSE 0 END), 0)",
    ),
    (
        "I3",
        "WITH moves AS (SELECT user_id, credit AS account, amount_fen AS fen FROM journal_lines \
             UNION ALL SELECT user_id, debit, -amount_fen FROM journal_lines), \
           sums AS (SELECT user_id, account, sum(fen) AS fen FROM moves GROUP BY user_id, account), \
           held AS (SELECT user_id, 'user_cash' AS account, cash_fen AS fen FROM wallets \
             UNION ALL SELECT user_id, 'user_iap', iap_fen FROM wallets \
             UNION ALL SELECT user_id, 'user_bonus', bonus_fen FROM wallets \
             UNION ALL SELECT user_id, 'user_debt', -debt_fen FROM wallets) \
         SELECT h.account || ' of user ' || h.user_id || ' holds ' || h.fen || ', its lines sum to ' || COALESCE(s.fen, 0) \
         FROM held h LEFT JOIN sums s ON s.user_id = h.user_id AND s.account = h.account WHERE h.fen <> COALESCE(s.fen, 0)",
    ),
    (
        "I3",
        "SELECT 'user ' || w.user_id || ' counts ' || w.entries || ' entries, there are ' || count(e.number) || \
             ', the last is ' || COALESCE(max(e.number), 0) \
         FROM wallets w LEFT JOIN journal_entries e ON e.user_id = w.user_id GROUP BY w.user_id, w.entries \
         HAVING w.entries <> count(e.number) OR w.entries <> COALESCE(max(e.number), 0)",
    ),
    (
        "I3",
        "SELECT 'user ' || w.user_id || ' can spend ' || (w.cash_fen + w.iap_fen + w.bonus_fen) || ', entry ' || e.number \
             || ' says ' || e.balance_after_fen \
         FROM wallets w JOIN journal_entries e ON e.user_id = w.user_id AND e.number = w.entries \
         WHERE e.balance_after_fen <> w.cash_fen + w.iap_fen + w.bonus_fen",
    ),
    (
        "I4",
        "SELECT 'user ' || user_id || ': ' || cash_fen || ' ' || iap_fen || ' ' || bonus_fen || ' ' || debt_fen FROM wallets \
         WHERE cash_fen < 0 OR iap_fen < 0 OR bonus_fen < 0 OR debt_fen < 0",
    ),
    (
        "I4",
        "SELECT 'entry ' || user_id || '/' || number || ' leaves ' || balance_after_fen FROM journal_entries \
         WHERE balance_after_fen < 0 OR balance_before_fen < 0",
    ),
];

/// What holds between states and entries.
pub(super) const SETTLEMENTS: &[Question] = &[
    (
        "I7",
        "WITH settled AS (SELECT user_id, reference AS order_no, number FROM journal_entries WHERE kind = 'pay_from_balance' \
             UNION ALL SELECT j.user_id, t.subject_no, j.number FROM journal_entries j \
               JOIN receipts r ON r.charge_id = j.reference JOIN charge_routes t ON t.gateway_order_no = r.gateway_order_no \
               WHERE j.kind = 'confirm_order_charge') \
         SELECT 'order ' || o.order_no || ' of user ' || o.user_id || ' is ' || o.status || ' and settled ' || \
             count(s.number) || ' times' \
         FROM orders o LEFT JOIN settled s ON s.user_id = o.user_id AND s.order_no = o.order_no \
         GROUP BY o.user_id, o.order_no, o.status HAVING count(s.number) <> \
             CASE WHEN o.status IN ('paid', 'partly_refunded', 'refunded') THEN 1 ELSE 0 END",
    ),
    (
        "I7",
        "SELECT 'entry ' || j.user_id || '/' || j.number || ' settles ' || j.reference || ' for ' || sum(l.amount_fen) || \
             ' instead of ' || o.amount_fen \
         FROM journal_entries j JOIN journal_lines l ON l.user_id = j.user_id AND l.number = j.number \
           JOIN orders o ON o.user_id = j.user_id AND (o.order_no = j.reference OR o.paid_charge_id = j.reference) \
         WHERE j.kind IN ('pay_from_balance', 'confirm_order_charge') \
         GROUP BY j.user_id, j.number, j.reference, o.amount_fen HAVING sum(l.amount_fen) <> o.amount_fen",
    ),
    (
        "I7",
        "SELECT 'course ' || l.course_id || ' of order ' || l.order_no || ' is not owned by user ' || l.user_id \
         FROM order_lines l JOIN orders o ON o.user_id = l.user_id AND o.order_no = l.order_no \
         WHERE o.status IN ('paid', 'partly_refunded') AND NOT EXISTS (SELECT 1 FROM entitlements e \
           WHERE e.user_id = l.user_id AND e.course_id = l.course_id AND e.order_no = l.order_no)",
    ),
    (
        "I7",
        "SELECT 'user ' || e.user_id || ' owns course ' || e.course_id || ' by order ' || e.order_no || ', which paid for nothing' \
         FROM entitlements e WHERE NOT EXISTS (SELECT 1 FROM orders o JOIN order_lines l ON l.user_id = o.user_id \
           AND l.order_no = o.order_no WHERE o.user_id = e.user_id AND o.order_no = e.order_no \
           AND l.course_id = e.course_id AND o.status IN ('paid', 'partly_refunded'))",
    ),
    (
        "I7",
        "SELECT 'purchase ' || p.purchase_no || ' of user ' || p.user_id || ' is ' || p.status || ' and settled ' || \
             count(j.number) || ' times' \
         FROM purchases p LEFT JOIN (SELECT e.user_id, e.number, t.subject_no FROM journal_entries e \
             JOIN receipts r ON r.charge_id = e.reference JOIN charge_routes t ON t.gateway_order_no = r.gateway_order_no \
             WHERE e.kind = 'confirm_purchase_charge') AS j ON j.user_id = p.user_id AND j.subject_no = p.purchase_no \
         GROUP BY p.user_id, p.purchase_no, p.status \
         HAVING count(j.number) <> CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END",
    ),
    (
        "I7",
        "SELECT 'record ' || r.purchase_no || '/' || r.line || ' has ' || count(s.line) || ' periods' \
         FROM purchase_records r JOIN purchases p ON p.user_id = r.user_id AND p.purchase_no = r.purchase_no \
           LEFT JOIN service_periods s ON s.user_id = r.user_id AND s.purchase_no = r.purchase_no AND s.line = r.line \
         GROUP BY r.user_id, r.purchase_no, r.line, p.status \
         HAVING count(s.line) <> CASE WHEN p.status = 'paid' THEN 1 ELSE 0 END",
    ),
    (
        "I9",
        "SELECT 'order ' || o.order_no || ' of ' || o.amount_fen || ' was refunded ' || sum(r.amount_fen) || ' and is ' || o.status \
         FROM orders o JOIN refunds r ON r.user_id = o.user_id AND r.subject = 'order' AND r.subject_no = o.order_no \
         WHERE r.status = 'succeeded' GROUP BY o.user_id, o.order_no, o.amount_fen, o.status \
         HAVING sum(r.amount_fen) > o.amount_fen \
           OR o.status <> CASE WHEN sum(r.amount_fen) = o.amount_fen THEN 'refunded' ELSE 'partly_refunded' END",
    ),
    (
        "I9",
        "SELECT 'refund ' || r.refund_no || ' of ' || r.amount_fen || ' is ' || r.status || ' and booked ' || count(DISTINCT e.number) \
             || ' times for ' || COALESCE(sum(l.amount_fen), 0) \
         FROM refunds r LEFT JOIN journal_entries e ON e.user_id = r.user_id AND e.reference = r.refund_no \
             AND e.kind IN ('refund_order', 'refund_purchase', 'claw_back_top_up') \
           LEFT JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number \
         GROUP BY r.user_id, r.refund_no, r.amount_fen, r.status \
         HAVING (r.status = 'succeeded' AND (count(DISTINCT e.number) <> 1 OR sum(l.amount_fen) <> r.amount_fen)) \
           OR (r.status <> 'succeeded' AND count(e.number) > 0)",
    ),
    (
        "I10",
        "SELECT 'transaction ' || p.environment || '/' || p.transaction_id || ' was credited ' || count(e.number) || ' times' \
         FROM app_store_purchases p LEFT JOIN journal_entries e ON e.user_id = p.user_id \
             AND e.kind = 'credit_app_store_purchase' AND e.reference = p.environment || '/' || p.transaction_id \
         GROUP BY p.environment, p.transaction_id HAVING count(e.number) <> 1",
    ),
    (
        "I10",
        "WITH moved AS (SELECT e.user_id, e.reference, \
             sum(CASE WHEN l.debit IN ('app_store_receivable', 'app_store_sandbox') THEN l.amount_fen ELSE -l.amount_fen END) AS fen \
           FROM journal_entries e JOIN journal_lines l ON l.user_id = e.user_id AND l.number = e.number \
           WHERE e.kind IN ('credit_app_store_purchase', 'claw_back_app_store_purchase', 'restore_app_store_purchase') \
           GROUP BY e.user_id, e.reference) \
         SELECT 'transaction ' || m.reference || ' of user ' || m.user_id || ' moved ' || m.fen || ', its purchase says ' || \
             COALESCE(p.credited_fen - p.clawed_back_fen, 0) \
         FROM moved m LEFT JOIN app_store_purchases p ON p.user_id = m.user_id \
           AND p.environment || '/' || p.transaction_id = m.reference \
         WHERE p.user_id IS NULL OR p.credited_fen - p.clawed_back_fen <> m.fen",
    ),
    (
        "I10",
        "SELECT 'transaction ' || p.transaction_id || ' of user ' || p.user_id || ' is claimed by ' || COALESCE(c.user_id, 0) \
         FROM app_store_purchases p LEFT JOIN app_store_claims c ON c.environment = p.environment \
           AND c.transaction_id = p.transaction_id WHERE COALESCE(c.user_id, 0) <> p.user_id",
    ),
    ("I11", EVENTS),
];

/// Per user: what happened against the events of it.
const EVENTS: &str = "WITH facts AS (\
       SELECT user_id, 'order.paid' AS kind FROM orders WHERE paid_at IS NOT NULL \
       UNION ALL SELECT user_id, 'order.cancelled' FROM orders WHERE status = 'cancelled' \
       UNION ALL SELECT user_id, 'order.closed' FROM orders WHERE status = 'closed' \
       UNION ALL SELECT user_id, 'purchase.paid' FROM purchases WHERE status = 'paid' \
       UNION ALL SELECT user_id, 'top_up.credited' FROM top_ups WHERE status = 'credited' \
       UNION ALL SELECT user_id, 'receipt.unapplied' FROM receipts WHERE status <> 'applied' \
       UNION ALL SELECT user_id, 'receipt.refunded' FROM receipts WHERE status = 'refunded' \
       UNION ALL SELECT user_id, 'refund.succeeded' FROM refunds WHERE status = 'succeeded' \
       UNION ALL SELECT user_id, 'app_store.credited' FROM app_store_purchases \
       UNION ALL SELECT user_id, CASE kind WHEN 'claw_back_app_store_purchase' THEN 'app_store.clawed_back' \
         ELSE 'app_store.restored' END FROM journal_entries \
         WHERE kind IN ('claw_back_app_store_purchase', 'restore_app_store_purchase')), \
     told AS (SELECT user_id, kind FROM outbox WHERE kind IN ('order.paid', 'order.cancelled', 'order.closed', \
       'purchase.paid', 'top_up.credited', 'receipt.unapplied', 'receipt.refunded', 'refund.succeeded', \
       'app_store.credited', 'app_store.clawed_back', 'app_store.restored')), \
     counted AS (SELECT user_id, kind, sum(fact) AS facts, sum(event) AS events FROM \
       (SELECT user_id, kind, 1 AS fact, 0 AS event FROM facts UNION ALL SELECT user_id, kind, 0, 1 FROM told) AS both_of_them \
       GROUP BY user_id, kind) \
     SELECT 'user ' || user_id || ': ' || facts || ' times ' || kind || ', ' || events || ' events of it' FROM counted WHERE facts <> events";

/// What the background work has to finish.
pub(super) const UNFINISHED: &[Question] = &[
    (
        "I12",
        "SELECT 'receipt ' || charge_id || ' is ' || status FROM receipts \
         WHERE status IN ('refund_due', 'refund_requested', 'refund_pending')",
    ),
    ("I12", "SELECT 'refund ' || refund_no || ' is ' || status FROM refunds WHERE status IN ('requested', 'pending')"),
    (
        "I12",
        "SELECT 'callback ' || event_id || ' (' || kind || ') is ' || status FROM inbound_events \
         WHERE status IN ('kept', 'unmatched')",
    ),
    (
        "I12",
        "SELECT 'notification ' || notification_id || ' (' || kind || ') is ' || status FROM app_store_notifications \
         WHERE status = 'kept'",
    ),
];

/// What the deliverer has to bring.
pub(super) const UNDELIVERED: &[Question] = &[
    ("I11", "SELECT 'event ' || event_id || ' (' || kind || ') is on its way to nobody' FROM outbox_fanout"),
    (
        "I11",
        "SELECT 'the delivery of event ' || event_id || ' (' || kind || ') is ' || state || ' after ' || attempts || \
             ' attempts' \
         FROM event_deliveries WHERE state <> 'delivered'",
    ),
];

/// Asks them all.
pub(super) fn ask(eye: &mut Eye, questions: &[Question]) -> Result<Vec<Violation>, Failure> {
    ask_for(eye, questions, MOST)
}

fn ask_for(eye: &mut Eye, questions: &[Question], most: usize) -> Result<Vec<Violation>, Failure> {
    let mut found = Vec::new();
    for (invariant, sql) in questions {
        let rows = eye.rows(sql)?;
        found.extend(rows.into_iter().take(most).map(|row| Violation::new(invariant, row.concat())));
    }
    Ok(found)
}

/// How much is unfinished.
pub(crate) fn unfinished(eye: &mut Eye) -> Result<Vec<Violation>, Failure> {
    ask(eye, UNFINISHED)
}

/// Every event that waits for its delivery.
pub(crate) fn undelivered(eye: &mut Eye) -> Result<Vec<Violation>, Failure> {
    ask_for(eye, UNDELIVERED, usize::MAX)
}
