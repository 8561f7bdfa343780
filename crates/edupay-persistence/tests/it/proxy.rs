//! A wire between a store and PostgreSQL that can be cut where it hurts: at a commit.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the wire does with the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It never arrives.
    Before,
    /// It arrives, its answer does not.
    After,
    /// The client is cut off at once, and the commit arrives when somebody waits for its locks.
    Late,
}

/// Which commit is cut, and how.
struct Plan {
    spared: usize,
    cut: Cut,
}

/// The message that commits, as the client library writes it: a simple query.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// The same with the begin of the next transaction behind it, as a lane writes it.
const COMMIT_AND_BEGIN: &[u8] = b"Q\0\0\0\x12COMMIT; BEGIN\0";

/// The wire. Every connection through it is watched.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    plan: Arc<Mutex<Option<Plan>>>,
    /// How many commits were cut.
    cuts: Arc<AtomicUsize>,
    /// Lets late commits go on.
    release: Sender<()>,
}

impl Proxy {
    /// Listens, and passes everything on to the server.
    pub(crate) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (release, released) = channel();
        let released = Arc::new(Mutex::new(released));
        let proxy =
            Self { address: listener.local_addr().unwrap(), plan: Arc::default(), cuts: Arc::default(), release };
        let (plan, cuts) = (Arc::clone(&proxy.plan), Arc::clone(&proxy.cuts));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let wire = Wire { client, server, plan: plan.clone(), cuts: cuts.clone(), released: released.clone() };
                wire.start();
            }
        });
        proxy
    }

    /// Cuts the commit after so many that are spared.
    pub(crate) fn cut(&self, cut: Cut, spared: usize) {
        *self.plan.lock().unwrap() = Some(Plan { spared, cut });
    }

    /// How many commits were cut.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    /// Lets the late commit go on.
    pub(crate) fn release(&self) {
        self.release.send(()).unwrap();
    }
}

struct Wire {
    client: TcpStream,
    server: TcpStream,
    plan: Arc<Mutex<Option<Plan>>>,
    cuts: Arc<AtomicUsize>,
    released: Arc<Mutex<Receiver<()>>>,
}

impl Wire {
    fn start(self) {
        let (mut from, mut to) = (self.server.try_clone().unwrap(), self.client.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
        thread::spawn(move || self.watch());
    }

    /// Passes on what the client says, until a commit is to be cut.
    fn watch(mut self) {
        let mut bytes = [0_u8; 65_536];
        while let Ok(count @ 1..) = self.client.read(&mut bytes) {
            let said = bytes.get(..count).unwrap();
            if (said.ends_with(COMMIT) || said.ends_with(COMMIT_AND_BEGIN))
                && let Some(cut) = self.planned()
            {
                self.cuts.fetch_add(1, Ordering::SeqCst);
                return self.cut(cut, said);
            }
            if self.server.write_all(said).is_err() {
                break;
            }
        }
        let _ = self.server.shutdown(Shutdown::Both);
    }

    /// What happens to the commit that is here.
    fn planned(&self) -> Option<Cut> {
        let mut plan = self.plan.lock().unwrap();
        let next = plan.as_mut()?;
        match next.spared.checked_sub(1) {
            Some(fewer) => {
                next.spared = fewer;
                None
            }
            None => plan.take().map(|plan| plan.cut),
        }
    }

    fn cut(mut self, cut: Cut, said: &[u8]) {
        // From here on the client hears nothing any more.
        self.client.shutdown(Shutdown::Both).unwrap();
        match cut {
            Cut::Before => {}
            Cut::After => self.server.write_all(said).unwrap(),
            Cut::Late => {
                self.released.lock().unwrap().recv().unwrap();
                self.server.write_all(said).unwrap();
            }
        }
        // The server is done with it when it closes; it is asked to after what it was sent.
        let _ = self.server.shutdown(Shutdown::Write);
    }
}
