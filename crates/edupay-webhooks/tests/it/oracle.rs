//! The scheme's own library for Python, from PyPI, over what our sender sent.
//!
//! The library is fetched once, by `pip`, into `sdk` in the build directory. Where there is no Python or no
//! network, the test says so and passes: the signatures are held by the other tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use edupay_domain::event_delivery::EventMessage;
use serde_json::json;
use tempfile::TempDir;

use crate::receiver::{Receiver, message, secret, send};

const LIBRARY: &str = "standardwebhooks==1.0.0";

#[tokio::test]
async fn the_schemes_own_library_agrees() {
    let home = home();
    let python = home.join("venv/bin/python");
    if !python.exists() && !succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        return skip("python3 with venv is not here");
    }
    let ready = python.exists() && succeeds(Command::new(&python).args(["-c", "import standardwebhooks"]))
        || (succeeds(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", LIBRARY])));
    if !ready {
        return skip("pip could not install standardwebhooks");
    }

    let receiver = Receiver::saying("200 OK");
    // The library refuses what is older than five minutes.
    let at = chrono::DateTime::from_timestamp(seconds(), 0).unwrap();
    send(&EventMessage { secrets: vec![secret('B'), secret('A')], at, ..message(&receiver.url("/")) }).await;
    let received = receiver.received();
    let case = |secret: &str, body: &str, good: bool| json!({ "secret": secret, "body": body, "good": good });
    let cases = json!({
        "headers": received.headers,
        "cases": [
            case(secret('A').reveal(), &received.body, true),
            case(secret('B').reveal(), &received.body, true),
            case(secret('C').reveal(), &received.body, false),
            case(secret('A').reveal(), &received.body.replace("9900", "9901"), false),
        ],
    });
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cases.json");
    fs::write(&file, cases.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle/standard.py");
    let output = Command::new(&python).arg(script).arg(&file).output().expect("the script runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "4 verdicts agree");
}

fn seconds() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// Where the library is kept from one run to the next.
fn home() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../sdk/standard-webhooks");
    fs::create_dir_all(&home).expect("the build directory");
    home.canonicalize().expect("a directory just made")
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what did not run")]
fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
