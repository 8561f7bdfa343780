//! Ping++'s own SDKs, from PyPI and npm and unchanged but for the base URL, against the sandbox.
//!
//! The SDKs are fetched once, by `pip` and `npm`, into `sdk` in the build directory. Where there is
//! no Python, no Node or no network, the test says so and passes: what the SDKs do on the wire is
//! also held by the tests of the sandbox's crate.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

use super::support::demo::{Program, edupay, texts};

/// A sandbox of its own, without a service.
struct Sandbox {
    program: Program,
    folder: TempDir,
}

impl Sandbox {
    fn start() -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let mut command = edupay();
        command.arg("sandbox").arg("--data-dir").arg(folder.path()).args(["--sandbox-listen", "127.0.0.1:0"]);
        let program = Program::start(command, &folder.path().join("stderr.log"));
        Self { program, folder }
    }

    /// Runs a script with the sandbox's address and data directory; it must end well.
    #[track_caller]
    fn drive(&self, mut script: Command) {
        let address = self.program.addresses.sandbox.as_deref().expect("a sandbox has an address");
        let output = script.arg(address).arg(self.folder.path()).output().expect("the script runs");
        let (out, err) = texts(&output);
        assert!(output.status.success(), "{out}\n{err}");
        assert_eq!(out.trim(), "ok", "{err}");
    }
}

#[test]
fn the_python_sdk_finds_what_it_knows() {
    let home = home("python");
    let python = home.join("venv/bin/python");
    if !python.exists() && !has(OsStr::new("python3"), &["-c", "import venv, ensurepip"]) {
        return skip("python3 with venv is not here");
    }
    let ready = has(python.as_os_str(), &["-c", "import pingpp, Crypto"])
        || (succeeds(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pingpp", "pycryptodome"])));
    if !ready {
        return skip("pip could not install pingpp and pycryptodome");
    }
    let mut script = Command::new(python);
    script.arg(script_file("python_sdk.py"));
    Sandbox::start().drive(script);
}

#[test]
fn the_node_sdk_finds_what_it_knows() {
    if !has(OsStr::new("node"), &["--version"]) || !has(OsStr::new("npm"), &["--version"]) {
        return skip("node with npm is not here");
    }
    let home = home("node");
    let ready = home.join("node_modules/pingpp/package.json").exists()
        || succeeds(
            Command::new("npm").args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&home).arg("pingpp"),
        );
    if !ready {
        return skip("npm could not install pingpp");
    }
    let mut script = Command::new("node");
    script.env("NODE_PATH", home.join("node_modules")).arg(script_file("node_sdk.js"));
    Sandbox::start().drive(script);
}

/// Where an SDK is kept from one run to the next.
fn home(language: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../sdk").join(language);
    fs::create_dir_all(&home).expect("the build directory");
    home.canonicalize().expect("a directory just made")
}

fn script_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sdk").join(name)
}

fn has(program: &OsStr, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// Runs an installer; what it complained about is shown.
fn succeeds(command: &mut Command) -> bool {
    let output: Output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("{command:?}: {error}");
            return false;
        }
    };
    if !output.status.success() {
        let (out, err) = texts(&output);
        eprintln!("{command:?}: {out}\n{err}");
    }
    output.status.success()
}

fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}
