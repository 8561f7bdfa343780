-- Moments are whole microseconds since 1970 UTC, money is whole fen.
CREATE TABLE users (
    user_id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('member', 'staff')),
    activity TEXT NOT NULL CHECK (activity IN ('active', 'inactive')),
    nickname TEXT NOT NULL,
    location TEXT NOT NULL,
    avatar_url TEXT NOT NULL,
    website TEXT NOT NULL,
    point INTEGER NOT NULL,
    birthday TEXT,
    level TEXT NOT NULL,
    level_display TEXT NOT NULL,
    credit INTEGER NOT NULL,
    credit_level TEXT NOT NULL,
    credit_level_display TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- What arrives without a user: a token leads to one. As every table whose key is not a number and
-- whose rows are small, it is one tree by its key, with the rows in it.
CREATE TABLE tokens (
    token_digest BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_user ON tokens (user_id);

-- One row per user: locked by every effect on the user's rows.
CREATE TABLE wallets (
    user_id INTEGER PRIMARY KEY REFERENCES users (user_id),
    cash_fen INTEGER NOT NULL CHECK (cash_fen >= 0),
    iap_fen INTEGER NOT NULL CHECK (iap_fen >= 0),
    bonus_fen INTEGER NOT NULL CHECK (bonus_fen >= 0),
    debt_fen INTEGER NOT NULL CHECK (debt_fen >= 0),
    entries INTEGER NOT NULL CHECK (entries >= 0)
) STRICT;
