//! The real service as a process, always at the same address, whatever was done to the one before.

use crate::app_store::AppStore;
use crate::error::{Doing, Failure};
use crate::http::{Exchange, Request};
use crate::process::{LOOK, Process, program, signal};
use crate::world::{BUNDLE, USERS};
use chrono::DateTime;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Who has not come up by then never does.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Days are counted by the clock of Beijing, eight hours ahead.
const BEIJING: i64 = 8 * 60 * 60;
const DAY: i64 = 24 * 60 * 60;

/// What the service is told.
pub(crate) struct Setup<'a> {
    pub(crate) service: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) database_url: &'a str,
    pub(crate) port: u16,
    pub(crate) sandbox: SocketAddr,
    /// Where the sandbox's keys are.
    pub(crate) keys: &'a Path,
    /// Whether its clock will be moved.
    pub(crate) clock_moves: bool,
}

/// The service.
pub(crate) struct Service {
    program: PathBuf,
    folder: PathBuf,
    url: String,
    address: SocketAddr,
    /// What it finds in its environment besides, such as fail points.
    environment: Vec<(String, String)>,
    process: Option<Process>,
    /// By how many seconds its clock is moved.
    clock: i64,
    /// When the process was started: what was written to its port before went to another one.
    started: Instant,
}

impl Service {
    /// Writes its settings. Nothing runs yet.
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, Failure> {
        let settings = settings(setup);
        fs::write(setup.folder.join("edupay.toml"), settings).doing("edupay.toml")?;
        Ok(Self {
            program: setup.service.canonicalize().doing("--service")?,
            folder: setup.folder.to_owned(),
            url: setup.database_url.to_owned(),
            address: SocketAddr::from(([127, 0, 0, 1], setup.port)),
            environment: Vec::new(),
            process: None,
            clock: 0,
            started: Instant::now(),
        })
    }

    /// Moves the clock of the next start by so many seconds.
    pub(crate) fn move_clock(&mut self, seconds: i64) {
        self.clock = seconds;
        self.set("MISCHIEF_CLOCK", &seconds.to_string());
    }

    /// By how many seconds its clock is moved.
    pub(crate) fn clock(&self) -> i64 {
        self.clock
    }

    /// What its clock says, in microseconds since 1970 UTC.
    pub(crate) fn now_micros(&self) -> Result<i64, Failure> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
        Ok(now.saturating_add(self.clock.saturating_mul(1_000_000)))
    }

    /// Whether these words are in its log, from whichever process.
    pub(crate) fn has_said(&self, words: &str) -> Result<bool, Failure> {
        let log = fs::read(self.log()).doing("the service's log")?;
        Ok(log.windows(words.len()).any(|part| part == words.as_bytes()))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("service.log")
    }

    /// Sets a variable of the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Starts it and waits until it is ready; how long that took. The database may still be on its
    /// way up, so a start that fails is tried again.
    pub(crate) fn start(&mut self) -> Result<Duration, Failure> {
        let since = Instant::now();
        loop {
            self.started = Instant::now();
            match Process::start(self.command(&["serve", "--listen", &self.address.to_string()]), &self.log()) {
                Ok(process) => break self.process = Some(process),
                Err(failure) if since.elapsed() > START_LIMIT => return Err(failure),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        self.wait_until_ready()?;
        Ok(since.elapsed())
    }

    /// The same, but a start that fails has failed.
    pub(crate) fn start_once(&mut self) -> Result<(), Failure> {
        let command = self.command(&["serve", "--listen", &self.address.to_string()]);
        self.started = Instant::now();
        self.process = Some(Process::start(command, &self.log())?);
        self.wait_until_ready().map(drop)
    }

    /// Waits until it says that it can work.
    pub(crate) fn wait_until_ready(&mut self) -> Result<Duration, Failure> {
        let since = Instant::now();
        while !self.is_ready() {
            if self.has_ended() {
                return Err("the service has ended by itself".into());
            }
            if since.elapsed() > START_LIMIT {
                return Err(format!("the service is not ready after {START_LIMIT:?}").into());
            }
            std::thread::sleep(LOOK);
        }
        Ok(since.elapsed())
    }

    /// When the process that runs was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    fn is_ready(&self) -> bool {
        let asked = Request::new("GET", "/readyz").send(self.address, Duration::from_secs(3));
        matches!(asked, Exchange::Answered(answer) if answer.status == 200)
    }

    /// Whether it runs no more, though nobody has ended it.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// SIGTERM; whether it ended well by itself.
    pub(crate) fn end(&mut self, limit: Duration) -> bool {
        let Some(mut process) = self.process.take() else { return true };
        signal("TERM", &[process.id()]);
        process.wait(limit).is_some_and(|status| status.success())
    }

    /// Lets it stand still, or go on.
    pub(crate) fn signal(&self, name: &str) {
        if let Some(process) = &self.process {
            signal(name, &[process.id()]);
        }
    }

    /// A tool of the same program on the same database, run to its end; what it printed.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Result<(bool, String), Failure> {
        let output = self.command(arguments).output().doing("a tool can't be started")?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Ok((output.status.success(), said.join(" ")))
    }

    /// Compares yesterday and today with the gateway, on a machine whose clock is right, and mends what can be.
    pub(crate) fn reconcile(&self) -> Result<(), Failure> {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
        let day = |before: i64| {
            let then = now.saturating_add(BEIJING).saturating_sub(before.saturating_mul(DAY));
            DateTime::from_timestamp(then, 0).unwrap_or_default().format("%Y-%m-%d").to_string()
        };
        let mut command = self.command(&["reconcile", "--repair", "--from", &day(1), "--to", &day(0)]);
        let output = command.env_remove("MISCHIEF_CLOCK").output().doing("edupay reconcile")?;
        match output.status.code() {
            // Without a difference, or with some.
            Some(0 | 1) => Ok(()),
            _ => Err(format!("edupay reconcile: {}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.program, &self.folder);
        command.env("EDUPAY_DATABASE_URL", &self.url).env("EDUPAY_DATA_DIR", self.folder.join("data"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.arg("--config").arg(self.folder.join("edupay.toml")).args(arguments);
        command
    }
}

fn settings(setup: &Setup<'_>) -> String {
    let keys = setup.keys.display();
    let root = AppStore::folder(setup.folder).join("root.cer");
    let buyers: Vec<String> = (1..=USERS).map(|user| user.to_string()).collect();
    // A key that is forgotten after a day does not help where a day passes in a moment.
    let lifetime = if setup.clock_moves { 96 } else { 24 };
    format!(
        "worker.interval_milliseconds = 200\n\
         http.shutdown_seconds = 20\n\
         idempotency.lifetime_hours = {lifetime}\n\
         webhooks.allow_private_addresses = true\n\
         [pingpp]\n\
         api_base = \"http://{}\"\n\
         api_key = \"sk_test_edupay000000000000000000\"\n\
         app_id = \"app_edupay0000000000\"\n\
         private_key_file = \"{keys}/merchant_private.pem\"\n\
         public_key_files = [\"{keys}/pingpp_public.pem\"]\n\
         verify_replies = true\n\
         connect_timeout_seconds = 1\n\
         total_timeout_seconds = 2\n\
         [appstore]\n\
         bundle_id = \"{BUNDLE}\"\n\
         environment = \"sandbox\"\n\
         root_certificate_files = [\"{}\"]\n\
         sandbox_users = [{}]\n",
        setup.sandbox,
        root.display(),
        buyers.join(", "),
    )
}
