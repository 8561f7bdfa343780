//! The command line.

use clap::{Parser, ValueEnum};
use std::fmt;
use std::path::PathBuf;

/// Breaks the real service in every way that is asked for, under load, and then looks for money that
/// was lost, doubled or made up. Exit status 1 when an invariant is violated.
#[derive(Debug, Clone, Parser)]
#[command(name = "edupay-harness", version)]
pub(crate) struct Options {
    /// Where the service keeps its data
    #[arg(long, value_enum)]
    pub(crate) db: Store,
    /// What is done to it
    #[arg(long, value_enum)]
    pub(crate) fault: Fault,
    /// How many times
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) rounds: u32,
    /// What decides everything that is random [default: of this moment]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Go on with rounds until at least so many operations were acknowledged
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) operations: u64,
    /// The service's program
    #[arg(long, value_name = "FILE", default_value = "target/release/edupay")]
    pub(crate) service: PathBuf,
    /// Keep everything in this folder, also when all is well
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// How many clients are busy at once
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub(crate) clients: u64,
    /// All invariants are checked after so many rounds, and at the end
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) check_every: u32,
    /// Where initdb and pg_ctl are [default: found]
    #[arg(long, value_name = "DIR")]
    pub(crate) postgres_bin: Option<PathBuf>,
    /// The service has this planted bug, and it must be caught (exit status 0 when it is)
    #[arg(long, value_name = "NAME")]
    pub(crate) planted: Option<String>,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// A SQLite file
    Sqlite,
    /// A PostgreSQL cluster of the harness
    Postgres,
}

/// What a round does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// kill -9 of the service; one in ten is a SIGTERM
    Kill,
    /// SIGTERM of the service: no request may be cut
    Term,
    /// An immediate stop of PostgreSQL
    Pgkill,
    /// pg_terminate_backend of every connection
    Pgbackend,
    /// The service or PostgreSQL stands still for 3 to 10 seconds
    Pause,
    /// Connections to PostgreSQL are cut, also in the middle of a commit
    Cut,
    /// The gateway misbehaves
    Gateway,
    /// Every fail point with every action, one after the other; --rounds is of no use
    Failpoints,
    /// All that the database allows, while the gateway misbehaves
    Mix,
}

impl Options {
    /// The seed that was asked for, or one that nobody chose.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |now| u64::from(now.subsec_micros()).wrapping_add(now.as_secs() << 20)) & 0xFFFF_FFFF
        })
    }

    /// Why this can't be done, if it can't.
    pub(crate) fn objection(&self) -> Option<&'static str> {
        let of_postgres = matches!(self.fault, Fault::Pgkill | Fault::Pgbackend | Fault::Cut);
        if of_postgres && self.db == Store::Sqlite {
            return Some("this fault needs --db postgres");
        }
        (!self.service.is_file()).then_some("--service: there is no such program")
    }

    /// The command that does the same again.
    pub(crate) fn again(&self, seed: u64) -> String {
        let mut line = format!(
            "edupay-harness --db {} --fault {} --rounds {} --seed {seed} --operations {} --clients {} --check-every {} --service {}",
            self.db,
            self.fault,
            self.rounds,
            self.operations,
            self.clients,
            self.check_every,
            self.service.display()
        );
        if let Some(planted) = &self.planted {
            line.push_str(&format!(" --planted {planted}"));
        }
        line
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "kill",
            Self::Term => "term",
            Self::Pgkill => "pgkill",
            Self::Pgbackend => "pgbackend",
            Self::Pause => "pause",
            Self::Cut => "cut",
            Self::Gateway => "gateway",
            Self::Failpoints => "failpoints",
            Self::Mix => "mix",
        })
    }
}
