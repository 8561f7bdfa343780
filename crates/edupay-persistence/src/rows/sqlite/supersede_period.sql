-- Writes by what a period was replaced, unless it was replaced already.
UPDATE service_periods
SET superseded_by = $1, superseded_on = $2
WHERE user_id = $3 AND purchase_no = $4 AND line = $5 AND superseded_by IS NULL
