//! The fuzz targets are no part of the workspace, and each has seeds and a test that needs no fuzzer.

use super::crates::workspace;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder, without what stands behind the last dot.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
}

/// The targets that a test of ours holds.
fn held(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            held(&path, found);
        } else if path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("fuzzing")) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let calls = text.split("hold(\"").skip(1);
            found.extend(calls.filter_map(|call| call.split_once('"')).map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn no_build_of_ours_has_the_fuzzer() {
    let workspace = workspace();
    for package in workspace.workspace_packages() {
        assert_ne!(package.name.as_str(), "edupay-fuzz");
        assert!(package.dependencies.iter().all(|dependency| dependency.name != "libfuzzer-sys"), "{}", package.name);
    }
}

#[test]
fn each_fuzz_target_has_seeds_and_a_test_without_the_fuzzer() {
    let fuzz = crates().join("edupay-fuzz");
    let targets = names(&fuzz.join("fuzz_targets"));
    assert!(!targets.is_empty(), "no targets");
    assert_eq!(names(&fuzz.join("seeds")), targets);
    let mut tested = BTreeSet::new();
    for name in names(&crates()) {
        let source = crates().join(name).join("src");
        if source.is_dir() {
            held(&source, &mut tested);
        }
    }
    assert_eq!(tested, targets);
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("the manifest");
    for target in targets {
        assert!(manifest.contains(&format!("fuzz_targets/{target}.rs")), "{target} is not in the manifest");
    }
}
