-- One payment as the database alone can do it: the reads, the decision and the writes of the
-- service's payment from the balance, in one call. Orders of the benchmark have one line each.
CREATE FUNCTION bench_pay(payer BIGINT, number_paid TEXT) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    wallet wallets%ROWTYPE;
    ordered RECORD;
    at BIGINT := (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT;
    from_bonus BIGINT;
    from_iap BIGINT;
    from_cash BIGINT;
    before BIGINT;
BEGIN
    SELECT * INTO STRICT wallet FROM wallets WHERE user_id = payer FOR UPDATE;
    SELECT o.status, o.amount_fen, o.expires_at, l.course_id INTO ordered
        FROM orders o JOIN order_lines l ON l.user_id = o.user_id AND l.order_no = o.order_no
        WHERE o.user_id = payer AND o.order_no = number_paid;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such order: all seeded orders are paid';
    END IF;
    PERFORM FROM entitlements WHERE user_id = payer AND course_id = ordered.course_id;
    IF FOUND OR ordered.status <> 'unpaid' OR ordered.expires_at <= at THEN
        RAISE EXCEPTION 'the order can not be paid';
    END IF;
    before := wallet.bonus_fen + wallet.iap_fen + wallet.cash_fen;
    from_bonus := least(wallet.bonus_fen, ordered.amount_fen);
    from_iap := least(wallet.iap_fen, ordered.amount_fen - from_bonus);
    from_cash := ordered.amount_fen - from_bonus - from_iap;
    IF from_cash > wallet.cash_fen THEN
        RAISE EXCEPTION 'the balance is too low';
    END IF;

    UPDATE orders SET status = 'paid', paid_at = at, paid_through = 'balance', paid_charge_id = NULL,
            paid_bonus_fen = from_bonus, paid_iap_fen = from_iap, paid_cash_fen = from_cash
        WHERE user_id = payer AND order_no = number_paid AND status = 'unpaid';
    UPDATE charge_attempts SET look_at = at, due_at = at
        WHERE user_id = payer AND subject = 'order' AND subject_no = number_paid AND due_at IS NOT NULL;
    INSERT INTO entitlements (user_id, course_id, order_no, granted_at)
        VALUES (payer, ordered.course_id, number_paid, at);
    INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at)
        VALUES (payer, wallet.entries + 1, 'pay_from_balance', number_paid, before, before - ordered.amount_fen, at);
    INSERT INTO journal_lines (user_id, number, line, debit, credit, amount_fen)
        SELECT payer, wallet.entries + 1, row_number() OVER () - 1, leg.debit, 'course_revenue', leg.amount
        FROM (VALUES ('user_bonus', from_bonus), ('user_iap', from_iap), ('user_cash', from_cash)) AS leg (debit, amount)
        WHERE leg.amount > 0;
    UPDATE wallets SET bonus_fen = bonus_fen - from_bonus, iap_fen = iap_fen - from_iap,
            cash_fen = cash_fen - from_cash, entries = entries + 1
        WHERE user_id = payer;
    INSERT INTO outbox (user_id, event_id, kind, payload, occurred_at)
        VALUES (payer, replace(gen_random_uuid()::TEXT, '-', ''), 'order.paid',
            '{"amount_fen":' || ordered.amount_fen || ',"channel":"balance","order_no":"' || number_paid || '"}', at);
    RETURN wallet.entries + 1;
END
$$;
