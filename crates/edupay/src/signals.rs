//! The signals that end the program. They are listened for before anything is announced, so that
//! one that comes while the program starts ends it as gracefully as a later one.

use crate::error::{Context, Failure};
use actix_web::rt::signal;

/// SIGINT and, where there is one, SIGTERM.
pub(crate) struct Ending {
    #[cfg(unix)]
    terminate: signal::unix::Signal,
    #[cfg(unix)]
    interrupt: signal::unix::Signal,
}

impl Ending {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use signal::unix::{SignalKind, signal};
            let terminate = signal(SignalKind::terminate()).context("signals")?;
            let interrupt = signal(SignalKind::interrupt()).context("signals")?;
            Ok(Self { terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one, also one that came before.
    pub(crate) async fn come(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    }
}
