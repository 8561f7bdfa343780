-- Writes that an unpaid purchase is paid, unless it is no longer unpaid.
UPDATE purchases
SET status = $1, paid_at = $2, paid_through = $3, paid_charge_id = $4
WHERE user_id = $5 AND purchase_no = $6 AND status = 'unpaid'
