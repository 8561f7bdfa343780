-- Writes by what a period was replaced, unless it was replaced already and has not gone on since.
UPDATE service_periods
SET superseded_by = $1, superseded_on = $2, resumed_on = NULL
WHERE user_id = $3 AND purchase_no = $4 AND line = $5 AND (superseded_by IS NULL OR resumed_on IS NOT NULL)
