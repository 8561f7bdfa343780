//! Which addresses a connection may go to: judged after the name was looked up, and connected to as they
//! were judged, so that an answer which changes a moment later changes nothing.

use edupay_domain::event_delivery::{AddressPolicy, is_public};
use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

/// More addresses of one name than this are not looked at.
const MOST: usize = 16;

/// Finds the addresses of a name. May block.
pub trait Lookup: Debug + Send + Sync {
    /// All addresses of a host, each with the port.
    ///
    /// # Errors
    /// When the name can't be found.
    fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's own resolver.
#[derive(Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        (host, port).to_socket_addrs().map(Iterator::collect)
    }
}

/// Nothing is sent there.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to an address that is not public")]
pub(crate) struct AddressRefused;

/// The name leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the name leads nowhere")]
pub(crate) struct NameUnresolved;

/// A resolver that answers only what may be connected to: one address that is not public spoils them all.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) addresses: AddressPolicy,
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.found(uri, timeout)?;
        if self.addresses == AddressPolicy::PublicOnly && !found.iter().all(|address| is_public(address.ip())) {
            return Err(Error::Other(Box::new(AddressRefused)));
        }
        let mut answer = self.empty();
        for address in found.into_iter().take(MOST) {
            answer.push(address);
        }
        if answer.is_empty() { Err(Error::Other(Box::new(NameUnresolved))) } else { Ok(answer) }
    }
}

impl Guard {
    /// The addresses, looked up on a thread of its own, since the system's resolver knows no end.
    fn found(&self, uri: &Uri, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
        let unresolved = || Error::Other(Box::new(NameUnresolved));
        let host = uri.host().ok_or_else(unresolved)?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let (send, receive) = mpsc::sync_channel(1);
        let lookup = Arc::clone(&self.lookup);
        // Nobody may be listening any more when it answers.
        thread::spawn(move || send.send(lookup.addresses(&host, port)).ok());
        match receive.recv_timeout(*timeout.after) {
            Ok(found) => found.map_err(|_| unresolved()),
            Err(RecvTimeoutError::Timeout) => Err(Error::Timeout(Timeout::Resolve)),
            Err(RecvTimeoutError::Disconnected) => Err(unresolved()),
        }
    }
}
