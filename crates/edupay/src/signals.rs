//! The signals that end the program. They are listened for before anything is announced, so that
//! one that comes while the program starts ends it as gracefully as a later one. A second one ends it at
//! once, and so does time: whoever asked for an end gets one.
//!
//! They are heard on a thread of their own, since at the end the others may wait for something that does
//! not come.

use crate::error::{Context, Failure};
use actix_web::rt::signal;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::watch;

/// SIGINT and, where there is one, SIGTERM.
pub(crate) struct Ending {
    come: watch::Receiver<bool>,
    patience: watch::Sender<Duration>,
}

impl Ending {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (tell, come) = watch::channel(false);
        let patience = watch::Sender::new(Duration::MAX);
        let (ready, is_ready) = mpsc::channel();
        let of_thread = patience.subscribe();
        let hear = move || hear(&ready, &tell, &of_thread);
        thread::Builder::new().name("signals".to_owned()).spawn(hear).context("signals")?;
        is_ready.recv().context("signals")?.context("signals")?;
        Ok(Self { come, patience })
    }

    /// How long the end may take, from the signal on.
    pub(crate) fn within(&self, patience: Duration) {
        self.patience.send_replace(patience);
    }

    /// Waits for one, also one that came before.
    pub(crate) async fn come(&mut self) {
        // The thread is gone only when it could not be started, and then nobody waits here.
        let _ = self.come.wait_for(|come| *come).await;
    }
}

/// Hears the first signal and passes it on; at the second, or when the time is over, the program ends.
fn hear(ready: &mpsc::Sender<std::io::Result<()>>, tell: &watch::Sender<bool>, patience: &watch::Receiver<Duration>) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => return drop(ready.send(Err(error))),
        };
        // Who waits for this has asked for it just now.
        let _ = ready.send(Ok(()));
        signals.next().await;
        let _ = tell.send(true);
        let patience = *patience.borrow();
        let why = match tokio::time::timeout(patience, signals.next()).await {
            Ok(()) => "asked a second time, the program ends at once",
            Err(_) => "the end took too long; the program ends without waiting",
        };
        tracing::warn!("{why}");
        process::exit(1);
    });
}

struct Signals {
    #[cfg(unix)]
    terminate: signal::unix::Signal,
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use signal::unix::{SignalKind, signal};
            Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    }
}
