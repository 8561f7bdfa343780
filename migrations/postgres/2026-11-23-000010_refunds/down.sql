DROP INDEX service_periods_begin;
ALTER TABLE service_periods DROP COLUMN resumed_on;
ALTER TABLE service_periods DROP COLUMN ended_on;
CREATE UNIQUE INDEX service_periods_begin ON service_periods (user_id, project_id, package_id, starts_on)
    WHERE superseded_by IS NULL;
ALTER TABLE purchases DROP COLUMN refunded_fen;
DROP TABLE refund_totals;
DROP TABLE refund_claims;
DROP TABLE refunds;
