//! The real service as a process, and a run of payments through it.

use crate::error::{Context, Failure};
use crate::ledger::{self, Ledger};
use crate::load::{Answers, Loop, Requests, refusals_among};
use crate::machine::{self, Ticks};
use crate::options::Plan;
use crate::orders::Orders;
use crate::progress::note;
use crate::results::{Mix, Outcome};
use crate::seeds::Planned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// A service that has not come up by then never does.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How often readiness is asked for.
const LOOK: Duration = Duration::from_millis(1);

/// A running service. It is killed, not asked to end, when this is dropped: what it has acknowledged
/// must be in the database all the same.
pub(crate) struct Service {
    child: Child,
    address: SocketAddr,
    /// Held open, so that the service never writes into nothing.
    _stdout: BufReader<ChildStdout>,
}

impl Service {
    /// Starts it on a free port at its default settings and waits until it is ready.
    pub(crate) fn start(program: &Path, url: &str, folder: &Path) -> Result<Self, Failure> {
        Self::start_with(program, url, folder, &[])
    }

    /// The same with some settings, each as a variable of the environment.
    pub(crate) fn start_with(
        program: &Path,
        url: &str,
        folder: &Path,
        settings: &[(&str, String)],
    ) -> Result<Self, Failure> {
        let path = folder.join("service.log");
        let log = File::options().create(true).append(true).open(&path).context("no log file for the service")?;
        let mut command = match programs() {
            Some([setsid, setpriv]) => {
                let mut command = ledger::command(&setsid, url, folder);
                // It ends with this program even when that is interrupted.
                command.arg(setpriv).args(["--pdeathsig", "KILL"]).arg(program);
                command
            }
            None => {
                note(format_args!("setsid and setpriv are not there: the service shares this program's session"));
                ledger::command(program, url, folder)
            }
        };
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().context("the service can't be started")?;
        let Some(stdout) = child.stdout.take() else { return Err(Failure::new("the service has no output")) };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).context("the service says nothing")?;
        let Some(address) = address(&line) else {
            let _ = child.wait();
            let log = std::fs::read_to_string(&path).unwrap_or_default();
            return Err(Failure::new(format!("the service did not start: {}", log.lines().last().unwrap_or_default())));
        };
        let service = Self { child, address, _stdout: stdout };
        service.wait_until_ready()?;
        Ok(service)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&self) -> Result<(), Failure> {
        let since = Instant::now();
        while !is_ready(self.address).unwrap_or_default() {
            if since.elapsed() > START_LIMIT {
                return Err(Failure::new(format!("the service is not ready after {START_LIMIT:?}")));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programs that start another in a session of its own, as every init system starts a service. Linux
/// shares the processors among sessions before it does among processes, and each process of PostgreSQL has
/// one; a service that shares the load generator's gets too little beside them.
fn programs() -> Option<[PathBuf; 2]> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let find = |name| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    Some([find("setsid")?, find("setpriv")?])
}

/// From `{"service":"http://127.0.0.1:8000"}`.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split('"').next()?.parse().ok()
}

fn is_ready(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(START_LIMIT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 13];
    stream.read_exact(&mut status)?;
    Ok(&status == b"HTTP/1.1 200 ")
}

/// Starts a service, warms it up, times it, and counts in the database what it acknowledged.
pub(crate) fn measure(
    plan: &Plan,
    folder: &Path,
    ledger: &mut dyn Ledger,
    planned: &Planned,
    broke: &Orders,
) -> Result<Outcome, Failure> {
    let run = planned.run;
    let (warm, timed) = match run.mix {
        Mix::Spread | Mix::Hot => [planned.warm, planned.timed].map(|orders| Requests::payments(&orders, None)),
        Mix::Refusals => [planned.warm, planned.timed].map(|orders| Requests::payments(&orders, Some(broke))),
        Mix::Statement => {
            let users = planned.timed.payers;
            [users.count, planned.timed.count].map(|count| Requests::statements(users, count))
        }
    }
    .into();
    ledger.checkpoint()?;
    let service = Service::start(&plan.service, ledger.url(), folder)?;
    let (address, clients) = (service.address, run.clients);
    let closed_loop = |seconds| Loop { address, clients, duration: Duration::from_secs(seconds) };
    let warmed = closed_loop(warm_seconds(plan, run.mix)).run(&warm).context(format!("{run}, warming up"))?;
    let (ticks, before) = (Ticks::now(), machine::processor_time(service.child.id()));
    let answers = closed_loop(plan.seconds).run(&timed).context(run)?;
    let (steal, after) = (ticks.stolen_since(), machine::processor_time(service.child.id()));
    let memory = machine::memory(service.child.id())?;
    drop(service);
    expect_refusals(&answers, run.mix).context(run)?;
    if run.mix != Mix::Statement {
        ledger::check(ledger, run, &[(planned.warm, warmed.done), (planned.timed, answers.done)])?;
    }
    if answers.ran_out {
        note(format_args!("  all orders were paid before the time was over; see --capacity"));
    }
    let answered = answers.done.saturating_add(answers.refused).max(1);
    let cpu = before.zip(after).map(|(before, after)| after.saturating_sub(before) as f64 / answered as f64);
    let outcome = Outcome::new(answers.done, answers.elapsed, answers.latencies, steal);
    Ok(Outcome { cpu, memory: Some(memory), ..outcome })
}

/// Pages are read once by everyone before the clock starts: it is not the disk that is measured.
fn warm_seconds(plan: &Plan, mix: Mix) -> u64 {
    match mix {
        Mix::Spread | Mix::Refusals | Mix::Hot => plan.warm_seconds(),
        Mix::Statement => plan.warm_seconds().saturating_mul(100),
    }
}

/// Exactly those orders are refused that nobody can pay.
fn expect_refusals(answers: &Answers, mix: Mix) -> Result<(), Failure> {
    let expected = match mix {
        Mix::Refusals => refusals_among(answers.done.saturating_add(answers.refused)),
        Mix::Spread | Mix::Hot | Mix::Statement => 0,
    };
    if answers.refused == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{} orders were refused, and not {expected}", answers.refused)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_first_line() {
        let line = "{\"service\":\"http://127.0.0.1:8000\"}\n";
        assert_eq!(address(line), Some(SocketAddr::from(([127, 0, 0, 1], 8_000))));
        assert_eq!(address("{}"), None);
    }
}
