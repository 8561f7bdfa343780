DROP INDEX refunds_by_settlement;
DROP INDEX receipts_refunded;
DROP INDEX receipts_by_time;
DROP TABLE reconciliation_differences;
DROP TABLE reconciliation_runs;
