-- Where events are sent. An endpoint that is removed stays until its deliveries are forgotten.
CREATE TABLE webhook_endpoints (
    endpoint_id TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Comma-joined; empty for every type.
    event_types TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'removed')),
    created_at INTEGER NOT NULL,
    leased_until INTEGER,
    paused_until INTEGER,
    replay_since INTEGER,
    replay_until INTEGER,
    replay_user_id INTEGER,
    replay_event_id TEXT,
    CHECK ((replay_since IS NULL) = (replay_until IS NULL)),
    CHECK ((replay_user_id IS NULL) = (replay_event_id IS NULL)),
    CHECK (replay_since IS NOT NULL OR replay_user_id IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_endpoints_active ON webhook_endpoints (endpoint_id) WHERE state = 'active';

-- What messages are signed with, the newest first. Whoever signs needs them as they are.
CREATE TABLE webhook_secrets (
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (endpoint_id, ordinal)
) STRICT, WITHOUT ROWID;

-- An event on its way to an endpoint. user_id is null for a test, which lies in no outbox.
CREATE TABLE event_deliveries (
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (endpoint_id),
    event_id TEXT NOT NULL,
    user_id INTEGER,
    kind TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries INTEGER NOT NULL CHECK (tries >= 0),
    attempts INTEGER NOT NULL CHECK (attempts >= tries),
    queued_at INTEGER NOT NULL,
    due_at INTEGER,
    settled_at INTEGER,
    last_status INTEGER,
    last_fault TEXT,
    PRIMARY KEY (endpoint_id, event_id),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    CHECK (last_status IS NULL OR last_fault IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_deliveries_due ON event_deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_deliveries_queued ON event_deliveries (endpoint_id, queued_at, event_id);
CREATE INDEX event_deliveries_in_state ON event_deliveries (endpoint_id, state, queued_at, event_id);
CREATE INDEX event_deliveries_delivered ON event_deliveries (settled_at) WHERE state = 'delivered';

-- The attempts that ended.
CREATE TABLE delivery_attempts (
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    took_micros INTEGER NOT NULL,
    status INTEGER,
    fault TEXT,
    PRIMARY KEY (endpoint_id, event_id, number),
    FOREIGN KEY (endpoint_id, event_id) REFERENCES event_deliveries (endpoint_id, event_id) ON DELETE CASCADE,
    CHECK ((status IS NULL) <> (fault IS NULL))
) STRICT, WITHOUT ROWID;

-- Events that wait for their deliveries, noted in the transaction that wrote them, and only while there
-- is somebody to hear of them. There is no position to read on from: transactions end in any order, and
-- whoever remembered how far it had read would miss what was begun earlier and ended later.
CREATE TABLE outbox_fanout (
    occurred_at INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (occurred_at, user_id, event_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER outbox_noted AFTER INSERT ON outbox
WHEN EXISTS (SELECT 1 FROM webhook_endpoints WHERE state = 'active')
BEGIN
    INSERT INTO outbox_fanout (occurred_at, user_id, event_id, kind)
    VALUES (NEW.occurred_at, NEW.user_id, NEW.event_id, NEW.kind);
END;
