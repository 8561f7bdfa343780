-- What confirming a charge looks at besides the order; the wallets are locked already.
SELECT asked.nth,
       attempt.user_id, attempt.gateway_order_no, attempt.subject, attempt.subject_no, attempt.channel,
       attempt.amount_fen, attempt.status, attempt.charge_id, attempt.document, attempt.requested_at,
       attempt.expires_at, attempt.look_at, attempt.due_at,
       receipt.user_id, receipt.charge_id, receipt.gateway_order_no, receipt.amount_fen, receipt.status,
       receipt.reason, receipt.refund_id, receipt.received_at, receipt.next_try_at, receipt.due_at,
       top_up.user_id, top_up.top_up_no, top_up.amount_fen, top_up.status, top_up.charge_id,
       top_up.credited_at, top_up.created_at, top_up.bonus_fen
FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS asked (user_id, gateway_order_no, charge_id, top_up_no, nth)
LEFT JOIN charge_attempts AS attempt
       ON attempt.user_id = asked.user_id AND attempt.gateway_order_no = asked.gateway_order_no
LEFT JOIN receipts AS receipt ON receipt.user_id = asked.user_id AND receipt.charge_id = asked.charge_id
LEFT JOIN top_ups AS top_up ON top_up.user_id = asked.user_id AND top_up.top_up_no = asked.top_up_no
