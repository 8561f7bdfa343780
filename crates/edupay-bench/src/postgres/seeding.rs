//! Seeds as statements for PostgreSQL, which makes the rows itself. Only numbers are put into them.

use crate::ledger::Wealth;
use crate::orders::{Orders, PRICE_FEN, Payers, STRIDE};

/// Users with tokens and wallets; what they hold was given to them in adjustments, all users' first
/// ones before anyone's second, as time would have it.
pub(super) fn users(users: Payers, wealth: Wealth) -> String {
    let (first, last) = (users.first, users.last());
    let Wealth { entries, fen_per_entry: fen } = wealth;
    format!(
        "INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, website, \
            point, birthday, level, level_display, credit, credit_level, credit_level_display, created_at) \
         SELECT u, 'payer' || u, '', 'member', 'active', 'payer', '', '', '', 0, NULL, 'fresh', 'fresh', 0, 'pupil', \
            'pupil', 1700000000000000 FROM generate_series({first}, {last}) AS u; \
         INSERT INTO wallets (user_id, cash_fen, iap_fen, bonus_fen, debt_fen, entries) \
         SELECT u, {entries}::BIGINT * {fen}, 0, 0, 0, {entries} FROM generate_series({first}, {last}) AS u; \
         INSERT INTO tokens (token_digest, user_id, created_at) \
         SELECT sha256(convert_to(lpad(to_hex(u), 40, '0'), 'UTF8')), u, 1700000000000000 \
            FROM generate_series({first}, {last}) AS u; \
         INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at) \
         SELECT u, n, 'adjust_balance', 'seed', (n - 1) * {fen}::BIGINT, n * {fen}::BIGINT, 1700000000000000 + n \
            FROM generate_series(1, {entries}) AS n, generate_series({first}, {last}) AS u; \
         INSERT INTO journal_lines (user_id, number, line, debit, credit, amount_fen) \
         SELECT u, n, 0, 'adjustments', 'user_cash', {fen} \
            FROM generate_series(1, {entries}) AS n, generate_series({first}, {last}) AS u;"
    )
}

/// Unpaid orders of one course each, in the order in which they will be paid.
pub(super) fn orders(orders: &Orders) -> String {
    let Orders { payers: Payers { first, count: payers }, first_number, first_pk, count } = orders;
    let last_pk = orders.last_pk();
    let rows = format!(
        "SELECT {first} + k * {STRIDE} % {payers} AS user_id, '1' || ({first_number} + k) AS order_no, \
            {first_pk} + k / {payers} AS pk FROM generate_series(0::BIGINT, {count} - 1) AS k"
    );
    format!(
        "INSERT INTO courses (course_id, name, price_fen, status, created_at) \
         SELECT c, 'Course ' || c, {PRICE_FEN}, 'offered', 1700000000000000 \
            FROM generate_series({first_pk}, {last_pk}) AS c ON CONFLICT DO NOTHING; \
         INSERT INTO order_routes (order_no, user_id) SELECT order_no, user_id FROM ({rows}) AS made; \
         INSERT INTO orders (user_id, order_no, pk, amount_fen, status, visibility, created_at, expires_at, \
            paid_bonus_fen, paid_iap_fen, paid_cash_fen) \
         SELECT user_id, order_no, pk, {PRICE_FEN}, 'unpaid', 'visible', 1700000000000000, 4102444800000000, 0, 0, 0 \
            FROM ({rows}) AS made; \
         INSERT INTO order_lines (user_id, order_no, line, course_id, name, price_fen) \
         SELECT user_id, order_no, 0, pk, 'Course ' || pk, {PRICE_FEN} FROM ({rows}) AS made;"
    )
}
