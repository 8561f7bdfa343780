-- A statement is read by the key, from the newest down; every payment would pay for another index.
CREATE TABLE journal_entries (
    user_id INTEGER NOT NULL REFERENCES users (user_id),
    number INTEGER NOT NULL CHECK (number > 0),
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    balance_before_fen INTEGER NOT NULL CHECK (balance_before_fen >= 0),
    balance_after_fen INTEGER NOT NULL CHECK (balance_after_fen >= 0),
    occurred_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, number)
) STRICT, WITHOUT ROWID;

-- A line is a debit and a credit of one amount: no set of lines can be unbalanced.
CREATE TABLE journal_lines (
    user_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    line INTEGER NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL CHECK (credit <> debit),
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (user_id, number, line),
    FOREIGN KEY (user_id, number) REFERENCES journal_entries (user_id, number)
) STRICT, WITHOUT ROWID;

-- The same lines with one side per row.
CREATE VIEW postings AS
SELECT user_id, number, line, debit AS account, 'debit' AS direction, amount_fen FROM journal_lines
UNION ALL
SELECT user_id, number, line, credit AS account, 'credit' AS direction, amount_fen FROM journal_lines;

CREATE TRIGGER journal_entries_no_update BEFORE UPDATE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_entries_no_delete BEFORE DELETE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_lines_no_update BEFORE UPDATE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_lines_no_delete BEFORE DELETE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
