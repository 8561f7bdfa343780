//! What a sandbox is built from.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where a sandbox keeps its keys, listens and sends webhooks.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// The keys lie in `sandbox/` below it; created when missing.
    pub data_dir: PathBuf,
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where webhooks go; without one they are kept and not sent. It can be set later.
    pub webhook_url: Option<String>,
    /// Everything with a sensible default.
    pub options: SandboxOptions,
}

/// How closely and how fast the sandbox imitates Ping++.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The address in links and credentials; `http://<local address>` when absent.
    pub public_url: Option<String>,
    /// Whether a POST without a request signature is refused. A wrong one always is.
    pub require_signature: bool,
    /// How far a request's timestamp may be from now; not checked when absent.
    pub max_clock_skew: Option<Duration>,
    /// Whether every reply closes its connection, which Ping++'s Node SDK needs.
    pub close_connections: bool,
    /// How long a refund stays pending.
    pub refund_delay: Duration,
    /// How long a webhook's receiver may take.
    pub webhook_timeout: Duration,
    /// The waits before each further attempt to deliver a webhook.
    pub webhook_retries: Vec<Duration>,
}

impl SandboxConfig {
    /// A sandbox on a free port of the loopback interface with the default options.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: None,
            options: SandboxOptions::default(),
        }
    }
}

impl Default for SandboxOptions {
    fn default() -> Self {
        // Ping++'s schedule: ten repeats in about 25 hours.
        let retries = [5, 10, 120, 300, 600, 1800, 3600, 7200, 21_600, 54_000];
        Self {
            public_url: None,
            require_signature: true,
            max_clock_skew: None,
            close_connections: true,
            refund_delay: Duration::from_secs(1),
            webhook_timeout: Duration::from_secs(10),
            webhook_retries: retries.map(Duration::from_secs).to_vec(),
        }
    }
}
