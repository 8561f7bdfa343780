-- Writes the purchases of a batch that are paid, what they give, and what upgrades replaced. Answers how
-- many purchases and replaced periods were still as they had been loaded.
WITH paid AS (
    UPDATE purchases
    SET status = new.status, paid_at = new.paid_at, paid_through = new.paid_through,
        paid_charge_id = new.paid_charge_id
    FROM unnest($1, $2, $3, $4, $5, $6) AS new (
        user_id, purchase_no, status, paid_at, paid_through, paid_charge_id
    )
    WHERE purchases.user_id = new.user_id AND purchases.purchase_no = new.purchase_no
      AND purchases.status = 'unpaid'
    RETURNING 1
), replaced AS (
    UPDATE service_periods
    SET superseded_by = new.superseded_by, superseded_on = new.superseded_on, resumed_on = NULL
    FROM unnest($7, $8, $9, $10, $11) AS new (user_id, purchase_no, line, superseded_by, superseded_on)
    WHERE service_periods.user_id = new.user_id AND service_periods.purchase_no = new.purchase_no
      AND service_periods.line = new.line AND (service_periods.superseded_by IS NULL OR service_periods.resumed_on IS NOT NULL)
    RETURNING 1
), given AS (
    INSERT INTO service_periods (
        user_id, purchase_no, line, project_id, package_id, starts_on, ends_on, term_starts_on,
        list_price_fen, superseded_by, superseded_on
    )
    SELECT * FROM unnest($12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
)
SELECT (SELECT count(*) FROM paid), (SELECT count(*) FROM replaced)
