//! Apple's own library, from PyPI, over the same texts: its verdicts are ours, but for those that the
//! fixtures name with a reason.
//!
//! The library is fetched once, by `pip`, into `sdk` in the build directory. Where there is no Python or
//! no network, the test says so and passes: our own verdicts are held by the other tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edupay_appstore::SignedKind;
use serde_json::json;
use tempfile::TempDir;

use crate::fixtures::{self, Apple};
use crate::refusals::verdict;
use crate::shop::BUNDLE_ID;

/// The version whose verdicts are compared.
const LIBRARY: &str = "app-store-server-library==3.1.2";

#[test]
fn apples_own_library_agrees() {
    let home = home();
    let python = home.join("venv/bin/python");
    if !python.exists() && !succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        return skip("python3 with venv is not here");
    }
    let ready = python.exists() && succeeds(Command::new(&python).args(["-c", "import appstoreserverlibrary"]))
        || (succeeds(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", LIBRARY])));
    if !ready {
        return skip("pip could not install app-store-server-library");
    }

    let all = fixtures::all();
    let texts: Vec<_> = all
        .iter()
        .map(|one| {
            let kind = match one.kind {
                SignedKind::Transaction => "transaction",
                SignedKind::Notification => "notification",
            };
            json!({ "name": one.name, "kind": kind, "root": STANDARD.encode(&one.root), "signed": one.signed })
        })
        .collect();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fixtures.json");
    fs::write(&file, json!({ "bundle_id": BUNDLE_ID, "fixtures": texts }).to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle/apple.py");
    let output = Command::new(&python).arg(script).arg(&file).output().expect("the script runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let apple: BTreeMap<String, bool> = serde_json::from_slice(&output.stdout).expect("verdicts");

    assert_eq!(apple.len(), all.len(), "each text has a name of its own and a verdict");
    for fixture in &all {
        let ours = verdict(fixture).is_ok();
        let expected = match fixture.apple {
            Apple::Agrees => ours,
            Apple::Accepts(_) => true,
        };
        assert_eq!(apple[fixture.name], expected, "{}: Apple's verdict; ours is {ours}", fixture.name);
        assert!(fixture.apple == Apple::Agrees || !ours, "{}: no longer an exception", fixture.name);
    }
}

/// Where the library is kept from one run to the next.
fn home() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../sdk/app-store");
    fs::create_dir_all(&home).expect("the build directory");
    home.canonicalize().expect("a directory just made")
}

/// Runs a command to its end; what it complained about is shown.
fn succeeds(command: &mut Command) -> bool {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            eprintln!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
            false
        }
        Err(error) => {
            eprintln!("{command:?}: {error}");
            false
        }
    }
}

fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
