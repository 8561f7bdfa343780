//! Seeds for SQLite, row by row in one transaction each.

use crate::ledger::Wealth;
use crate::orders::{Orders, PRICE_FEN, Payers};
use crate::seeds::token;
use rusqlite::{Connection, Error, params};
use sha2::{Digest, Sha256};

const USER: &str = "INSERT INTO users (user_id, username, password_hash, role, activity, nickname, location, avatar_url, \
        website, point, birthday, level, level_display, credit, credit_level, credit_level_display, created_at) \
    VALUES (?1, 'payer' || ?1, '', 'member', 'active', 'payer', '', '', '', 0, NULL, 'fresh', 'fresh', 0, 'pupil', \
        'pupil', 1700000000000000)";
const WALLET: &str =
    "INSERT INTO wallets (user_id, cash_fen, iap_fen, bonus_fen, debt_fen, entries) VALUES (?1, ?2, 0, 0, 0, ?3)";
const TOKEN: &str = "INSERT INTO tokens (token_digest, user_id, created_at) VALUES (?1, ?2, 1700000000000000)";
const ENTRY: &str = "INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at) \
    VALUES (?1, ?2, 'adjust_balance', 'seed', ?3, ?3 + ?4, 1700000000000000 + ?2)";
const LINE: &str = "INSERT INTO journal_lines (user_id, number, line, debit, credit, amount_fen) \
    VALUES (?1, ?2, 0, 'adjustments', 'user_cash', ?3)";
const COURSE: &str = "INSERT INTO courses (course_id, name, price_fen, status, created_at) \
    VALUES (?1, 'Course ' || ?1, ?2, 'offered', 1700000000000000) ON CONFLICT DO NOTHING";
const ROUTE: &str = "INSERT INTO order_routes (order_no, user_id) VALUES (?1, ?2)";
const ORDER: &str = "INSERT INTO orders (user_id, order_no, pk, amount_fen, status, visibility, created_at, expires_at, \
        paid_bonus_fen, paid_iap_fen, paid_cash_fen) \
    VALUES (?1, ?2, ?3, ?4, 'unpaid', 'visible', 1700000000000000, 4102444800000000, 0, 0, 0)";
const ORDER_LINE: &str = "INSERT INTO order_lines (user_id, order_no, line, course_id, name, price_fen) \
    VALUES (?1, ?2, 0, ?3, 'Course ' || ?3, ?4)";

/// Users with tokens and wallets; what they hold was given to them in adjustments.
pub(super) fn users(connection: &mut Connection, users: Payers, wealth: Wealth) -> Result<(), Error> {
    let (entries, fen) = (number(wealth.entries), number(wealth.fen_per_entry));
    let seeding = connection.transaction()?;
    for user in users.first..=users.last() {
        let digest: [u8; 32] = Sha256::digest(token(user)).into();
        let user = number(user);
        seeding.prepare_cached(USER)?.execute([user])?;
        seeding.prepare_cached(WALLET)?.execute([user, entries.saturating_mul(fen), entries])?;
        seeding.prepare_cached(TOKEN)?.execute(params![digest, user])?;
        for entry in 1..=entries {
            let before = entry.saturating_sub(1).saturating_mul(fen);
            seeding.prepare_cached(ENTRY)?.execute([user, entry, before, fen])?;
            seeding.prepare_cached(LINE)?.execute([user, entry, fen])?;
        }
    }
    seeding.commit()
}

/// Unpaid orders of one course each, and the courses.
pub(super) fn orders(connection: &mut Connection, orders: &Orders) -> Result<(), Error> {
    let price = number(PRICE_FEN);
    let seeding = connection.transaction()?;
    for course in orders.first_pk..=orders.last_pk() {
        seeding.prepare_cached(COURSE)?.execute([number(course), price])?;
    }
    for index in 0..orders.count {
        let (user, order_no) = (number(orders.payers.of(index)), orders.number(index));
        let pk = number(orders.pk(index));
        seeding.prepare_cached(ROUTE)?.execute(params![order_no, user])?;
        seeding.prepare_cached(ORDER)?.execute(params![user, order_no, pk, price])?;
        seeding.prepare_cached(ORDER_LINE)?.execute(params![user, order_no, pk, price])?;
    }
    seeding.commit()
}

/// SQLite's integers have a sign. None of ours is too large.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
