-- What happened, written in the transaction that caused it; payload is JSON.
CREATE TABLE outbox (
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, event_id)
);
