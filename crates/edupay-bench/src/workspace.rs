//! The folder for logs and SQLite files, removed at the end unless it is to be kept.

use crate::error::{Context, Failure};
use crate::options::Options;
use crate::progress::note;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of its own.
pub(crate) struct Workspace {
    folder: TempDir,
    is_kept: bool,
}

impl Workspace {
    pub(crate) fn create(options: &Options) -> Result<Self, Failure> {
        let parent = match &options.work_dir {
            Some(folder) => folder.clone(),
            None => beside_this_program()?,
        };
        let folder = tempfile::Builder::new().prefix("edupay-bench-").tempdir_in(&parent);
        let mut folder = folder.context(format!("no folder can be made in {}", parent.display()))?;
        folder.disable_cleanup(options.keep);
        Ok(Self { folder, is_kept: options.keep })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file or folder of this name.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new folder of this name.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.join(name);
        std::fs::create_dir_all(&path).context(format!("{} can't be made", path.display()))?;
        Ok(path)
    }

    /// Lets what lies in it stay when the program ends: a failure can be looked into.
    pub(crate) fn keep(&mut self) {
        self.is_kept = std::fs::read_dir(self.path()).is_ok_and(|mut files| files.next().is_some());
        self.folder.disable_cleanup(self.is_kept);
    }

    /// Whether it stays, and databases with it.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Says where everything is, if it is kept.
    pub(crate) fn close(self) {
        if self.is_kept {
            note(format_args!("Logs and SQLite files are kept in {}", self.path().display()));
        }
    }
}

/// In the target folder, as a rule: on a disk, and out of the way.
fn beside_this_program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().context("this program's own folder is unknown")?;
    Ok(program.parent().map_or_else(std::env::temp_dir, Path::to_owned))
}
