-- What people decided on what waited for them; only appended to.
CREATE TABLE review_decisions (
    kind TEXT NOT NULL CHECK (kind IN ('callback', 'charge', 'notification', 'period', 'receipt', 'refund')),
    item_key TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    action TEXT NOT NULL CHECK (action IN ('refund', 'retry', 'close')),
    decided_by INTEGER NOT NULL,
    reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 255),
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (kind, item_key, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_in_review ON receipts (next_try_at) WHERE status = 'review';
CREATE INDEX service_periods_left ON service_periods (user_id)
    WHERE ended_on IS NOT NULL AND superseded_by IS NOT NULL;

-- What may wait for a person, made of the things themselves, so that nothing can be missing. It waits since
-- that moment and so many microseconds: nothing, or a day.
CREATE VIEW review_candidates AS
    SELECT 'receipt' AS kind, charge_id AS item_key, gateway_order_no AS subject, user_id, amount_fen, reason,
        next_try_at AS since, CAST(0 AS BIGINT) AS waits
    FROM receipts WHERE status = 'review'
    UNION ALL
    SELECT 'receipt', charge_id, gateway_order_no, user_id, amount_fen, 'refund_unclear',
        received_at, CAST(86400000000 AS BIGINT)
    FROM receipts WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'refund', user_id || '-' || refund_no, subject_no, user_id, amount_fen, 'refund_failed',
        COALESCE(settled_at, requested_at), CAST(0 AS BIGINT)
    FROM refunds WHERE status = 'failed'
    UNION ALL
    SELECT 'refund', user_id || '-' || refund_no, subject_no, user_id, amount_fen, 'refund_unclear',
        COALESCE(asked_at, requested_at), CAST(86400000000 AS BIGINT)
    FROM refunds WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'charge', gateway_order_no, subject_no, user_id, amount_fen, 'charge_unknown',
        expires_at, CAST(86400000000 AS BIGINT)
    FROM charge_attempts WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'callback', event_id, kind, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), 'unmatched',
        received_at, CAST(86400000000 AS BIGINT)
    FROM inbound_events WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'notification', notification_id, kind, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), 'not_worked_on',
        received_at, CAST(86400000000 AS BIGINT)
    FROM app_store_notifications WHERE due_at IS NOT NULL
    UNION ALL
    -- A period whose purchase was refunded in full while an upgrade, which was not, had its place.
    SELECT 'period', p.purchase_no || CASE WHEN p.line < 10 THEN '0' ELSE '' END || p.line, p.purchase_no,
        p.user_id, CAST(NULL AS BIGINT), 'period_left',
        COALESCE((SELECT MAX(f.settled_at) FROM refunds f WHERE f.user_id = p.user_id AND f.subject = 'purchase'
            AND f.subject_no = p.purchase_no AND f.status = 'succeeded'), 0), CAST(0 AS BIGINT)
    FROM service_periods p
    WHERE p.ended_on IS NOT NULL AND p.superseded_by IS NOT NULL AND p.resumed_on IS NULL
        AND NOT EXISTS (SELECT 1 FROM service_periods u WHERE u.user_id = p.user_id AND u.ended_on IS NOT NULL
            AND u.purchase_no || CASE WHEN u.line < 10 THEN '0' ELSE '' END || u.line = p.superseded_by);

-- The list: without what a person closed since it is as it is. What is listed because a day has passed is not
-- listed for another day after a decision.
CREATE VIEW review_items AS
    SELECT c.kind, c.item_key, c.subject, c.user_id, c.amount_fen, c.reason, c.since,
        CASE WHEN c.waits = 0 THEN c.since ELSE COALESCE((SELECT MAX(d.decided_at) FROM review_decisions d
            WHERE d.kind = c.kind AND d.item_key = c.item_key AND d.decided_at >= c.since), c.since) + c.waits
        END AS listed_at
    FROM review_candidates c
    WHERE NOT EXISTS (SELECT 1 FROM review_decisions d WHERE d.kind = c.kind AND d.item_key = c.item_key
        AND d.action = 'close' AND d.decided_at >= c.since);

-- What the background work finishes. It began at one moment and should be finished from another on.
CREATE VIEW unfinished_items AS
    SELECT 'charges' AS kind, 'charge' AS review_kind, gateway_order_no AS item_key, requested_at AS began_at,
        expires_at AS final_from, due_at
    FROM charge_attempts WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'receipts', 'receipt', charge_id, received_at, received_at, due_at FROM receipts WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'refunds', 'refund', user_id || '-' || refund_no, requested_at, COALESCE(asked_at, requested_at), due_at
    FROM refunds WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'callbacks', 'callback', event_id, received_at, received_at, due_at
    FROM inbound_events WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'notifications', 'notification', notification_id, received_at, received_at, due_at
    FROM app_store_notifications WHERE due_at IS NOT NULL
    UNION ALL
    SELECT 'orders', 'order', order_no, expires_at, expires_at, expires_at FROM orders WHERE status = 'unpaid'
    UNION ALL
    SELECT 'purchases', 'purchase', purchase_no, expires_at, expires_at, expires_at
    FROM purchases WHERE status = 'unpaid';
