//! The end of the server, by which nothing is cut that was sent.
//!
//! 1. `/readyz` says that it ends, and every reply is the last on its connection, so that clients come
//!    again by a connection of their own choice. A grace lets a balancer notice.
//! 2. No connection is taken any more for the work. Those that come all the same are answered by
//!    [`crate::latecomers`], since closing a listener resets who stands in its line.
//! 3. A kept connection has nothing that tells its client of an end, so it gets a moment in which a request
//!    that is on its way is still answered. Then the server ends: it closes what is idle and finishes what
//!    is not.
//!
//! What remains is what HTTP leaves: a client whose connection was idle for longer than that moment may
//! send a request into the end of it, as it may at the end of any time-out of a kept connection.

use crate::latecomers::Latecomers;
use crate::services::State;
use actix_web::dev::ServerHandle;
use actix_web::rt::time::sleep;
use actix_web::web::Data;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);
/// A connection that was taken is counted when its thread comes to it, and the server drops what its threads
/// have not come to when it is stopped. So nobody's being there counts only when it lasts.
const TAKEN: Duration = Duration::from_millis(200);

/// What is known of the end, and what it waits for.
#[derive(Default)]
pub(crate) struct Draining {
    begun: AtomicBool,
    arrivals: AtomicU64,
    connections: Arc<AtomicUsize>,
}

/// An open connection.
pub(crate) struct Connected(Arc<AtomicUsize>);

impl Draining {
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Notes that a request came, once that matters.
    pub(crate) fn arrived(&self) {
        if self.has_begun() {
            self.arrivals.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a connection until it is dropped.
    pub(crate) fn connect(&self) -> Connected {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Connected(Arc::clone(&self.connections))
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends a server.
pub struct Drain {
    pub(crate) state: Data<State>,
    pub(crate) handle: ServerHandle,
    /// The same listener once more: as long as it is there, nobody who stands in its line is reset.
    pub(crate) listener: TcpListener,
}

impl Drain {
    /// Ends it, after `grace`, and when what is worked on is done, or no longer waited for.
    pub async fn run(self, grace: Duration) {
        let Self { state, handle, listener } = self;
        state.draining.begun.store(true, Ordering::Relaxed);
        tracing::info!(in_flight = state.admission.in_flight(), "ending; what was sent is answered");
        sleep(grace).await;
        handle.pause().await;
        let latecomers = Latecomers::receive(listener, state.clone());
        quiet(&state).await;
        handle.stop(true).await;
        latecomers.end().await;
    }
}

/// Waits until nothing is worked on and nothing has come for a while.
async fn quiet(state: &State) {
    let (start, patience) = (Instant::now(), state.config.shutdown_timeout);
    let (mut seen, mut since, mut nobody_since) = (None, start, None);
    while start.elapsed() < patience {
        let arrivals = state.draining.arrivals.load(Ordering::Relaxed);
        let working = state.admission.in_flight() > 0 || state.admission.awaited_bodies() > 0;
        if working || seen != Some(arrivals) {
            (seen, since, nobody_since) = (Some(arrivals), Instant::now(), None);
        } else if since.elapsed() >= state.config.linger {
            return;
        } else if state.draining.connections() > 0 {
            nobody_since = None;
        } else if nobody_since.get_or_insert_with(Instant::now).elapsed() >= TAKEN {
            return;
        }
        sleep(LOOK).await;
    }
    tracing::warn!(in_flight = state.admission.in_flight(), "the end does not wait any longer");
}
