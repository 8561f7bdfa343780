//! The wire between the service and PostgreSQL. It can be cut: all of it at once, or one connection
//! in the middle of a commit, before the server hears of it or after.

use crate::error::{Doing, Failure};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What happens to the commit that is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It never arrives.
    BeforeCommit,
    /// It arrives, its answer does not.
    AfterCommit,
}

/// What is in the message that commits, whatever else it holds. No other statement says this word.
const COMMIT: &[u8] = b"COMMIT";

#[derive(Default)]
struct Wires {
    /// How many commits are spared, and what happens to the one after them.
    plan: Option<(u64, Cut)>,
    /// Both ends of every connection, as long as it lives.
    open: Vec<(TcpStream, TcpStream)>,
    cuts: u64,
}

/// The wire.
pub(crate) struct Proxy {
    address: SocketAddr,
    wires: Arc<Mutex<Wires>>,
}

impl Proxy {
    /// Listens, and passes everything on to this port.
    pub(crate) fn to(port: u16) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").doing("no port for the wire")?;
        let address = listener.local_addr().doing("no port for the wire")?;
        let wires = Arc::<Mutex<Wires>>::default();
        let shared = Arc::clone(&wires);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is down is one that closes at once.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", port)) {
                    connect(client, server, Arc::clone(&shared));
                }
            }
        });
        Ok(Self { address, wires })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts every connection there is.
    pub(crate) fn cut_all(&self) {
        let mut wires = lock(&self.wires);
        let open = std::mem::take(&mut wires.open);
        wires.cuts = wires.cuts.saturating_add(u64::try_from(open.len()).unwrap_or_default());
        drop(wires);
        for (client, server) in open {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    /// Cuts at a commit, after so many that are spared.
    pub(crate) fn cut_at_commit(&self, cut: Cut, spared: u64) {
        lock(&self.wires).plan = Some((spared, cut));
    }

    /// How many connections were cut so far.
    pub(crate) fn cuts(&self) -> u64 {
        lock(&self.wires).cuts
    }
}

fn lock(wires: &Mutex<Wires>) -> MutexGuard<'_, Wires> {
    wires.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(client: TcpStream, server: TcpStream, wires: Arc<Mutex<Wires>>) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (Ok(one), Ok(other)) = (client.try_clone(), server.try_clone()) else { return };
    {
        let mut wires = lock(&wires);
        // A connection that has ended is of no use any more.
        wires.open.retain(|(client, _)| client.peer_addr().is_ok());
        wires.open.push((one, other));
    }
    if let (Ok(mut from), Ok(mut to)) = (server.try_clone(), client.try_clone()) {
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    thread::spawn(move || watch(client, server, &wires));
}

/// Passes on what the client says, until a commit is to be cut.
fn watch(mut client: TcpStream, mut server: TcpStream, wires: &Mutex<Wires>) {
    let mut bytes = [0_u8; 65_536];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let Some(said) = bytes.get(..count) else { break };
        if said.windows(COMMIT.len()).any(|part| part == COMMIT)
            && let Some(cut) = chosen(wires)
        {
            // From here on the client hears nothing any more.
            let _ = client.shutdown(Shutdown::Both);
            if cut == Cut::AfterCommit {
                let _ = server.write_all(said);
            }
            let _ = server.shutdown(Shutdown::Write);
            return;
        }
        if server.write_all(said).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

/// What happens to the commit that is here.
fn chosen(wires: &Mutex<Wires>) -> Option<Cut> {
    let mut wires = lock(wires);
    let (spared, cut) = wires.plan?;
    if let Some(fewer) = spared.checked_sub(1) {
        wires.plan = Some((fewer, cut));
        return None;
    }
    wires.plan = None;
    wires.cuts = wires.cuts.saturating_add(1);
    Some(cut)
}
