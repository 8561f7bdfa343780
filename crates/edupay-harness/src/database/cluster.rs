//! A PostgreSQL cluster of the harness's own: made for this run, durable as in production, killed as
//! often as is wanted.

use crate::error::{Doing, Failure};
use crate::process::{children, free_port, signal};
use crate::random::Random;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A running cluster, removed when this is dropped.
pub(crate) struct Cluster {
    root: PathBuf,
    programs: PathBuf,
    port: u16,
    /// PostgreSQL refuses to run as root, so root lends the cluster to another user.
    lend: bool,
    keep: bool,
}

const OWNER: &str = "postgres";
const SETTINGS: &str = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 60\n\
    fsync = on\nfull_page_writes = on\nsynchronous_commit = on\n";

impl Cluster {
    /// Makes a cluster in a new folder and starts it on a free port.
    pub(crate) fn start(programs: Option<&Path>, random: &mut Random) -> Result<Self, Failure> {
        let programs = programs.map(Path::to_owned).or_else(find).ok_or("PostgreSQL's programs are not found")?;
        let root = tempfile::Builder::new().prefix("edupay-harness-pg-").tempdir().doing("no folder")?.keep();
        let lend = fs::metadata("/proc/self").doing("who am I")?.uid() == 0;
        let mut cluster = Self { root, programs, port: 0, lend, keep: false };
        if lend {
            run(Command::new("chown").arg(OWNER).arg(&cluster.root), "chown")?;
        }
        let data = cluster.data();
        let mut make = cluster.owned("initdb");
        make.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--pgdata"]).arg(&data);
        run(&mut make, "initdb")?;
        let mut settings =
            fs::File::options().append(true).open(data.join("postgresql.conf")).doing("postgresql.conf")?;
        settings.write_all(SETTINGS.as_bytes()).doing("postgresql.conf")?;
        for _ in 0..10 {
            cluster.port = free_port(random)?;
            if cluster.start_again().is_ok() {
                return Ok(cluster);
            }
        }
        Err("PostgreSQL does not start".into())
    }

    /// Starts what was stopped, on the same port.
    pub(crate) fn start_again(&self) -> Result<(), Failure> {
        let mut start = self.owned("pg_ctl");
        start.args(["start", "--wait", "--timeout=60", "--silent"]);
        start.arg("--pgdata").arg(self.data()).arg("--log").arg(self.root.join("server.log"));
        start.arg(format!("--options=-p {}", self.port));
        run(&mut start, "pg_ctl start")
    }

    /// Stops it at once, as a crash would: it recovers when it starts again.
    pub(crate) fn stop_at_once(&self) -> Result<(), Failure> {
        let mut stop = self.owned("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.data());
        run(&mut stop, "pg_ctl stop")
    }

    /// Lets all its processes stand still, or go on.
    pub(crate) fn signal(&self, name: &str) {
        if let Some(postmaster) = self.postmaster() {
            let mut all = children(postmaster);
            all.push(postmaster);
            signal(name, &all);
        }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database, by the cluster's own port or by a wire that leads to it.
    pub(crate) fn url(port: u16, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{name}")
    }

    /// Lets its files stay when it ends, and says where they are.
    pub(crate) fn keep(&mut self) -> &Path {
        self.keep = true;
        &self.root
    }

    fn postmaster(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }

    fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    fn owned(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if self.lend {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={OWNER}"), &format!("--regid={OWNER}"), "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The caller's folder may be closed to the owner.
        command.current_dir(&self.root);
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.signal("CONT");
        let _ = self.stop_at_once();
        if !self.keep {
            let _ = fs::remove_dir_all(&self.root);
        } else if self.lend {
            let _ = fs::set_permissions(&self.root, fs::Permissions::from_mode(0o755));
        }
    }
}

/// Runs a program to its end. Its output is not piped: what it starts would hold the pipe open.
fn run(command: &mut Command, name: &str) -> Result<(), Failure> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().doing(name)?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}").into()) }
}

/// Where Debian puts them, the newest first; or on the path.
fn find() -> Option<PathBuf> {
    let given = std::env::var_os("EDUPAY_TEST_POSTGRES_BIN").map(PathBuf::from);
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = given.into_iter().chain(versions.into_iter().rev()).chain(std::env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}
