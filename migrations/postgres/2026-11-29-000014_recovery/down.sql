DROP VIEW unfinished_items;
DROP VIEW review_items;
DROP VIEW review_candidates;
DROP INDEX service_periods_left;
DROP INDEX receipts_in_review;
DROP TABLE review_decisions;
