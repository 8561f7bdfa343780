-- What binds a user's purchases in the App Store to the user: a UUID in lower case, given with the user.
-- A row that is put in by hand gets one from the trigger: a column that is added can't have such a default,
-- nor be NOT NULL without one.
ALTER TABLE users ADD COLUMN app_account_token TEXT;
CREATE TRIGGER users_get_a_token AFTER INSERT ON users WHEN NEW.app_account_token IS NULL
BEGIN
    UPDATE users SET app_account_token = lower(
        hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
        || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
    ) WHERE user_id = NEW.user_id;
END;
CREATE TRIGGER users_keep_their_token BEFORE UPDATE OF app_account_token ON users WHEN NEW.app_account_token IS NULL
BEGIN SELECT RAISE(ABORT, 'a user has a token'); END;
UPDATE users SET app_account_token = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
    || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
);
CREATE UNIQUE INDEX users_by_app_account_token ON users (app_account_token);

-- What a product's purchase credits, from a moment on; a purchase before the first price has the first one.
CREATE TABLE product_prices (
    product_id TEXT NOT NULL REFERENCES products (product_id),
    effective_from INTEGER NOT NULL,
    price_fen INTEGER NOT NULL CHECK (price_fen > 0),
    PRIMARY KEY (product_id, effective_from)
) STRICT, WITHOUT ROWID;
INSERT INTO product_prices (product_id, effective_from, price_fen)
SELECT product_id, created_at, price_fen FROM products;

-- What arrives without a user: a transaction of the App Store is claimed once for ever, over all users. One
-- without a user is only known to be there: a refund that came before its credit. Locked before any wallet.
CREATE TABLE app_store_claims (
    environment TEXT NOT NULL CHECK (environment IN ('production', 'sandbox')),
    transaction_id TEXT NOT NULL,
    user_id INTEGER REFERENCES users (user_id),
    -- Of two observations the newer one tells how the purchase is.
    signed_at INTEGER NOT NULL,
    refunded_milli_percent INTEGER NOT NULL CHECK (refunded_milli_percent BETWEEN 0 AND 100000),
    PRIMARY KEY (environment, transaction_id)
) STRICT, WITHOUT ROWID;

-- Their rows hold the signed text, too long to lie in the tree of the keys.
CREATE TABLE app_store_purchases (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    environment TEXT NOT NULL CHECK (environment IN ('production', 'sandbox')),
    transaction_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_fen INTEGER NOT NULL CHECK (unit_price_fen > 0),
    credited_fen INTEGER NOT NULL CHECK (credited_fen > 0),
    clawed_back_fen INTEGER NOT NULL,
    purchased_at INTEGER NOT NULL,
    credited_at INTEGER NOT NULL,
    -- Evidence: no amount is computed from it.
    price_milli_units INTEGER,
    price_currency TEXT,
    signed TEXT NOT NULL,
    PRIMARY KEY (user_id, environment, transaction_id),
    CHECK (clawed_back_fen BETWEEN 0 AND credited_fen),
    CHECK ((price_milli_units IS NULL) = (price_currency IS NULL))
) STRICT;
CREATE INDEX app_store_purchases_by_time ON app_store_purchases (user_id, credited_at);
-- The second wall: one credit over all users.
CREATE UNIQUE INDEX app_store_purchases_once ON app_store_purchases (environment, transaction_id);

-- What was verified and is for staff to look at. A repeat adds nothing.
CREATE TABLE app_store_records (
    environment TEXT NOT NULL CHECK (environment IN ('production', 'sandbox')),
    transaction_id TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    verdict TEXT NOT NULL CHECK (verdict IN ('other_user', 'sandbox_not_credited', 'price_differs')),
    source TEXT NOT NULL CHECK (source IN ('client', 'notification', 'server')),
    received_at INTEGER NOT NULL,
    signed TEXT NOT NULL,
    PRIMARY KEY (environment, transaction_id, user_id, verdict)
) STRICT;
CREATE INDEX app_store_records_by_time ON app_store_records (received_at);

-- Verified notifications, kept for ever: a replay years later must be known.
CREATE TABLE app_store_notifications (
    notification_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subtype TEXT NOT NULL,
    environment TEXT CHECK (environment IN ('production', 'sandbox')),
    transaction_id TEXT,
    signed TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('kept', 'processed', 'ignored')),
    received_at INTEGER NOT NULL,
    -- When to try again; nothing once it is done.
    due_at INTEGER,
    CHECK ((environment IS NULL) = (transaction_id IS NULL))
) STRICT;
CREATE INDEX app_store_notifications_due ON app_store_notifications (due_at) WHERE due_at IS NOT NULL;

-- Up to when the history of an environment's notifications was gone through.
CREATE TABLE app_store_histories (
    environment TEXT PRIMARY KEY CHECK (environment IN ('production', 'sandbox')),
    caught_up_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the App Store wants to know before it decides on a refund; a person answers.
CREATE TABLE consumption_requests (
    notification_id TEXT PRIMARY KEY REFERENCES app_store_notifications (notification_id),
    environment TEXT NOT NULL CHECK (environment IN ('production', 'sandbox')),
    transaction_id TEXT NOT NULL,
    user_id INTEGER REFERENCES users (user_id),
    reason TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    answered_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX consumption_requests_by_time ON consumption_requests (requested_at);

CREATE TRIGGER app_store_records_no_update BEFORE UPDATE ON app_store_records
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER app_store_records_no_delete BEFORE DELETE ON app_store_records
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
