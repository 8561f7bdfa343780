-- Makes the unfinished attempts due for what no longer waits for payment.
UPDATE charge_attempts
SET look_at = new.at, due_at = new.at
FROM unnest($1, $2, $3, $4) AS new (user_id, subject, subject_no, at)
WHERE charge_attempts.user_id = new.user_id AND charge_attempts.subject = new.subject
  AND charge_attempts.subject_no = new.subject_no AND charge_attempts.due_at IS NOT NULL
