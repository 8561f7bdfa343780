-- Writes what only charges change: claims with their receipts, receipts, attempts and top-ups.
-- Answers how many attempts were there.
WITH claimed AS (
    INSERT INTO charge_claims (charge_id, user_id, gateway_order_no)
    SELECT charge_id, user_id, gateway_order_no
    FROM unnest($1, $2, $3) AS new (user_id, charge_id, gateway_order_no)
), booked AS (
    INSERT INTO receipts (
        user_id, charge_id, gateway_order_no, amount_fen, status, reason, refund_id, received_at, next_try_at, due_at
    )
    SELECT * FROM unnest($4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
), changed_receipts AS (
    UPDATE receipts
    SET status = new.status, reason = new.reason, refund_id = new.refund_id, next_try_at = new.next_try_at,
        due_at = new.due_at
    FROM unnest($14, $15, $16, $17, $18, $19, $20) AS new (
        user_id, charge_id, status, reason, refund_id, next_try_at, due_at
    )
    WHERE receipts.user_id = new.user_id AND receipts.charge_id = new.charge_id
), changed_attempts AS (
    UPDATE charge_attempts
    SET status = new.status, charge_id = new.charge_id, document = new.document, expires_at = new.expires_at,
        look_at = new.look_at, due_at = new.due_at
    FROM unnest($21, $22, $23, $24, $25, $26, $27, $28) AS new (
        user_id, gateway_order_no, status, charge_id, document, expires_at, look_at, due_at
    )
    WHERE charge_attempts.user_id = new.user_id AND charge_attempts.gateway_order_no = new.gateway_order_no
    RETURNING 1
), credited_top_ups AS (
    UPDATE top_ups
    SET status = new.status, charge_id = new.charge_id, credited_at = new.credited_at
    FROM unnest($29, $30, $31, $32, $33) AS new (user_id, top_up_no, status, charge_id, credited_at)
    WHERE top_ups.user_id = new.user_id AND top_ups.top_up_no = new.top_up_no
)
SELECT count(*) FROM changed_attempts
