//! The JSON of Ping++, read tolerantly and written as Ping++ writes it.
//!
//! Tolerant means: unknown fields are ignored, empty hashes may come as `[]`, `refunds` as null,
//! texts as numbers, an app as its id or as the expanded object. Amounts are whole fen in `i64`;
//! a number with a fraction is an error, never rounded.

mod charge;
mod error;
mod event;
mod list;
mod refund;
pub(crate) mod tolerant;

pub use charge::{Charge, ChargeDocument};
pub use error::{ErrorBody, ErrorEnvelope};
pub use event::{Event, EventData, EventObject};
pub use list::List;
pub use refund::{Refund, RefundStatus};

/// A JSON object with its members as they came.
pub type Hash = serde_json::Map<String, serde_json::Value>;
