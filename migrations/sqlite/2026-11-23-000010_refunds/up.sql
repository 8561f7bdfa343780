-- Money that goes back. It moves forward only, but for what failed. due_at is next_try_at as long as the
-- gateway has work on it: what the worker's index holds, and no more.
CREATE TABLE refunds (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    refund_no TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (subject IN ('order', 'top_up', 'purchase')),
    subject_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    -- What of the amount comes from the user, and not from what was earned.
    recovered_fen INTEGER NOT NULL CHECK (recovered_fen BETWEEN 0 AND amount_fen),
    target TEXT NOT NULL CHECK (target IN ('source', 'balance')),
    reason TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 255),
    -- Who asked for it; nobody when it was made at the gateway.
    requested_by INTEGER,
    charge_id TEXT,
    refund_id TEXT,
    status TEXT NOT NULL
        CHECK (status IN ('awaiting_approval', 'requested', 'pending', 'succeeded', 'failed', 'rejected')),
    failure TEXT,
    decided_by INTEGER,
    requested_at INTEGER NOT NULL,
    asked_at INTEGER,
    next_try_at INTEGER NOT NULL,
    settled_at INTEGER,
    due_at INTEGER,
    PRIMARY KEY (user_id, refund_no),
    CHECK (requested_by IS NOT NULL OR status = 'succeeded'),
    -- Four eyes: who asked for it does not approve it.
    CHECK (decided_by IS NULL OR status = 'rejected' OR decided_by <> requested_by),
    -- Only a charge is refunded by the gateway.
    CHECK (charge_id IS NOT NULL OR (refund_id IS NULL AND asked_at IS NULL)),
    CHECK (status NOT IN ('requested', 'pending') OR charge_id IS NOT NULL),
    CHECK ((status IN ('succeeded', 'failed', 'rejected')) = (settled_at IS NOT NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX refunds_by_subject ON refunds (user_id, subject, subject_no, requested_at, refund_no);
CREATE INDEX refunds_by_time ON refunds (requested_at, user_id, refund_no);
CREATE INDEX refunds_by_status ON refunds (status, requested_at, user_id, refund_no);
CREATE INDEX refunds_due ON refunds (due_at) WHERE due_at IS NOT NULL;

-- A refund of the gateway is booked once for ever, over all users.
CREATE TABLE refund_claims (
    refund_id TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    refund_no TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the refunds of one order or purchase come to: together they never pass what was paid.
CREATE TABLE refund_totals (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    subject TEXT NOT NULL CHECK (subject IN ('order', 'purchase')),
    subject_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    reserved_fen INTEGER NOT NULL CHECK (reserved_fen BETWEEN 0 AND amount_fen),
    refunded_fen INTEGER NOT NULL CHECK (refunded_fen BETWEEN 0 AND reserved_fen),
    PRIMARY KEY (user_id, subject, subject_no)
) STRICT, WITHOUT ROWID;

-- A purchase that was refunded stays one that was paid.
ALTER TABLE purchases ADD COLUMN refunded_fen INTEGER NOT NULL DEFAULT 0
    CHECK (refunded_fen BETWEEN 0 AND amount_fen AND (refunded_fen = 0 OR status = 'paid'));

-- The first day that a full refund took away, and the first day on which a period goes on after the upgrade
-- that had its place was refunded.
ALTER TABLE service_periods ADD COLUMN ended_on TEXT CHECK (length(ended_on) = 10);
ALTER TABLE service_periods ADD COLUMN resumed_on TEXT
    CHECK (resumed_on IS NULL OR (length(resumed_on) = 10 AND superseded_by IS NOT NULL
        AND resumed_on BETWEEN superseded_on AND ends_on));

-- What a refund has ended may be bought again on the same day.
DROP INDEX service_periods_begin;
CREATE UNIQUE INDEX service_periods_begin ON service_periods (user_id, project_id, package_id, starts_on)
    WHERE superseded_by IS NULL AND ended_on IS NULL;
