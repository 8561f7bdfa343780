//! Every migration exists twice, and can be undone twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(database: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database)
}

fn names(database: &str) -> BTreeSet<String> {
    let folder = folder(database);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn the_migrations_of_both_databases_are_twins() {
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty(), "no migrations");
    assert_eq!(sqlite, names("postgres"));
    for database in ["sqlite", "postgres"] {
        for name in &sqlite {
            for file in ["up.sql", "down.sql"] {
                let path = folder(database).join(name).join(file);
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(!text.trim().is_empty(), "{} is empty", path.display());
            }
        }
    }
}
