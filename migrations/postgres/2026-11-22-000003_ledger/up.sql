-- A statement is read by the key, from the newest down. The key's index holds the whole entry: a user's
-- entries lie side by side there, while in the table each is on a page of its own after a while.
CREATE TABLE journal_entries (
    user_id BIGINT NOT NULL REFERENCES users (user_id),
    number BIGINT NOT NULL CHECK (number > 0),
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    balance_before_fen BIGINT NOT NULL CHECK (balance_before_fen >= 0),
    balance_after_fen BIGINT NOT NULL CHECK (balance_after_fen >= 0),
    occurred_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, number)
        INCLUDE (kind, reference, balance_before_fen, balance_after_fen, occurred_at)
);

-- A line is a debit and a credit of one amount: no set of lines can be unbalanced.
CREATE TABLE journal_lines (
    user_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    line SMALLINT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL CHECK (credit <> debit),
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (user_id, number, line),
    FOREIGN KEY (user_id, number) REFERENCES journal_entries (user_id, number)
);

-- The same lines with one side per row.
CREATE VIEW postings AS
SELECT user_id, number, line, debit AS account, 'debit' AS direction, amount_fen FROM journal_lines
UNION ALL
SELECT user_id, number, line, credit AS account, 'credit' AS direction, amount_fen FROM journal_lines;

CREATE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only';
END
$$;
CREATE TRIGGER journal_entries_no_change BEFORE UPDATE OR DELETE ON journal_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_journal_change();
CREATE TRIGGER journal_entries_no_truncate BEFORE TRUNCATE ON journal_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change();
CREATE TRIGGER journal_lines_no_change BEFORE UPDATE OR DELETE ON journal_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_journal_change();
CREATE TRIGGER journal_lines_no_truncate BEFORE TRUNCATE ON journal_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change();
