-- Writes the plans of a batch at once: wallets, ended orders, what they give, entries with their
-- lines, events. Answers how many wallets and orders were still as they had been loaded; unless all
-- were, the transaction must not be committed.
WITH changed_wallets AS (
    UPDATE wallets
    SET cash_fen = new.cash_fen, iap_fen = new.iap_fen, bonus_fen = new.bonus_fen, debt_fen = new.debt_fen,
        entries = new.entries
    FROM unnest($1, $2, $3, $4, $5, $6, $7) AS new (user_id, was, cash_fen, iap_fen, bonus_fen, debt_fen, entries)
    WHERE wallets.user_id = new.user_id AND wallets.entries = new.was
    RETURNING 1
), ended_orders AS (
    UPDATE orders
    SET status = new.status, paid_at = new.paid_at, paid_through = new.paid_through,
        paid_charge_id = new.paid_charge_id, paid_bonus_fen = new.paid_bonus_fen,
        paid_iap_fen = new.paid_iap_fen, paid_cash_fen = new.paid_cash_fen
    FROM unnest($8, $9, $10, $11, $12, $13, $14, $15, $16) AS new (
        user_id, order_no, status, paid_at, paid_through, paid_charge_id,
        paid_bonus_fen, paid_iap_fen, paid_cash_fen
    )
    WHERE orders.user_id = new.user_id AND orders.order_no = new.order_no AND orders.status = 'unpaid'
    RETURNING 1
), granted AS (
    INSERT INTO entitlements (user_id, course_id, order_no, granted_at)
    SELECT * FROM unnest($17, $18, $19, $20)
), entered AS (
    INSERT INTO journal_entries (
        user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at
    )
    SELECT * FROM unnest($21, $22, $23, $24, $25, $26, $27)
), lined AS (
    INSERT INTO journal_lines (user_id, number, line, debit, credit, amount_fen)
    SELECT * FROM unnest($28, $29, $30, $31, $32, $33)
), recorded AS (
    INSERT INTO outbox (user_id, event_id, kind, payload, occurred_at)
    SELECT * FROM unnest($34, $35, $36, $37, $38)
)
SELECT (SELECT count(*) FROM changed_wallets), (SELECT count(*) FROM ended_orders)
