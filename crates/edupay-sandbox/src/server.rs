//! A sandbox that is bound and can be run.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{Data, PayloadConfig};
use actix_web::{App, HttpServer};

use crate::config::SandboxConfig;
use crate::keys::Keys;
use crate::routes;
use crate::shared::Shared;

/// Bodies are small; more than this is refused.
const BODY_LIMIT: usize = 1024 * 1024;

/// A sandbox with its keys and its port, which serves once [`Sandbox::server`] is awaited.
///
/// It runs on the caller's actix runtime with one worker:
///
/// ```no_run
/// # async fn example() -> std::io::Result<()> {
/// use edupay_sandbox::{Sandbox, SandboxConfig};
///
/// let mut sandbox = Sandbox::build(SandboxConfig::new("/tmp/edupay"))?;
/// println!("{}", sandbox.url());
/// if let Some(server) = sandbox.server() {
///     server.await?;
/// }
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    shared: Arc<Shared>,
    local_addr: SocketAddr,
    handle: ServerHandle,
    server: Option<Server>,
}

impl Sandbox {
    /// Opens the keys, creating what is missing, and binds the port. To be called inside an actix
    /// runtime.
    ///
    /// # Errors
    /// When the data directory cannot be written, a key in it cannot be read, or the port is taken.
    pub fn build(config: SandboxConfig) -> io::Result<Self> {
        let keys = Keys::open(&config.data_dir)?;
        let listener = std::net::TcpListener::bind(config.listen)?;
        let local_addr = listener.local_addr()?;
        let public_url = config.options.public_url.clone();
        let base_url = public_url.unwrap_or_else(|| format!("http://{local_addr}"));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(config.options.webhook_timeout))
            .build()
            .new_agent();
        let base_url = base_url.trim_end_matches('/').to_owned();
        let shared = Arc::new(Shared::new(keys, config.options, base_url, config.webhook_url, agent));
        let data = Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).app_data(PayloadConfig::new(BODY_LIMIT)).configure(routes::configure)
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok(Self { shared, local_addr, handle: server.handle(), server: Some(server) })
    }

    /// The server to await, the first time; nothing afterwards.
    pub fn server(&mut self) -> Option<Server> {
        self.server.take()
    }

    /// Stops the server.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// The address it listens on, with the port that was taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The base URL for clients on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// Says where webhooks go from now on.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        self.shared.set_webhook_url(Some(url.into()));
    }

    /// Moves the sandbox's clock: its now is the system's plus `seconds`.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.shared.clock.set_offset(seconds);
    }

    /// The key that a client of this sandbox signs with.
    #[must_use]
    pub fn merchant_private_key_file(&self) -> &Path {
        &self.shared.keys.merchant_private_file
    }

    /// The key that verifies this sandbox's replies and webhooks.
    #[must_use]
    pub fn pingpp_public_key_file(&self) -> &Path {
        &self.shared.keys.pingpp_public_file
    }
}
