DROP TABLE inbound_events;
DROP TABLE top_ups;
DROP TABLE receipts;
DROP TABLE charge_claims;
DROP TABLE charge_attempts;
DROP TABLE charge_routes;
