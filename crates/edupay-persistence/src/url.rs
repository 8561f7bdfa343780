//! Which database: a file or a server.

use std::path::PathBuf;
use std::str::FromStr;
use thiserror::Error;

/// Neither `sqlite://path` nor `postgres://…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a database url is sqlite://path or postgres://user@host/name")]
pub struct BadUrl;

/// Where the data lies: `sqlite://path` or `postgres://…`. Never printed, since it may hold a
/// password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server, by libpq's URL.
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres(text.to_owned())),
            _ => Err(BadUrl),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}
