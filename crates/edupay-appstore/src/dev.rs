//! A development root and a signer under it, so that purchases, refunds and notifications can be tried
//! without Apple. A service accepts what it signs only where its root is configured, which production
//! refuses.

mod chain;
mod payloads;
mod signer;

pub use chain::{ChainPlan, Mark, Role};
pub use payloads::{NotificationPlan, Revocation, TransactionPlan};
pub use signer::{CHAIN_FILE, DevError, DevSigner, KEY_FILE, ROOT_FILE};
