//! What can be broken, and on what.

use clap::ValueEnum;
use std::fmt;

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
    /// Another start with a clock that is a day ahead, a day behind or right, while the gateway misbehaves
    Clock,
    /// Every fail point with every action, one after the other; --rounds is of no use
    Failpoints,
    /// All that the database allows, while the gateway misbehaves
    Mix,
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
            Self::Clock => "clock",
            Self::Failpoints => "failpoints",
            Self::Mix => "mix",
        })
    }
}
