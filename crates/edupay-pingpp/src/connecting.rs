//! Marks every failure that happens before a connection stands.
//!
//! The HTTP library reports an unreachable network and a broken exchange with the same kinds of
//! error; for money they are opposites. Its resolver and its connector are wrapped here, so that what
//! fails in them is known to have sent nothing.

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// What a failed resolver or connector says; the cause is its source.
#[derive(Debug, thiserror::Error)]
#[error("no connection to the gateway")]
pub(crate) struct NotConnected(#[source] Error);

#[derive(Debug, Default)]
struct Marked<T>(T);

/// An agent whose errors before the connection stands are [`NotConnected`].
pub(crate) fn agent(config: Config) -> Agent {
    Agent::with_parts(config, Marked(DefaultConnector::new()), Marked(DefaultResolver::default()))
}

impl Resolver for Marked<DefaultResolver> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(mark)
    }
}

impl Connector for Marked<DefaultConnector> {
    type Out = <DefaultConnector as Connector>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(mark)
    }
}

fn mark(error: Error) -> Error {
    Error::Other(Box::new(NotConnected(error)))
}
