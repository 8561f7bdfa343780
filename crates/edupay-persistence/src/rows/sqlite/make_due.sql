-- Makes the unfinished attempts due for what no longer waits for payment.
UPDATE charge_attempts
SET look_at = $1, due_at = $2
WHERE user_id = $3 AND subject = $4 AND subject_no = $5 AND due_at IS NOT NULL
