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

/// What libpq is told where the URL says nothing of it: without these a connection to a machine that
/// is gone waits for minutes. The server learns whose connection it is.
const WAITS: [(&str, &str); 6] = [
    ("connect_timeout", "2"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "5000"),
    ("application_name", "edupay"),
];

impl DatabaseUrl {
    /// The same with an end to every wait of the client library, where the URL names none.
    pub(crate) fn with_bounded_waits(&self) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(path.clone()),
            Self::Postgres(url) => Self::Postgres(bounded(url)),
        }
    }
}

fn bounded(url: &str) -> String {
    let (base, query) = split_query(url);
    let named = |name: &str| query.split('&').any(|parameter| parameter.split('=').next() == Some(name));
    let absent = WAITS.iter().filter(|(name, _)| !named(name)).map(|(name, value)| format!("{name}={value}"));
    // Ours come first: libpq takes the last of two, so a name that is written with percent signs,
    // which is not known again here, still wins.
    let all: Vec<String> = absent.chain((!query.is_empty()).then(|| query.to_owned())).collect();
    format!("{base}?{}", all.join("&"))
}

/// The URL before its question mark and what is behind it, as libpq finds it: a name and password
/// end at the first @, if no slash comes before it, and may hold question marks.
fn split_query(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at.saturating_add(3));
    let rest = url.get(start..).unwrap_or_default();
    let hosts = match rest.find(['@', '/']) {
        Some(at) if rest.get(at..).is_some_and(|rest| rest.starts_with('@')) => start.saturating_add(at),
        _ => start,
    };
    let mark = url.get(hosts..).and_then(|rest| rest.find('?')).map(|at| hosts.saturating_add(at));
    match mark.and_then(|at| url.split_at_checked(at)) {
        Some((base, query)) => (base, query.strip_prefix('?').unwrap_or(query)),
        None => (url, ""),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "connect_timeout=2&keepalives_idle=5&keepalives_interval=2&keepalives_count=3\
        &tcp_user_timeout=5000&application_name=edupay";

    #[test]
    fn every_shape_of_url_gets_the_waits_it_lacks() {
        for (url, expected) in [
            ("postgres://host/db", "postgres://host/db?ALL"),
            ("postgresql://u:p@host:5433/db", "postgresql://u:p@host:5433/db?ALL"),
            ("postgres://host", "postgres://host?ALL"),
            ("postgres://host/db?", "postgres://host/db?ALL"),
            ("postgres://host/db?sslmode=require", "postgres://host/db?ALL&sslmode=require"),
            ("postgres://h1:1,h2:2,h3:3/db", "postgres://h1:1,h2:2,h3:3/db?ALL"),
            (
                "postgres://u:p@h1,h2/db?target_session_attrs=read-write",
                "postgres://u:p@h1,h2/db?ALL&target_session_attrs=read-write",
            ),
            ("postgres://[2001:db8::1]:5432/db", "postgres://[2001:db8::1]:5432/db?ALL"),
            ("postgres:///db?host=/run/postgresql", "postgres:///db?ALL&host=/run/postgresql"),
            ("postgres:///db?host=/run&user=a@b", "postgres:///db?ALL&host=/run&user=a@b"),
            ("postgres://u@%2Frun/db", "postgres://u@%2Frun/db?ALL"),
            ("postgres://u:p%40ss%3Fword@host/db", "postgres://u:p%40ss%3Fword@host/db?ALL"),
            ("postgres://u:p?ss@host/db", "postgres://u:p?ss@host/db?ALL"),
            ("postgres://u:p?ss@host/db?sslmode=disable", "postgres://u:p?ss@host/db?ALL&sslmode=disable"),
        ] {
            assert_eq!(bounded(url), expected.replace("ALL", ALL), "{url}");
        }
    }

    #[test]
    fn what_the_url_says_stays() {
        for name in WAITS.map(|(name, _)| name) {
            let url = bounded(&format!("postgres://host/db?sslmode=require&{name}=77"));
            assert!(url.ends_with(&format!("&sslmode=require&{name}=77")), "{url}");
            assert_eq!(url.matches(&format!("{name}=")).count(), 1, "{url}");
            assert_eq!(bounded(&url), url, "a second time adds nothing");
        }
    }

    #[test]
    fn a_file_is_left_as_it_is() {
        let url = DatabaseUrl::Sqlite(PathBuf::from("a?b.db"));
        assert_eq!(url.with_bounded_waits(), url);
    }
}
