//! Purchases in the App Store: a balance grows by them on proof only, each once for ever, and what the
//! App Store gives back to its payer is taken back.
//!
//! What is absent: cryptography. Whether the App Store signed something is the answer of a port.

mod model;
mod ports;

pub use model::{
    AppStoreNotification, AppStorePrice, AppStoreTransaction, HistoryPage, NotificationKind, Ownership, ProductType,
    RefundedShare, StoreEnvironment,
};
pub use ports::{AppStoreServer, AppStoreServerError, AppStoreSignatures, SignatureRefusal};

#[cfg(feature = "mocks")]
pub use ports::{MockAppStoreServer, MockAppStoreSignatures};
