//! The service's database, looked at from beside it: rows as text, the same question to both kinds.

mod cluster;

pub(crate) use cluster::Cluster;

use crate::error::{Doing, Failure};
use postgres::{Client, NoTls, SimpleQueryMessage};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::path::PathBuf;
use std::time::Duration;

/// A row; what is null is empty.
pub(crate) type Row = Vec<String>;

/// Where the database is.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite(PathBuf),
    /// The address of the database itself, with nothing in between.
    Postgres(String),
}

/// A connection that looks.
pub(crate) enum Eye {
    Sqlite(Connection),
    Postgres(Box<Client>),
}

impl Database {
    pub(crate) fn open(&self) -> Result<Eye, Failure> {
        match self {
            Self::Sqlite(file) => {
                let connection = Connection::open(file).doing("the SQLite file can't be opened")?;
                connection.busy_timeout(Duration::from_secs(20)).doing("the SQLite file can't be opened")?;
                Ok(Eye::Sqlite(connection))
            }
            Self::Postgres(url) => {
                Ok(Eye::Postgres(Box::new(Client::connect(url, NoTls).doing("PostgreSQL can't be reached")?)))
            }
        }
    }

    /// How bytes are written in a statement.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Sqlite(_) => format!("X'{hex}'"),
            Self::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }
}

impl Eye {
    /// Statements that change something.
    pub(crate) fn execute(&mut self, sql: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).doing("a statement"),
            Self::Postgres(client) => client.batch_execute(sql).doing("a statement"),
        }
    }

    /// From here on everything is seen as it is at one moment, until [`Eye::look_up`].
    pub(crate) fn look_down(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("BEGIN").doing("a snapshot"),
            Self::Postgres(client) => {
                client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").doing("a snapshot")
            }
        }
    }

    /// Ends the snapshot.
    pub(crate) fn look_up(&mut self) -> Result<(), Failure> {
        self.execute("COMMIT")
    }

    /// The rows of a question.
    pub(crate) fn rows(&mut self, sql: &str) -> Result<Vec<Row>, Failure> {
        match self {
            Self::Sqlite(connection) => sqlite_rows(connection, sql).doing(first_words(sql)),
            Self::Postgres(client) => postgres_rows(client, sql).doing(first_words(sql)),
        }
    }
}

fn sqlite_rows(connection: &Connection, sql: &str) -> Result<Vec<Row>, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|column| row.get_ref(column).map(text));
        all.push(cells.collect::<Result<Row, _>>()?);
    }
    Ok(all)
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn postgres_rows(client: &mut Client, sql: &str) -> Result<Vec<Row>, postgres::Error> {
    let messages = client.simple_query(sql)?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.map(|row| (0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect()).collect())
}

fn first_words(sql: &str) -> String {
    sql.chars().take(60).collect()
}
