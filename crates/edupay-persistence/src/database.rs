//! Which database, and the store on it.

use crate::blocking::Turns;
use crate::migrations::{self, MigrationReport, SchemaError, SchemaState};
use crate::pools::{self, Pools};
use crate::url::DatabaseUrl;
use diesel::prelude::*;
use edupay_domain::store::StoreError;
use thiserror::Error;

/// Why a database can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder of the file can't be made.
    #[error("the folder of the database file can't be made")]
    Folder(#[source] std::io::Error),
    /// No connection.
    #[error("the database can't be reached")]
    Connect(#[from] diesel::r2d2::PoolError),
    /// The schema is not the program's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How many connections.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// Connections to PostgreSQL.
    pub postgres_connections: u32,
    /// Reading connections to SQLite, beside its one writer.
    pub sqlite_readers: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { postgres_connections: 8, sqlite_readers: 4 }
    }
}

/// Every store port of the domain, on one database. Cheap to clone.
#[derive(Clone)]
pub struct SqlStore {
    pools: Pools,
    reads: Turns,
    writes: Turns,
    url: DatabaseUrl,
}

impl SqlStore {
    /// Connects. The schema is not looked at: see [`SqlStore::migrate`] and
    /// [`SqlStore::check_schema`]. Blocks.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn connect(url: &DatabaseUrl, options: StoreOptions) -> Result<Self, OpenError> {
        let (pools, reads, writes) = match url {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder).map_err(OpenError::Folder)?;
                }
                let pools = pools::sqlite(&path.display().to_string(), options.sqlite_readers)?;
                (pools, options.sqlite_readers.max(1), 1)
            }
            DatabaseUrl::Postgres(url) => {
                let size = options.postgres_connections.max(2);
                (pools::postgres(url, size)?, size, size)
            }
        };
        let reads = Turns::new(reads);
        // PostgreSQL has one pool for both, so both wait in one line.
        let writes = match url {
            DatabaseUrl::Sqlite(_) => Turns::new(writes),
            DatabaseUrl::Postgres(_) => reads.clone(),
        };
        Ok(Self { pools, reads, writes, url: url.clone() })
    }

    /// Brings the schema up to the program's, under a lock. Blocks.
    ///
    /// # Errors
    /// [`SchemaError`]: a newer or half-applied schema is left as it is.
    pub fn migrate(&self) -> Result<MigrationReport, SchemaError> {
        migrations::migrate(&self.pools, &self.url)
    }

    /// How the schema compares with the program's. Blocks.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub fn schema_state(&self) -> Result<SchemaState, SchemaError> {
        migrations::state(&self.pools)
    }

    /// Refuses any schema but the program's own. Blocks.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub fn check_schema(&self) -> Result<(), SchemaError> {
        migrations::check(&self.pools)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|conn| {
            let one = diesel::select(1_i32.into_sql::<diesel::sql_types::Integer>());
            crate::conn::on!(conn, c => one.get_result::<i32>(c))?;
            Ok(())
        })
        .await
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.pools
    }

    pub(crate) fn read_turns(&self) -> &Turns {
        &self.reads
    }

    pub(crate) fn write_turns(&self) -> &Turns {
        &self.writes
    }
}
