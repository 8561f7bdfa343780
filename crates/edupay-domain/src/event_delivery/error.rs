//! Why an endpoint was not registered or changed, and why nothing was sent again.

use thiserror::Error;

/// What is wrong with the address of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum UrlRefusal {
    /// No address, or one that may be read in two ways.
    #[error("it is no plain https address")]
    Malformed,
    /// Not https.
    #[error("it is not https")]
    NotHttps,
    /// An address that is not public, or a name without a dot.
    #[error("it is no public address")]
    NotPublic,
}

impl UrlRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "webhook_url_malformed",
            Self::NotHttps => "webhook_url_not_https",
            Self::NotPublic => "webhook_url_not_public",
        }
    }
}

/// Why an endpoint was not registered or changed, or no test was sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointRefusal {
    /// No such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// There are [`super::MAX_ENDPOINTS`] of them.
    #[error("there are too many endpoints")]
    TooMany,
    /// Its address can't be used.
    #[error("its address can't be used")]
    Url(#[source] UrlRefusal),
    /// It has [`super::MAX_SECRETS`] secrets that are still good.
    #[error("it has too many secrets that are still good")]
    TooManySecrets,
    /// Nothing is sent to it until it is enabled.
    #[error("the endpoint is disabled")]
    Disabled,
    /// Its events are being sent again already.
    #[error("its events are being sent again already")]
    Replaying,
    /// The moment from which on events are to be sent again has not come.
    #[error("the moment lies in the future")]
    SinceInFuture,
}

impl EndpointRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "webhook_endpoint_not_found",
            Self::TooMany => "too_many_webhook_endpoints",
            Self::Url(refusal) => refusal.code(),
            Self::TooManySecrets => "too_many_webhook_secrets",
            Self::Disabled => "webhook_endpoint_disabled",
            Self::Replaying => "webhook_replay_under_way",
            Self::SinceInFuture => "since_in_future",
        }
    }
}

/// Why an event was not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DeliveryRefusal {
    /// The endpoint has no delivery of this event.
    #[error("there is no such delivery")]
    NotFound,
}

impl DeliveryRefusal {
    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "delivery_not_found",
        }
    }
}
