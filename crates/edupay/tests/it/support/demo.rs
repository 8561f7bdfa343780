//! The real binary, running `demo` on ports and a directory of its own.

use serde::Deserialize;
use serde_json::Value;
use std::cell::RefCell;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

use super::database::{Database, PostgresDatabase};
use super::http::{Reply, Request};
use super::patience::{DEADLINE, wait_for};
use super::sandbox::Sandbox;
use super::secrets;

/// No settings.
pub(crate) const NONE: &[(&str, &str)] = &[];

/// A running `edupay demo`. Dropped, it is killed, and its log is looked through for secrets; it is shown if
/// the test failed.
pub(crate) struct Demo {
    program: Program,
    /// `http://127.0.0.1:port` of the service.
    pub(crate) service: String,
    pub(crate) sandbox: Sandbox,
    // Dropped after the program that uses them.
    database: Database,
    folder: TempDir,
}

impl Demo {
    pub(crate) fn on_sqlite() -> Self {
        Self::start(Database::Sqlite, NONE)
    }

    /// `None`, with the reason printed, where the tests were given no PostgreSQL.
    pub(crate) fn on_postgres() -> Option<Self> {
        PostgresDatabase::create().map(|database| Self::start(Database::Postgres(database), NONE))
    }

    /// One on each database that there is, with settings of its own.
    pub(crate) fn with_settings(settings: &[(&str, &str)]) -> Vec<Self> {
        let postgres = PostgresDatabase::create().map(Database::Postgres);
        let databases = [Some(Database::Sqlite), postgres].into_iter().flatten();
        databases.map(|database| Self::start(database, settings)).collect()
    }

    /// One whose environment holds these settings.
    pub(crate) fn start(database: Database, settings: &[(&str, impl AsRef<OsStr>)]) -> Self {
        let folder = TempDir::new().expect("a temporary directory");
        let mut command = edupay();
        for (name, value) in settings {
            command.env(name, value);
        }
        command
            .args(["demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(data_dir(&folder));
        name_database(&mut command, &database);
        let program = Program::start(command, &folder.path().join("stderr.log"));
        let service = program.addresses.service.clone().expect("a demo serves");
        let address = program.addresses.sandbox.clone().expect("a demo has a sandbox");
        let sandbox = Sandbox::new(address, data_dir(&folder));
        Self { program, service, sandbox, database, folder }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        data_dir(&self.folder)
    }

    /// Asks the program to end, as an operator does, and waits until it has ended well.
    pub(crate) fn terminate(&self) {
        self.ask_to_end();
        let status = self.wait_for_end();
        assert!(status.success(), "{status}");
    }

    /// Asks the program to end and waits for nothing.
    pub(crate) fn ask_to_end(&self) {
        let terminate = format!("kill -TERM {}", self.pid());
        let sent = Command::new("sh").args(["-c", &terminate]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{terminate}");
    }

    pub(crate) fn wait_for_end(&self) -> ExitStatus {
        let ended = || self.program.child.borrow_mut().try_wait().expect("a child of ours");
        wait_for("the program to end", ended)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// Kills the program where it stands, as a power cut does.
    pub(crate) fn kill(&self) {
        let mut child = self.program.child.borrow_mut();
        child.kill().and_then(|()| child.wait()).expect("a child of ours");
    }

    /// Sends a request to the service.
    pub(crate) fn call(&self, request: Request) -> Reply {
        request.send(&self.service)
    }

    /// A subcommand of the same binary on this demo's data.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = edupay();
        command.args(arguments).arg("--data-dir").arg(self.data_dir());
        name_database(&mut command, &self.database);
        command
    }

    /// The same to its end.
    pub(crate) fn edupay(&self, arguments: &[&str]) -> Output {
        finish(&mut self.command(arguments))
    }

    /// Points a command at this demo's sandbox, as an operator points a service at the gateway.
    pub(crate) fn gateway_settings(&self, mut command: Command) -> Command {
        let keys = self.data_dir().join("sandbox");
        command
            .env("EDUPAY_PINGPP__API_BASE", self.sandbox.address())
            .env("EDUPAY_PINGPP__API_KEY", "sk_test_edupay000000000000000000")
            .env("EDUPAY_PINGPP__APP_ID", "app_edupay0000000000")
            .env("EDUPAY_PINGPP__PRIVATE_KEY_FILE", keys.join("merchant_private.pem"))
            .env("EDUPAY_PINGPP__PUBLIC_KEY_FILES", format!("[{:?}]", keys.join("pingpp_public.pem")));
        command
    }

    /// A subcommand that must succeed; what it printed.
    #[track_caller]
    pub(crate) fn edupay_ok(&self, arguments: &[&str]) -> String {
        let output = self.edupay(arguments);
        let (out, err) = texts(&output);
        assert!(output.status.success(), "edupay {arguments:?}: {err}");
        out
    }

    /// `edupay verify` must find nothing.
    #[track_caller]
    pub(crate) fn verify(&self) {
        let output = self.edupay(&["verify"]);
        let (out, err) = texts(&output);
        let report: Value =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("verify printed no JSON ({error}): {out}\n{err}"));
        assert_eq!(report["breaches"], serde_json::json!([]), "{out}");
        assert!(output.status.success(), "verify: {}: {out}\n{err}", output.status);
    }

    /// SQL behind the program's back; what it printed.
    #[track_caller]
    pub(crate) fn by_hand(&self, sql: &str) -> String {
        self.try_by_hand(sql).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"))
    }

    /// The same where the database may refuse.
    pub(crate) fn try_by_hand(&self, sql: &str) -> Result<String, String> {
        self.database.by_hand(&self.data_dir(), sql)
    }

    pub(crate) fn is_on_sqlite(&self) -> bool {
        matches!(self.database, Database::Sqlite)
    }

    /// What the program wrote to its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default()
    }
}

/// A program of ours that serves until it is dropped.
pub(crate) struct Program {
    pub(crate) child: RefCell<Child>,
    pub(crate) addresses: Addresses,
    log: PathBuf,
}

/// The first line on standard output; the keys that apply.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) service: Option<String>,
    pub(crate) sandbox: Option<String>,
}

impl Program {
    pub(crate) fn pid(&self) -> u32 {
        self.child.borrow().id()
    }

    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log).expect("a log file"))
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("it was piped");
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout);
            let mut first = String::new();
            let read = lines.read_line(&mut first);
            // Nobody listens any more when the test has given up.
            let _unheard = send.send(read.map(|_| first));
            // The rest is drained, so that the program never waits for a reader.
            let _ended = lines.read_to_end(&mut Vec::new());
        });
        let mut program = Self { child: RefCell::new(child), addresses: Addresses::default(), log: log.to_owned() };
        let first = match receive.recv_timeout(DEADLINE) {
            Ok(line) => line.expect("its standard output is text"),
            Err(error) => panic!("the program printed no first line: {error}"),
        };
        program.addresses = serde_json::from_str(&first)
            .unwrap_or_else(|error| panic!("the first line is not its addresses ({error}): {first:?}"));
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        if child.kill().is_ok() {
            let _status = child.wait();
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if thread::panicking() {
            eprintln!("--- the program's log ---");
            eprintln!("{log}");
            return;
        }
        // A demo greets with the commands to try, and those have its tokens.
        let log = log.split_once("Ctrl-C ends it.").map_or(log.as_str(), |(_, log)| log);
        let told = self.log.parent().and_then(|folder| secrets::told(log, folder));
        assert_eq!(told, None, "the program's log tells a secret");
    }
}

/// Runs a command to its end; one that would run for ever is killed and fails the test.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Output {
    let output = || tempfile::tempfile().expect("a temporary file");
    let (mut out, mut err) = (output(), output());
    let copy = |file: &File| file.try_clone().expect("a second handle");
    let mut child = command.stdout(copy(&out)).stderr(copy(&err)).spawn().expect("the binary starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            break status;
        }
        if start.elapsed() > DEADLINE {
            child.kill().expect("a child of ours");
            child.wait().expect("a child of ours");
            panic!("still running after {DEADLINE:?}: {command:?}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    let written = |file: &mut File| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).expect("what it wrote");
        bytes
    };
    Output { status, stdout: written(&mut out), stderr: written(&mut err) }
}

/// The binary under test, deaf to settings of the shell that runs the tests.
pub(crate) fn edupay() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edupay"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("EDUPAY_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

fn name_database(command: &mut Command, database: &Database) {
    if let Database::Postgres(database) = database {
        command.env("EDUPAY_DATABASE_URL", &database.url);
    }
}

fn data_dir(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

/// What a finished command wrote to its standard output and error.
pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
