//! The sender: makes a message, signs it, sends it once.

use crate::blocking::{Exchange, perform};
use crate::guard::{Guard, Lookup, SystemLookup};
use crate::{message, signing};
use async_trait::async_trait;
use edupay_domain::event_delivery::{AddressPolicy, Answer, EventMessage, EventSender, SendFault};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::transport::DefaultConnector;

/// How a sender sends.
#[derive(Debug, Clone)]
pub struct SenderSettings {
    /// Where to.
    pub addresses: AddressPolicy,
    /// For finding the name and connecting, each.
    pub connect_timeout: Duration,
    /// For a whole exchange.
    pub total_timeout: Duration,
    /// Who finds names.
    pub lookup: Arc<dyn Lookup>,
}

impl SenderSettings {
    /// 5 seconds to connect, 15 in all, the system's resolver.
    #[must_use]
    pub fn new(addresses: AddressPolicy) -> Self {
        Self {
            addresses,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            lookup: Arc::new(SystemLookup),
        }
    }
}

/// Sends messages over HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebhookSender {
    agent: Agent,
    addresses: AddressPolicy,
}

impl WebhookSender {
    /// A sender; nothing is sent yet.
    #[must_use]
    pub fn new(settings: SenderSettings) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(settings.addresses == AddressPolicy::PublicOnly)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("edupay/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(settings.connect_timeout))
            .timeout_connect(Some(settings.connect_timeout))
            .timeout_global(Some(settings.total_timeout))
            // A connection that is used again would go to an address that was judged long ago.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .build();
        let guard = Guard { lookup: settings.lookup, addresses: settings.addresses };
        let agent = Agent::with_parts(config, DefaultConnector::new(), guard);
        Self { agent, addresses: settings.addresses }
    }

    fn exchange(&self, message: &EventMessage) -> Result<Exchange, SendFault> {
        if self.addresses == AddressPolicy::PublicOnly && !message.url.is_https() {
            return Err(SendFault::AddressRefused);
        }
        let uri = Uri::from_str(message.url.as_str()).map_err(|_| SendFault::AddressRefused)?;
        let not_sent = |error: &(dyn std::error::Error + 'static)| {
            tracing::error!(error, event.id = %message.event_id, "a message could not be made");
            SendFault::NotSent
        };
        let body = message::body(message).map_err(|error| not_sent(&error))?;
        let (id, timestamp) = (message.event_id.to_string(), message.at.timestamp());
        let signature = signing::sign(&message.secrets, &id, timestamp, &body).map_err(|error| not_sent(&error))?;
        Ok(Exchange { agent: self.agent.clone(), uri, id, timestamp, signature, body })
    }
}

#[async_trait]
impl EventSender for WebhookSender {
    async fn send(&self, message: &EventMessage) -> Answer {
        match self.exchange(message) {
            Ok(exchange) => perform(exchange).await,
            Err(fault) => Answer::None(fault),
        }
    }
}
