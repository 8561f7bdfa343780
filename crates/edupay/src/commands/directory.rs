//! The data directory: whose it is, and whether it is new.

use crate::error::{Context, Failure};
use crate::settings::Settings;
use edupay_persistence::DatabaseUrl;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Held as long as a server runs on a SQLite file: a second one would not know of the first.
pub(super) struct ServerLock {
    _file: Option<File>,
}

/// Takes the file for this server alone. PostgreSQL may have several servers.
pub(super) fn lock(settings: &Settings) -> Result<ServerLock, Failure> {
    let DatabaseUrl::Sqlite(path) = settings.database()? else { return Ok(ServerLock { _file: None }) };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).context("data_dir")?;
    }
    let mut name = path.into_os_string();
    name.push(".server.lock");
    let file = File::create(PathBuf::from(&name)).context("data_dir")?;
    match file.try_lock() {
        Ok(()) => Ok(ServerLock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::setting("database_url", "another edupay serves this SQLite file"))
        }
        Err(TryLockError::Error(error)) => Err(Failure::caused("data_dir", error)),
    }
}

/// A tool that only reads must not make an empty database of a wrong path.
pub(super) fn expect_database(settings: &Settings) -> Result<(), Failure> {
    match settings.database()? {
        DatabaseUrl::Sqlite(path) if !path.is_file() => {
            Err(Failure::setting("database_url", format!("there is no database at {}", path.display())))
        }
        _ => Ok(()),
    }
}

/// A new directory of its own below the system's temporary one.
pub(super) fn temporary() -> Result<PathBuf, Failure> {
    let name = format!("edupay-demo-{}", u64::from_ne_bytes(crate::adapters::random()));
    let path = std::env::temp_dir().join(name);
    fs::create_dir(&path).context("data_dir")?;
    restrict(&path)?;
    Ok(path)
}

/// Makes a data directory if there is none, and nobody else's.
pub(super) fn private(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).context("data_dir")?;
    restrict(path)
}

/// Nobody else reads a data directory.
#[cfg(unix)]
fn restrict(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).context("data_dir")
}

/// Nobody else reads a data directory, as far as the system can tell.
#[cfg(not(unix))]
fn restrict(_: &Path) -> Result<(), Failure> {
    Ok(())
}
