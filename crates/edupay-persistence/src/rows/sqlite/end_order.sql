-- Writes how an unpaid order ended, unless it is no longer unpaid.
UPDATE orders
SET status = $1, paid_at = $2, paid_through = $3, paid_charge_id = $4, paid_bonus_fen = $5,
    paid_iap_fen = $6, paid_cash_fen = $7
WHERE user_id = $8 AND order_no = $9 AND status = 'unpaid'
