-- Runs that compare what we booked with what others tell of the same days. None replaces another.
CREATE TABLE reconciliation_runs (
    run_id INTEGER PRIMARY KEY,
    day_from TEXT NOT NULL CHECK (length(day_from) = 10),
    day_to TEXT NOT NULL CHECK (length(day_to) = 10 AND day_to >= day_from),
    -- Comma-joined, in a fixed order.
    sources TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed')),
    failure TEXT,
    started_by INTEGER REFERENCES users (user_id),
    -- The day that the run is the daily one of: there is one, whoever asked for it.
    daily_for TEXT UNIQUE,
    previous_id INTEGER REFERENCES reconciliation_runs (run_id),
    started_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL,
    finished_at INTEGER,
    their_payments INTEGER NOT NULL DEFAULT 0,
    their_refunds INTEGER NOT NULL DEFAULT 0,
    our_payments INTEGER NOT NULL DEFAULT 0,
    our_refunds INTEGER NOT NULL DEFAULT 0,
    differences INTEGER NOT NULL DEFAULT 0,
    hints INTEGER NOT NULL DEFAULT 0,
    new_differences INTEGER NOT NULL DEFAULT 0,
    gone_differences INTEGER NOT NULL DEFAULT 0,
    CHECK ((status = 'running') = (finished_at IS NULL)),
    CHECK ((status = 'failed') = (failure IS NOT NULL))
) STRICT;
CREATE INDEX reconciliation_runs_by_days ON reconciliation_runs (day_from, day_to, run_id);

CREATE TABLE reconciliation_differences (
    run_id INTEGER NOT NULL REFERENCES reconciliation_runs (run_id),
    ordinal INTEGER NOT NULL,
    -- By what it is known again in another run of the same days.
    fingerprint TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('gateway', 'wechat_bill', 'alipay_bill')),
    thing TEXT NOT NULL CHECK (thing IN ('payment', 'refund', 'line')),
    kind TEXT NOT NULL,
    field TEXT NOT NULL,
    name TEXT NOT NULL,
    gateway_order_no TEXT,
    charge_id TEXT,
    refund_id TEXT,
    ours TEXT,
    theirs TEXT,
    action TEXT NOT NULL CHECK (action IN ('confirm', 'record_refund', 'review', 'none')),
    standing TEXT NOT NULL CHECK (standing IN ('new', 'still', 'gone')),
    repair TEXT NOT NULL CHECK (repair IN ('open', 'failed', 'repaired', 'for_a_person')),
    repair_failure TEXT,
    repair_at INTEGER,
    PRIMARY KEY (run_id, ordinal),
    UNIQUE (run_id, fingerprint),
    CHECK ((repair = 'open') = (repair_at IS NULL)),
    CHECK ((repair = 'failed') = (repair_failure IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- What was booked on a day is read by day.
CREATE INDEX receipts_by_time ON receipts (received_at, user_id, charge_id);
CREATE INDEX receipts_refunded ON receipts (next_try_at, user_id, charge_id) WHERE status = 'refunded';
CREATE INDEX refunds_by_settlement ON refunds (settled_at, user_id, refund_no) WHERE status = 'succeeded';
