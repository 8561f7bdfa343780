//! A program of ours as a process: started, signalled, and never left behind.

use crate::error::{Doing, Failure};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at something that is awaited.
pub(crate) const LOOK: Duration = Duration::from_millis(2);

/// A running process. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// Held open, so that the program never writes into nothing.
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it, appends what it says to `log`, and waits for its first line, which is JSON.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(log).doing("no log file")?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().doing("a program can't be started")?;
        let Some(stdout) = child.stdout.take() else { return Err("a program has no output".into()) };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).doing("a program says nothing")?;
        let process = Self { child, _stdout: stdout };
        if line.starts_with('{') { Ok(process) } else { Err("a program ended before it was there".into()) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end; `None` when it does not come in time.
    pub(crate) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let since = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if since.elapsed() < limit => std::thread::sleep(LOOK),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends signals to processes, by the system's own program: there is no safe call for it in std.
pub(crate) fn signal(name: &str, ids: &[u32]) {
    if ids.is_empty() {
        return;
    }
    let ids = ids.iter().map(ToString::to_string);
    let _ = Command::new("kill").arg(format!("-{name}")).args(ids).stderr(Stdio::null()).status();
}

/// The children of a process.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let Ok(folders) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = folders.flatten().filter_map(|folder| folder.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

fn parent_of(id: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields after it are the state and the parent.
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// A port that is free now and that the system gives to nobody by itself.
pub(crate) fn free_port(random: &mut crate::random::Random) -> Result<u16, Failure> {
    for _ in 0..200 {
        let port = u16::try_from(random.between(20_000, 31_999)).unwrap_or(20_000);
        if TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).is_ok() {
            return Ok(port);
        }
    }
    Err("there is no free port".into())
}

/// The service's program with nothing of the caller's settings.
pub(crate) fn program(service: &Path, folder: &Path) -> Command {
    let mut command = Command::new(service);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EDUPAY_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder);
    command
}
