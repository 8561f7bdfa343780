-- Where events are sent. An endpoint that is removed stays until its deliveries are forgotten.
CREATE TABLE webhook_endpoints (
    endpoint_id TEXT NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Comma-joined; empty for every type.
    event_types TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'removed')),
    created_at BIGINT NOT NULL,
    leased_until BIGINT,
    paused_until BIGINT,
    replay_since BIGINT,
    replay_until BIGINT,
    replay_user_id BIGINT,
    replay_event_id TEXT,
    CHECK ((replay_since IS NULL) = (replay_until IS NULL)),
    CHECK ((replay_user_id IS NULL) = (replay_event_id IS NULL)),
    CHECK (replay_since IS NOT NULL OR replay_user_id IS NULL)
);
CREATE INDEX webhook_endpoints_active ON webhook_endpoints (endpoint_id) WHERE state = 'active';

-- What messages are signed with, the newest first. Whoever signs needs them as they are.
CREATE TABLE webhook_secrets (
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    ordinal SMALLINT NOT NULL,
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (endpoint_id, ordinal)
);

-- An event on its way to an endpoint. user_id is null for a test, which lies in no outbox.
CREATE TABLE event_deliveries (
    endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (endpoint_id),
    event_id TEXT NOT NULL,
    user_id BIGINT,
    kind TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries INTEGER NOT NULL CHECK (tries >= 0),
    attempts INTEGER NOT NULL CHECK (attempts >= tries),
    queued_at BIGINT NOT NULL,
    due_at BIGINT,
    settled_at BIGINT,
    last_status SMALLINT,
    last_fault TEXT,
    PRIMARY KEY (endpoint_id, event_id),
    CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    CHECK (last_status IS NULL OR last_fault IS NULL)
);
CREATE INDEX event_deliveries_due ON event_deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX event_deliveries_queued ON event_deliveries (endpoint_id, queued_at, event_id);
CREATE INDEX event_deliveries_in_state ON event_deliveries (endpoint_id, state, queued_at, event_id);
CREATE INDEX event_deliveries_delivered ON event_deliveries (settled_at) WHERE state = 'delivered';

-- The attempts that ended.
CREATE TABLE delivery_attempts (
    endpoint_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_at BIGINT NOT NULL,
    took_micros BIGINT NOT NULL,
    status SMALLINT,
    fault TEXT,
    PRIMARY KEY (endpoint_id, event_id, number),
    FOREIGN KEY (endpoint_id, event_id) REFERENCES event_deliveries (endpoint_id, event_id) ON DELETE CASCADE,
    CHECK ((status IS NULL) <> (fault IS NULL))
);

-- Events that wait for their deliveries, noted in the transaction that wrote them, and only while there
-- is somebody to hear of them. There is no position to read on from: transactions end in any order, and
-- whoever remembered how far it had read would miss what was begun earlier and ended later.
CREATE TABLE outbox_fanout (
    occurred_at BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (occurred_at, user_id, event_id)
);

-- Once per statement, so that a batch of payments asks once.
CREATE FUNCTION note_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM webhook_endpoints WHERE state = 'active') THEN
        INSERT INTO outbox_fanout (occurred_at, user_id, event_id, kind)
        SELECT occurred_at, user_id, event_id, kind FROM written;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_noted AFTER INSERT ON outbox
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION note_events();
