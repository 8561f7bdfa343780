-- Requests that are done once per key, by who asked. Rows go when they have expired.
CREATE TABLE idempotency_keys (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    key TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    -- The SHA-256 of the request.
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    began_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The number of what it has made, by which a repeat finds it.
    point TEXT,
    -- Who works on it, and until when nobody else may.
    claimant TEXT,
    claimed_until INTEGER,
    reply_status INTEGER,
    reply_head TEXT,
    reply_body TEXT,
    PRIMARY KEY (user_id, key),
    CHECK ((claimant IS NULL) = (claimed_until IS NULL)),
    CHECK ((claimant IS NULL) = (reply_status IS NOT NULL)),
    CHECK ((reply_status IS NULL) = (reply_head IS NULL)),
    CHECK ((reply_status IS NULL) = (reply_body IS NULL))
) STRICT;
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);
