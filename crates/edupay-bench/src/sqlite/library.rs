//! SQLite's library alone: the reads, the decision and the writes of the service's payment from the
//! balance, by prepared statements on one connection, with the service's own durability.

use crate::error::{Context, Failure};
use crate::orders::Orders;
use rusqlite::{Connection, Error, Row, params};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// As the service sets its writer up.
const SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
    PRAGMA trusted_schema = OFF;";
const WALLET: &str = "SELECT cash_fen, iap_fen, bonus_fen, entries FROM wallets WHERE user_id = ?1";
const ORDER: &str = "SELECT o.status, o.amount_fen, o.expires_at, l.course_id FROM orders o \
    JOIN order_lines l ON l.user_id = o.user_id AND l.order_no = o.order_no \
    WHERE o.user_id = ?1 AND o.order_no = ?2";
const OWNED: &str = "SELECT count(*) FROM entitlements WHERE user_id = ?1 AND course_id = ?2";
const PAY: &str = "UPDATE orders SET status = 'paid', paid_at = ?3, paid_through = 'balance', paid_charge_id = NULL, \
        paid_bonus_fen = ?4, paid_iap_fen = ?5, paid_cash_fen = ?6 \
    WHERE user_id = ?1 AND order_no = ?2 AND status = 'unpaid'";
const ATTEMPTS: &str = "UPDATE charge_attempts SET look_at = ?3, due_at = ?3 \
    WHERE user_id = ?1 AND subject = 'order' AND subject_no = ?2 AND due_at IS NOT NULL";
const GRANT: &str = "INSERT INTO entitlements (user_id, course_id, order_no, granted_at) VALUES (?1, ?2, ?3, ?4)";
const ENTRY: &str = "INSERT INTO journal_entries (user_id, number, kind, reference, balance_before_fen, balance_after_fen, occurred_at) \
    VALUES (?1, ?2, 'pay_from_balance', ?3, ?4, ?5, ?6)";
const LINE: &str = "INSERT INTO journal_lines (user_id, number, line, debit, credit, amount_fen) \
    VALUES (?1, ?2, ?3, ?4, 'course_revenue', ?5)";
const SPEND: &str = "UPDATE wallets SET bonus_fen = bonus_fen - ?2, iap_fen = iap_fen - ?3, cash_fen = cash_fen - ?4, \
    entries = ?5 WHERE user_id = ?1";
const EVENT: &str = "INSERT INTO outbox (user_id, event_id, kind, payload, occurred_at) \
    VALUES (?1, lower(hex(randomblob(16))), 'order.paid', ?2, ?3)";

/// One connection.
pub(super) struct Library {
    connection: Connection,
}

/// What it paid.
pub(super) struct Measured {
    pub(super) payments: u64,
    pub(super) elapsed: Duration,
    /// Of each commit, in microseconds.
    pub(super) latencies: Vec<u32>,
}

/// An order as a payment sees it.
struct Ordered {
    status: String,
    amount: i64,
    expires_at: i64,
    course: i64,
}

/// A wallet as a payment sees it.
struct Wallet {
    cash: i64,
    iap: i64,
    bonus: i64,
    entries: i64,
}

/// What a payment takes from each balance.
struct Split {
    bonus: i64,
    iap: i64,
    cash: i64,
}

impl Library {
    pub(super) fn open(file: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(file).context("the SQLite file can't be opened")?;
        connection.execute_batch(SETTINGS).context("the SQLite file can't be set up")?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self { connection })
    }

    /// Pays these orders for so many seconds, so many per commit.
    pub(super) fn pay(&mut self, orders: &Orders, batch: u32, seconds: u64) -> Result<Measured, Failure> {
        let limit = Duration::from_secs(seconds);
        let since = Instant::now();
        let mut measured = Measured { payments: 0, elapsed: Duration::ZERO, latencies: Vec::new() };
        while measured.elapsed < limit && measured.payments < orders.count {
            let end = measured.payments.saturating_add(u64::from(batch)).min(orders.count);
            let begun = Instant::now();
            self.commit_payments(orders, measured.payments..end)?;
            measured.latencies.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
            measured.payments = end;
            measured.elapsed = since.elapsed();
        }
        Ok(measured)
    }

    fn commit_payments(&self, orders: &Orders, indexes: std::ops::Range<u64>) -> Result<(), Failure> {
        self.run("BEGIN IMMEDIATE").context("BEGIN")?;
        for index in indexes {
            let user = i64::try_from(orders.payers.of(index)).context("a user id")?;
            self.pay_one(user, &orders.number(index))?;
        }
        self.run("COMMIT").context("COMMIT")
    }

    fn run(&self, sql: &str) -> Result<(), Error> {
        self.connection.prepare_cached(sql)?.execute([]).map(|_| ())
    }

    fn pay_one(&self, user: i64, order_no: &str) -> Result<(), Failure> {
        let (wallet, ordered, owned) = self.look(user, order_no).context(format!("order {order_no}"))?;
        let at = now();
        if ordered.status != "unpaid" || ordered.expires_at <= at || owned > 0 {
            return Err(Failure::new(format!("order {order_no} can't be paid")));
        }
        let split = split(&wallet, ordered.amount)
            .ok_or_else(|| Failure::new(format!("the balance is too low for order {order_no}")))?;
        self.write(user, order_no, &wallet, &ordered, &split, at).context(format!("order {order_no}"))
    }

    fn look(&self, user: i64, order_no: &str) -> Result<(Wallet, Ordered, i64), Error> {
        let wallet = self.connection.prepare_cached(WALLET)?.query_one([user], Wallet::of)?;
        let ordered = self.connection.prepare_cached(ORDER)?.query_one(params![user, order_no], Ordered::of)?;
        let owned = self.connection.prepare_cached(OWNED)?.query_one([user, ordered.course], |row| row.get(0))?;
        Ok((wallet, ordered, owned))
    }

    fn write(
        &self,
        user: i64,
        order_no: &str,
        wallet: &Wallet,
        ordered: &Ordered,
        split: &Split,
        at: i64,
    ) -> Result<(), Error> {
        let run = |sql, params: &[&dyn rusqlite::ToSql]| self.connection.prepare_cached(sql)?.execute(params);
        let Split { bonus, iap, cash } = split;
        let number = wallet.entries.saturating_add(1);
        let before = wallet.bonus.saturating_add(wallet.iap).saturating_add(wallet.cash);
        let after = before.saturating_sub(ordered.amount);
        run(PAY, params![user, order_no, at, bonus, iap, cash])?;
        run(ATTEMPTS, params![user, order_no, at])?;
        run(GRANT, params![user, ordered.course, order_no, at])?;
        run(ENTRY, params![user, number, order_no, before, after, at])?;
        let legs = [("user_bonus", bonus), ("user_iap", iap), ("user_cash", cash)];
        for (line, (debit, amount)) in (0_i64..).zip(legs.into_iter().filter(|(_, amount)| **amount > 0)) {
            run(LINE, params![user, number, line, debit, amount])?;
        }
        run(SPEND, params![user, bonus, iap, cash, number])?;
        let payload = format!(r#"{{"amount_fen":{},"channel":"balance","order_no":"{order_no}"}}"#, ordered.amount);
        run(EVENT, params![user, payload, at])?;
        Ok(())
    }
}

impl Wallet {
    fn of(row: &Row<'_>) -> Result<Self, Error> {
        Ok(Self { cash: row.get(0)?, iap: row.get(1)?, bonus: row.get(2)?, entries: row.get(3)? })
    }
}

impl Ordered {
    fn of(row: &Row<'_>) -> Result<Self, Error> {
        Ok(Self { status: row.get(0)?, amount: row.get(1)?, expires_at: row.get(2)?, course: row.get(3)? })
    }
}

/// Gifts first, then App Store money, then cash; nothing when they are not enough together.
fn split(wallet: &Wallet, amount: i64) -> Option<Split> {
    let bonus = wallet.bonus.min(amount);
    let iap = wallet.iap.min(amount.checked_sub(bonus)?);
    let cash = amount.checked_sub(bonus)?.checked_sub(iap)?;
    (cash <= wallet.cash).then_some(Split { bonus, iap, cash })
}

/// Microseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
