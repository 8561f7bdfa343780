DROP TRIGGER outbox_noted ON outbox;
DROP FUNCTION note_events();
DROP TABLE outbox_fanout;
DROP TABLE delivery_attempts;
DROP TABLE event_deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhook_endpoints;
