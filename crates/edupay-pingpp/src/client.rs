//! The gateway as the domain's ports want it: charges, refunds, and paying in the sandbox.
//!
//! What is absent: retries. A charge may be asked for again by the caller, because Ping++ knows it by
//! its content; a refund may not, because Ping++ would refund twice.

mod answer;
mod convert;
mod finding;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gateway;
mod lists;
mod settings;

pub use convert::ConvertError;
pub use gateway::PingppGateway;
pub use settings::{GatewaySettings, ReplySignatures, SettingsError};

pub(crate) use convert::{charge, kept, refund};
