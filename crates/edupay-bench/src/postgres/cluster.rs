//! The throw-away PostgreSQL that `scripts/with-postgres.sh` has started, and its programs.

use crate::error::{Context, Failure};
use crate::machine::{Fact, file_system};
use crate::options::Plan;
use crate::progress::note;
use postgres::{Client, NoTls};
use std::path::{Path, PathBuf};

const URL: &str = "EDUPAY_TEST_POSTGRES_URL";
const PROGRAMS: &str = "EDUPAY_TEST_POSTGRES_BIN";
const DATA: &str = "EDUPAY_TEST_POSTGRES_DATA";
/// What decides how fast a commit is, and what the cluster says of it.
const SETTINGS: [&str; 5] = ["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"];

/// A cluster that databases can be made in.
pub(crate) struct Cluster {
    url: String,
    programs: Option<PathBuf>,
}

impl Cluster {
    /// The one that the environment names.
    pub(crate) fn find() -> Result<Self, Failure> {
        let missing = || Failure::new(format!("{URL} is not set: start this by scripts/bench.sh"));
        let url = std::env::var(URL).map_err(|_| missing())?;
        Ok(Self { url, programs: std::env::var_os(PROGRAMS).map(PathBuf::from) })
    }

    /// The address of a database of this name.
    pub(crate) fn database(&self, name: &str) -> Result<String, Failure> {
        let (address, parameters) = self.url.split_once('?').map_or((self.url.as_str(), None), |(a, p)| (a, Some(p)));
        let Some((server, _)) = address.rsplit_once('/') else {
            return Err(Failure::new(format!("{URL} names no database")));
        };
        Ok(parameters.map_or_else(|| format!("{server}/{name}"), |parameters| format!("{server}/{name}?{parameters}")))
    }

    /// A connection to the database that is always there.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        Client::connect(&self.url, NoTls).context("PostgreSQL can't be reached")
    }

    /// Where pgbench is.
    pub(crate) fn pgbench(&self) -> Result<PathBuf, Failure> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.programs.iter().cloned().chain(std::env::split_paths(&path));
        let found = folders.map(|folder| folder.join("pgbench")).find(|program| program.is_file());
        found.ok_or_else(|| {
            Failure::new("pgbench is neither beside the server nor on PATH; on Debian: apt-get install postgresql")
        })
    }
}

/// A throw-away cluster ends with this program, so whoever wants to look into it keeps it waiting.
pub(crate) fn hold(plan: &Plan) -> Result<(), Failure> {
    if plan.needs_postgres() {
        let url = Cluster::find()?.database("edupay_bench")?;
        note(format_args!("PostgreSQL stays until you press Enter: {url} (growth: …_small, …_large)"));
        let _ = std::io::stdin().read_line(&mut String::new());
    }
    Ok(())
}

/// What the cluster is, for the report.
pub(crate) fn facts() -> Result<Vec<Fact>, Failure> {
    let mut client = Cluster::find()?.connect()?;
    let mut settings = Vec::new();
    for setting in SETTINGS {
        let row = client.query_one("SELECT current_setting($1)", &[&setting]).context("no settings")?;
        settings.push(format!("{setting} {}", row.get::<_, String>(0)));
    }
    let mut facts = vec![("PostgreSQL", settings.join(", "))];
    if let Some(data) = std::env::var_os(DATA) {
        // The data folder is closed to others; what holds it is not.
        facts.push(("PostgreSQL's files", file_system(Path::new(&data))));
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_in_the_place_of_the_first_one() {
        let database = |url: &str| Cluster { url: url.to_owned(), programs: None }.database("bench").unwrap();
        assert_eq!(database("postgres://postgres@127.0.0.1:1/postgres"), "postgres://postgres@127.0.0.1:1/bench");
        assert_eq!(database("postgres://h/postgres?sslmode=disable"), "postgres://h/bench?sslmode=disable");
    }
}
