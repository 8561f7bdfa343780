//! A real pgbouncer before the throw-away cluster, one per test, on a port of its own.

use edupay_persistence::DatabaseUrl;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = "EDUPAY_TEST_PGBOUNCER";

/// Generous: it is only reached by a failure.
const DEADLINE: Duration = Duration::from_secs(30);

/// A pooler that gives a server connection to another client after each transaction.
pub(crate) struct Pgbouncer {
    child: Child,
    port: u16,
    _folder: TempDir,
}

/// Where the program is; `None`, with the reason printed, where there is none.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what did not run")]
fn program() -> Option<PathBuf> {
    let named = std::env::var_os(PROGRAM).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pgbouncer"));
    let found = named.into_iter().chain(on_path).chain([PathBuf::from("/usr/sbin/pgbouncer")]).find(|it| it.is_file());
    if found.is_none() {
        eprintln!("skipped: there is no pgbouncer (scripts/pgbouncer.sh installs it)");
    }
    found
}

/// Whether the pgbouncer that would be started can keep prepared statements apart.
pub(crate) fn knows_prepared_statements() -> Option<bool> {
    let output = Command::new(program()?).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let version = text.lines().next().unwrap().trim_start_matches("PgBouncer ");
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
    Some((numbers.next().unwrap(), numbers.next().unwrap()) >= (1, 21))
}

impl Pgbouncer {
    /// Starts one with so many connections to the server; `prepared` is how many prepared
    /// statements of a client it remembers, which old versions can't.
    pub(crate) fn start(database: &DatabaseUrl, servers: u32, prepared: u32) -> Option<Self> {
        let program = program()?;
        let DatabaseUrl::Postgres(url) = database else { panic!("a pooler of PostgreSQL") };
        let (user_and_host, _) = url.trim_start_matches("postgres://").rsplit_once('/').unwrap();
        let (user, host) = user_and_host.split_once('@').unwrap();
        let (host, server_port) = host.rsplit_once(':').unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let remembered = match knows_prepared_statements()? {
            true => format!("max_prepared_statements = {prepared}\n"),
            false => String::new(),
        };
        // A port that is taken between our look and its start is answered by trying another.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let settings = folder.path().join("pgbouncer.ini");
            let text = format!(
                "[databases]\n* = host={host} port={server_port} user={user}\n\
                 [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
                 pool_mode = transaction\ndefault_pool_size = {servers}\nmax_client_conn = 200\n{remembered}"
            );
            std::fs::write(&settings, text).unwrap();
            std::fs::set_permissions(&settings, std::fs::Permissions::from_mode(0o644)).unwrap();
            let mut command = Command::new(&program);
            // It refuses to run as root, and changes to this user by itself.
            if std::fs::metadata(&settings).unwrap().uid() == 0 {
                command.args(["-u", "nobody"]);
            }
            command.arg("--quiet").arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            if listens(&mut child, port) {
                return Some(Self { child, port, _folder: folder });
            }
        }
        panic!("pgbouncer does not start");
    }

    /// The same database through the pooler.
    pub(crate) fn url(&self, database: &DatabaseUrl) -> DatabaseUrl {
        let DatabaseUrl::Postgres(url) = database else { panic!("a pooler of PostgreSQL") };
        let (_, name) = url.rsplit_once('/').unwrap();
        DatabaseUrl::Postgres(format!("postgres://edupay@127.0.0.1:{}/{name}", self.port))
    }
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it can be connected to; `false` when it ended instead.
fn listens(child: &mut Child, port: u16) -> bool {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(begun.elapsed() < DEADLINE, "pgbouncer does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}
