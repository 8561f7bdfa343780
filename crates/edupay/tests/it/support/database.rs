//! The database a demo runs on, and the hand that corrupts it from outside.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::demo::texts;

/// Where a demo keeps its rows.
pub(crate) enum Database {
    /// The demo's own file in its data directory.
    Sqlite,
    /// A database of its own on the test server, removed with the demo.
    Postgres(PostgresDatabase),
}

/// An empty database on the server of `EDUPAY_TEST_POSTGRES_URL`.
pub(crate) struct PostgresDatabase {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl PostgresDatabase {
    /// A new one; `None`, with the reason printed, where no server was named.
    pub(crate) fn create() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = env::var("EDUPAY_TEST_POSTGRES_URL") else {
            eprintln!("skipped: EDUPAY_TEST_POSTGRES_URL is unset (see scripts/with-postgres.sh)");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("edupay_e2e_{}_{count}", std::process::id());
        psql(&server, &format!("CREATE DATABASE {name}")).expect("a new database");
        let (base, _) = server.rsplit_once('/').expect("a database URL ends in /database");
        let url = format!("{base}/{name}");
        Some(Self { server, name, url })
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // Nothing depends on it: the server is a throw-away too. A second panic would abort.
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let dropped = psql_command(&self.server, &statement).output();
        if let Err(error) = dropped {
            eprintln!("database {} stays behind: {error}", self.name);
        }
    }
}

impl Database {
    /// Runs SQL behind the program's back; what it printed, or why the database refused.
    pub(crate) fn by_hand(&self, data_dir: &Path, sql: &str) -> Result<String, String> {
        match self {
            Self::Sqlite => sqlite(&sqlite_file(data_dir), sql),
            Self::Postgres(database) => psql(&database.url, sql),
        }
    }
}

/// The client program beside the server's programs, else the one on the PATH.
fn psql_command(url: &str, sql: &str) -> Command {
    let beside = env::var("EDUPAY_TEST_POSTGRES_BIN").map(|bin| PathBuf::from(bin).join("psql"));
    let program = beside.ok().filter(|path| path.exists()).unwrap_or_else(|| "psql".into());
    let mut command = Command::new(program);
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]).args([
        "--set",
        "ON_ERROR_STOP=1",
        "--dbname",
        url,
        "--command",
        sql,
    ]);
    command
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    printed(psql_command(url, sql))
}

/// The `sqlite3` program, or Python's module of that name: one of them is on most machines, and
/// the workspace's own SQLite must not be asked to judge itself.
fn sqlite(file: &Path, sql: &str) -> Result<String, String> {
    const PYTHON: &str = "import sqlite3, sys\n\
        connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n\
        for statement in sys.argv[2].split(';'):\n\
        \x20   for row in connection.execute(statement):\n\
        \x20       print('|'.join(str(value) for value in row))\n";
    let mut command = Command::new("sqlite3");
    if command.arg("--version").output().is_ok() {
        let mut command = Command::new("sqlite3");
        command.args(["-bail", "-batch", "-cmd", ".timeout 30000"]).arg(file).arg(sql);
        return printed(command);
    }
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON]).arg(file).arg(sql);
    printed(command)
}

fn printed(mut command: Command) -> Result<String, String> {
    let output = command.output().unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let (out, err) = texts(&output);
    if output.status.success() { Ok(out.trim().to_owned()) } else { Err(err) }
}

/// The file in the data directory that starts as every SQLite database does.
fn sqlite_file(data_dir: &Path) -> PathBuf {
    let is_database = |path: &PathBuf| {
        let mut start = [0; 16];
        File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && &start == b"SQLite format 3\0"
    };
    fs::read_dir(data_dir)
        .expect("the data directory is there")
        .map(|entry| entry.expect("a readable folder").path())
        .find(is_database)
        .expect("a SQLite database in the data directory")
}
