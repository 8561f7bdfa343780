//! One SQLite file with the service's schema. It is opened anew for each look, so that no connection
//! of ours is there while the service runs.

use super::library::Library;
use super::seeding;
use crate::error::{Context, Failure};
use crate::ledger::{self, Books, Ledger, Wealth};
use crate::orders::{Orders, Payers};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

const BOOKS: &str = "SELECT \
    (SELECT COALESCE(sum(CASE direction WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0) FROM postings), \
    (SELECT COALESCE(sum(cash_fen + iap_fen + bonus_fen), 0) FROM wallets) - \
    (SELECT COALESCE(sum(CASE direction WHEN 'credit' THEN amount_fen ELSE -amount_fen END), 0) FROM postings \
     WHERE account IN ('user_cash', 'user_iap', 'user_bonus')), \
    (SELECT count(*) FROM wallets WHERE min(cash_fen, iap_fen, bonus_fen, debt_fen) < 0)";
const PAID: &str = "SELECT count(*) FROM orders WHERE status = 'paid' AND order_no >= ?1 AND order_no < ?2";
const BOOKED: &str =
    "SELECT count(*) FROM journal_entries WHERE kind = 'pay_from_balance' AND reference >= ?1 AND reference < ?2";

/// A file and its address.
pub(crate) struct SqliteLedger {
    file: PathBuf,
    url: String,
}

impl SqliteLedger {
    /// A new file with the service's schema.
    pub(crate) fn create(service: &Path, folder: &Path) -> Result<Self, Failure> {
        let file = folder.join("edupay.db");
        let url = format!("sqlite://{}", file.display());
        ledger::migrate(service, &url, folder)?;
        Ok(Self { file, url })
    }

    /// A connection that pays by itself.
    pub(super) fn library(&self) -> Result<Library, Failure> {
        Library::open(&self.file)
    }

    fn open(&self) -> Result<Connection, Failure> {
        Connection::open(&self.file).context("the SQLite file can't be opened")
    }

    fn count(&self, sql: &str, orders: &Orders) -> Result<u64, Failure> {
        let count = self.open()?.query_one(sql, [orders.number(0), orders.end()], |row| row.get::<_, i64>(0));
        u64::try_from(count.context("paid orders")?).context("paid orders")
    }
}

impl Ledger for SqliteLedger {
    fn url(&self) -> &str {
        &self.url
    }

    fn add_users(&mut self, users: Payers, wealth: Wealth) -> Result<(), Failure> {
        seeding::users(&mut self.open()?, users, wealth).context("users can't be seeded")
    }

    fn add_orders(&mut self, orders: &Orders) -> Result<(), Failure> {
        seeding::orders(&mut self.open()?, orders).context("orders can't be seeded")
    }

    fn tidy(&mut self) -> Result<(), Failure> {
        self.open()?.execute_batch("ANALYZE").context("ANALYZE")
    }

    fn checkpoint(&mut self) -> Result<(), Failure> {
        let pragma = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.open()?.query_one(pragma, [], |_| Ok(())).context("the checkpoint")
    }

    fn paid(&mut self, orders: &Orders) -> Result<(u64, u64), Failure> {
        Ok((self.count(PAID, orders)?, self.count(BOOKED, orders)?))
    }

    fn books(&mut self) -> Result<Books, Failure> {
        let books = self.open()?.query_one(BOOKS, [], |row| {
            Ok(Books { difference: row.get(0)?, drift: row.get(1)?, below_zero: row.get(2)? })
        });
        books.context("the books")
    }
}
