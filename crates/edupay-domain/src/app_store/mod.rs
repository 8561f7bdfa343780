//! Purchases in the App Store: a balance grows by them on proof only, each once for ever, and what the
//! App Store gives back to its payer is taken back.
//!
//! Whatever the App Store signed of a transaction, and whoever brings it, is an [`Observation`] of that
//! transaction. Of two, the newer one tells how the purchase is; an older or equal one changes nothing. So
//! any order and any repetition ends in the same state.
//!
//! What is absent: cryptography. Whether the App Store signed something is the answer of a port.

mod absent;
mod commands;
mod error;
mod kept;
mod model;
mod ports;
mod purchase;
mod rules;
mod rules_observe;
#[cfg(test)]
mod rules_tests;
mod service;
mod store_ports;

pub use absent::NoAppStore;
pub use commands::{CreditPolicy, CreditPurchase, MissingToken, ObserveTransaction, SandboxCredit, Unclaimed};
pub use error::RedeemRefusal;
pub use kept::{
    AppStoreRecord, ClaimNotification, ConsumptionRequest, KeptNotification, NotificationStatus, RecordVerdict,
    TextSource,
};
pub use model::{
    AppStoreNotification, AppStorePrice, AppStoreTransaction, HistoryPage, NotificationKind, Ownership, ProductType,
    RefundedShare, SignedText, StoreEnvironment,
};
pub use ports::{AppStoreServer, AppStoreServerError, AppStoreSignatures, SignatureRefusal};
pub use purchase::{AppStoreClaim, AppStorePurchase, Observation, TransactionKey};
pub use rules::{CreditPlan, CreditVerdict, credit_purchase};
pub use rules_observe::{ObservePlan, Observed, TransactionView, TransactionWrites, observe_transaction};
pub use service::{
    AppStore, AppStorePolicy, AppStoreService, CatchUpError, NotificationOutcome, ReceivedNotification, Redeemed,
    SandboxUser,
};
pub use store_ports::{AppStoreInbox, AppStorePurchaseStore, CreditPurchaseRule, ObserveTransactionRule};

#[cfg(feature = "mocks")]
pub use ports::{MockAppStoreServer, MockAppStoreSignatures};
#[cfg(feature = "mocks")]
pub use store_ports::{MockAppStoreInbox, MockAppStorePurchaseStore};
