//! Events out, over HTTP: signed by the [Standard Webhooks](https://www.standardwebhooks.com) scheme, sent
//! to public addresses only.
//!
//! What is absent: retries, redirects, proxies, connections that are used again, and any answer's body.

mod blocking;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guard;
mod message;
mod sender;
mod signing;

pub use guard::{Lookup, SystemLookup};
pub use message::body;
pub use sender::{SenderSettings, WebhookSender};
pub use signing::{SigningError, sign};
