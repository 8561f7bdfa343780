-- What arrives without a user: a gateway order number leads to its attempt.
CREATE TABLE charge_routes (
    gateway_order_no TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    subject TEXT NOT NULL CHECK (subject IN ('order', 'top_up', 'purchase')),
    subject_no TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Its rows hold the gateway's document, too long to lie in the tree of the keys.
CREATE TABLE charge_attempts (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    gateway_order_no TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('order', 'top_up', 'purchase')),
    subject_no TEXT NOT NULL,
    channel TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    status TEXT NOT NULL CHECK (status IN ('requested', 'open', 'refused', 'closed', 'paid')),
    charge_id TEXT,
    document TEXT,
    requested_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    look_at INTEGER NOT NULL,
    -- look_at as long as the attempt is unfinished: what the worker's index holds, and no more.
    due_at INTEGER,
    PRIMARY KEY (user_id, gateway_order_no)
) STRICT;
CREATE INDEX charge_attempts_by_subject ON charge_attempts (user_id, subject, subject_no);
CREATE INDEX charge_attempts_by_charge ON charge_attempts (user_id, charge_id);
CREATE INDEX charge_attempts_due ON charge_attempts (due_at) WHERE due_at IS NOT NULL;

-- A gateway's charge is booked once for ever, over all users.
CREATE TABLE charge_claims (
    charge_id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    gateway_order_no TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    charge_id TEXT NOT NULL,
    gateway_order_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen >= 0),
    status TEXT NOT NULL
        CHECK (status IN ('applied', 'refund_due', 'refund_requested', 'refund_pending', 'refunded', 'review')),
    reason TEXT,
    refund_id TEXT,
    received_at INTEGER NOT NULL,
    next_try_at INTEGER NOT NULL,
    -- next_try_at as long as a refund is under way.
    due_at INTEGER,
    PRIMARY KEY (user_id, charge_id),
    CHECK ((status = 'applied') = (reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_due ON receipts (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE top_ups (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    top_up_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    status TEXT NOT NULL CHECK (status IN ('pending', 'credited')),
    charge_id TEXT,
    credited_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, top_up_no),
    CHECK ((status = 'credited') = (charge_id IS NOT NULL)),
    CHECK ((charge_id IS NULL) = (credited_at IS NULL))
) STRICT, WITHOUT ROWID;

-- Verified callbacks, kept for ever: a replay years later must be known. Their bodies are long.
CREATE TABLE inbound_events (
    event_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('kept', 'unmatched', 'processed', 'ignored')),
    received_at INTEGER NOT NULL,
    -- When to try again; nothing once it is done.
    due_at INTEGER
) STRICT;
CREATE INDEX inbound_events_due ON inbound_events (due_at) WHERE due_at IS NOT NULL;
