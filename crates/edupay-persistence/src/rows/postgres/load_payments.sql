-- Locks the wallets of a batch in the order of their users, and reads with each what paying an
-- order looks at: one row per line of the order, one with nothing after the wallet where there is
-- no such order.
--
-- A lock that had to wait shows the wallet as it is now, beside other rows as they were when the
-- statement began. seen_entries tells: where it is not the wallet's count, the rows are read again.
SELECT asked.nth,
       wallet.user_id, wallet.cash_fen, wallet.iap_fen, wallet.bonus_fen, wallet.debt_fen, wallet.entries,
       seen.entries AS seen_entries,
       orders.user_id, orders.order_no, orders.pk, orders.amount_fen, orders.status, orders.visibility,
       orders.created_at, orders.expires_at, orders.paid_at, orders.paid_through, orders.paid_charge_id,
       orders.paid_bonus_fen, orders.paid_iap_fen, orders.paid_cash_fen,
       line.user_id, line.order_no, line.line, line.course_id, line.name, line.price_fen,
       owned.course_id,
       -- Not EXISTS, which may be answered by reading the due attempts of everybody.
       (
           SELECT true FROM charge_attempts AS attempt
           WHERE attempt.user_id = orders.user_id AND attempt.subject = 'order'
             AND attempt.subject_no = orders.order_no AND attempt.due_at IS NOT NULL
           LIMIT 1
       ) IS NOT NULL
FROM unnest($1, $2) WITH ORDINALITY AS asked (user_id, order_no, nth)
JOIN wallets AS wallet ON wallet.user_id = asked.user_id
JOIN wallets AS seen ON seen.user_id = asked.user_id
LEFT JOIN orders ON orders.user_id = asked.user_id AND orders.order_no = asked.order_no
LEFT JOIN order_lines AS line ON line.user_id = orders.user_id AND line.order_no = orders.order_no
LEFT JOIN entitlements AS owned ON owned.user_id = line.user_id AND owned.course_id = line.course_id
ORDER BY wallet.user_id, asked.nth, line.line
FOR UPDATE OF wallet
