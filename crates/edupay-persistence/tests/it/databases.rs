//! Databases to test on: a new SQLite file, and a new database of the PostgreSQL cluster that
//! `EDUPAY_TEST_POSTGRES_URL` names.

use async_trait::async_trait;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use edupay_domain::accounts::{UserStore, WalletStore};
use edupay_domain::app_store::{AppStoreInbox, AppStorePurchaseStore};
use edupay_domain::cashier::CashierLinkStore;
use edupay_domain::event_delivery::{DeliveryStore, EndpointStore};
use edupay_domain::idempotency::IdempotencyStore;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::LedgerStore;
use edupay_domain::orders::OrderStore;
use edupay_domain::packages::{CampusStore, CatalogueStore, PackageStore};
use edupay_domain::payments::{ChargeStore, InboxStore, ReceiptStore};
use edupay_domain::products::{CourseStore, ProductStore};
use edupay_domain::reconciliation::{OurBooks, ReconciliationStore};
use edupay_domain::recovery::ReviewStore;
use edupay_domain::refunds::RefundStore;
use edupay_domain::top_ups::TopUpStore;
use edupay_persistence::{DatabaseUrl, SqlStore, StoreOptions};
use edupay_testkit::contract::{DeliveryHarness, RecordedEvent, StoreHarness};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

const POSTGRES: &str = "EDUPAY_TEST_POSTGRES_URL";

/// A store with its database, which goes away with it where it is a file.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) store: SqlStore,
    pub(crate) url: DatabaseUrl,
    pub(crate) _folder: Option<Arc<TempDir>>,
}

/// A new SQLite file with the schema.
pub(crate) fn sqlite() -> Database {
    let database = empty_sqlite();
    database.store.migrate().unwrap();
    database
}

/// A new SQLite file with the schema, and a store of these options.
pub(crate) fn sqlite_with(options: StoreOptions) -> Database {
    let database = new_sqlite(options);
    database.store.migrate().unwrap();
    database
}

/// A new SQLite file without the schema.
pub(crate) fn empty_sqlite() -> Database {
    new_sqlite(StoreOptions::default())
}

fn new_sqlite(options: StoreOptions) -> Database {
    let folder = TempDir::new().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("edupay.db"));
    let store = SqlStore::connect(&url, options).unwrap();
    Database { store, url, _folder: Some(Arc::new(folder)) }
}

/// One PostgreSQL database with the schema, shared by the tests of this program; `None`, with the
/// reason printed, where there is no cluster.
pub(crate) fn postgres() -> Option<Database> {
    static SHARED: OnceLock<Option<Database>> = OnceLock::new();
    SHARED
        .get_or_init(|| {
            let database = empty_postgres()?;
            database.store.migrate().unwrap();
            Some(database)
        })
        .clone()
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what did not run")]
fn skipped() {
    eprintln!("skipped: {POSTGRES} is not set (scripts/test.sh sets it)");
}

/// A new PostgreSQL database without the schema.
pub(crate) fn empty_postgres() -> Option<Database> {
    empty_postgres_with(StoreOptions { postgres_connections: 16, ..StoreOptions::default() })
}

/// The same with a store of these options.
pub(crate) fn empty_postgres_with(options: StoreOptions) -> Option<Database> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Ok(cluster) = std::env::var(POSTGRES) else {
        skipped();
        return None;
    };
    let name = format!("persistence_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    PgConnection::establish(&cluster).unwrap().batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    let (server, _) = cluster.rsplit_once('/').unwrap();
    let url = DatabaseUrl::Postgres(format!("{server}/{name}"));
    let store = SqlStore::connect(&url, options).unwrap();
    Some(Database { store, url, _folder: None })
}

#[derive(QueryableByName)]
struct OutboxRow {
    #[diesel(sql_type = Text)]
    event_id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    payload: String,
    #[diesel(sql_type = BigInt)]
    occurred_at: i64,
}

impl Database {
    /// The same database through another store.
    pub(crate) fn with_store(self, store: SqlStore) -> Self {
        Self { store, ..self }
    }

    /// Runs statements on a connection of its own; what the database said when it refused.
    pub(crate) fn execute(&self, sql: &str) -> Result<(), String> {
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection.batch_execute("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;").unwrap();
                connection.batch_execute(sql).map_err(|error| error.to_string())
            }
            DatabaseUrl::Postgres(url) => {
                PgConnection::establish(url).unwrap().batch_execute(sql).map_err(|error| error.to_string())
            }
        }
    }

    /// What a statement counts, in its column `count`.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let row: CountRow = match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                diesel::sql_query(sql).get_result(&mut connection).unwrap()
            }
            DatabaseUrl::Postgres(url) => {
                diesel::sql_query(sql).get_result(&mut PgConnection::establish(url).unwrap()).unwrap()
            }
        };
        row.count
    }

    fn outbox_rows(&self, user_id: UserId) -> Vec<OutboxRow> {
        let query = format!(
            "SELECT event_id, kind, payload, occurred_at FROM outbox WHERE user_id = {user_id} ORDER BY occurred_at, event_id"
        );
        match &self.url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                diesel::sql_query(query).load(&mut connection).unwrap()
            }
            DatabaseUrl::Postgres(url) => {
                diesel::sql_query(query).load(&mut PgConnection::establish(url).unwrap()).unwrap()
            }
        }
    }
}

fn recorded(row: OutboxRow) -> RecordedEvent {
    let payload: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&row.payload).unwrap();
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    RecordedEvent {
        id: row.event_id,
        kind: row.kind,
        at: chrono::DateTime::from_timestamp_micros(row.occurred_at).unwrap(),
        fields: payload.into_iter().map(|(name, value)| (name, text(value))).collect(),
    }
}

#[async_trait]
impl StoreHarness for Database {
    fn users(&self) -> Arc<dyn UserStore> {
        Arc::new(self.store.clone())
    }
    fn wallets(&self) -> Arc<dyn WalletStore> {
        Arc::new(self.store.clone())
    }
    fn ledger(&self) -> Arc<dyn LedgerStore> {
        Arc::new(self.store.clone())
    }
    fn app_store_purchases(&self) -> Arc<dyn AppStorePurchaseStore> {
        Arc::new(self.store.clone())
    }
    fn app_store_inbox(&self) -> Arc<dyn AppStoreInbox> {
        Arc::new(self.store.clone())
    }
    fn products(&self) -> Arc<dyn ProductStore> {
        Arc::new(self.store.clone())
    }
    fn courses(&self) -> Arc<dyn CourseStore> {
        Arc::new(self.store.clone())
    }
    fn orders(&self) -> Arc<dyn OrderStore> {
        Arc::new(self.store.clone())
    }
    fn charges(&self) -> Arc<dyn ChargeStore> {
        Arc::new(self.store.clone())
    }
    fn receipts(&self) -> Arc<dyn ReceiptStore> {
        Arc::new(self.store.clone())
    }
    fn inbox(&self) -> Arc<dyn InboxStore> {
        Arc::new(self.store.clone())
    }
    fn top_ups(&self) -> Arc<dyn TopUpStore> {
        Arc::new(self.store.clone())
    }
    fn refunds(&self) -> Arc<dyn RefundStore> {
        Arc::new(self.store.clone())
    }
    fn packages(&self) -> Arc<dyn PackageStore> {
        Arc::new(self.store.clone())
    }
    fn campus(&self) -> Arc<dyn CampusStore> {
        Arc::new(self.store.clone())
    }
    fn catalogue(&self) -> Arc<dyn CatalogueStore> {
        Arc::new(self.store.clone())
    }
    fn idempotency(&self) -> Arc<dyn IdempotencyStore> {
        Arc::new(self.store.clone())
    }
    fn review(&self) -> Arc<dyn ReviewStore> {
        Arc::new(self.store.clone())
    }
    fn cashier_links(&self) -> Arc<dyn CashierLinkStore> {
        Arc::new(self.store.clone())
    }
    fn books(&self) -> Arc<dyn OurBooks> {
        Arc::new(self.store.clone())
    }
    fn reconciliations(&self) -> Arc<dyn ReconciliationStore> {
        Arc::new(self.store.clone())
    }

    async fn outbox(&self, user_id: UserId) -> Vec<RecordedEvent> {
        self.outbox_rows(user_id).into_iter().map(recorded).collect()
    }
}

impl DeliveryHarness for Database {
    fn endpoints(&self) -> Arc<dyn EndpointStore> {
        Arc::new(self.store.clone())
    }
    fn deliveries(&self) -> Arc<dyn DeliveryStore> {
        Arc::new(self.store.clone())
    }
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
}
