//! One database of the cluster, with the service's schema.

use super::cluster::Cluster;
use super::seeding;
use crate::error::{Context, Failure};
use crate::ledger::{self, Books, Ledger, Wealth};
use crate::orders::{Orders, Payers};
use postgres::{Client, NoTls};
use std::path::Path;

const BOOKS: &str = "SELECT \
    (SELECT COALESCE(sum(CASE direction WHEN 'debit' THEN amount_fen ELSE -amount_fen END), 0)::BIGINT FROM postings), \
    (SELECT COALESCE(sum(cash_fen + iap_fen + bonus_fen), 0)::BIGINT FROM wallets) - \
    (SELECT COALESCE(sum(CASE direction WHEN 'credit' THEN amount_fen ELSE -amount_fen END), 0)::BIGINT FROM postings \
     WHERE account IN ('user_cash', 'user_iap', 'user_bonus')), \
    (SELECT count(*) FROM wallets WHERE least(cash_fen, iap_fen, bonus_fen, debt_fen) < 0)";
const PAID: &str = "SELECT count(*) FROM orders WHERE status = 'paid' AND order_no >= $1 AND order_no < $2";
const BOOKED: &str =
    "SELECT count(*) FROM journal_entries WHERE kind = 'pay_from_balance' AND reference >= $1 AND reference < $2";

/// A connection beside the service's, as the superuser.
pub(crate) struct PostgresLedger {
    name: &'static str,
    url: String,
    client: Client,
}

impl PostgresLedger {
    /// A new database of this name with the service's schema and pgbench's function.
    pub(crate) fn create(
        cluster: &Cluster,
        name: &'static str,
        service: &Path,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let mut client = cluster.connect()?;
        let create = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE); CREATE DATABASE {name}");
        for statement in create.split(';') {
            client.batch_execute(statement).context(format!("the database {name} can't be made"))?;
        }
        let url = cluster.database(name)?;
        ledger::migrate(service, &url, folder)?;
        let mut client = Client::connect(&url, NoTls).context("the new database can't be reached")?;
        client.batch_execute(include_str!("bench_pay.sql")).context("bench_pay can't be made")?;
        Ok(Self { name, url, client })
    }

    /// Drops the database.
    pub(crate) fn remove(self, cluster: &Cluster) -> Result<(), Failure> {
        let Self { name, client, .. } = self;
        drop(client);
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        cluster.connect()?.batch_execute(&drop).context(format!("the database {name} can't be dropped"))
    }

    fn seed(&mut self, statements: &str, what: &str) -> Result<(), Failure> {
        // Foreign keys are right by construction here; checking them would double the time.
        let statements = format!(
            "BEGIN; SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off; {statements} COMMIT;"
        );
        self.client.batch_execute(&statements).context(format!("{what} can't be seeded"))
    }

    fn count(&mut self, sql: &str, orders: &Orders) -> Result<u64, Failure> {
        let row = self.client.query_one(sql, &[&orders.number(0), &orders.end()]).context("paid orders")?;
        u64::try_from(row.get::<_, i64>(0)).context("paid orders")
    }
}

impl Ledger for PostgresLedger {
    fn url(&self) -> &str {
        &self.url
    }

    fn add_users(&mut self, users: Payers, wealth: Wealth) -> Result<(), Failure> {
        self.seed(&seeding::users(users, wealth), "users")
    }

    fn add_orders(&mut self, orders: &Orders) -> Result<(), Failure> {
        self.seed(&seeding::orders(orders), "orders")
    }

    fn tidy(&mut self) -> Result<(), Failure> {
        self.client.batch_execute("VACUUM ANALYZE").context("VACUUM")
    }

    fn checkpoint(&mut self) -> Result<(), Failure> {
        self.client.batch_execute("VACUUM").context("VACUUM")?;
        self.client.batch_execute("CHECKPOINT").context("CHECKPOINT")
    }

    fn paid(&mut self, orders: &Orders) -> Result<(u64, u64), Failure> {
        Ok((self.count(PAID, orders)?, self.count(BOOKED, orders)?))
    }

    fn books(&mut self) -> Result<Books, Failure> {
        let row = self.client.query_one(BOOKS, &[]).context("the books")?;
        Ok(Books { difference: row.get(0), drift: row.get(1), below_zero: row.get(2) })
    }
}
