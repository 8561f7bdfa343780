//! Who tells whether the App Store signed something, and what it has signed while nobody listened.

use super::model::{AppStoreNotification, AppStoreTransaction, HistoryPage, StoreEnvironment};
use crate::clock::Timestamp;
use crate::ids::TransactionId;
use async_trait::async_trait;
use std::error::Error as StdError;
use thiserror::Error;

/// Why something is not what the App Store signed for our app. Nothing of it may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum SignatureRefusal {
    /// This service has no app in the App Store.
    #[error("no app of the App Store is configured")]
    NotConfigured,
    /// It is no signed text: too long, not three parts, another algorithm than ES256, another number of
    /// certificates than three, or a content that can't be read.
    #[error("it is no text that the App Store signs")]
    Malformed,
    /// The signature or its chain of certificates does not hold.
    #[error("the signature does not hold")]
    BadSignature,
    /// It does not say when it was signed.
    #[error("it does not say when it was signed")]
    NoSignedDate,
    /// It was signed in the future.
    #[error("it was signed in the future")]
    SignedInFuture,
    /// It is another app's.
    #[error("it is another app's")]
    OtherApp,
    /// It is of an environment that this service does not take.
    #[error("it is of another environment")]
    OtherEnvironment,
}

impl SignatureRefusal {
    /// Every refusal.
    pub const ALL: [Self; 7] = [
        Self::NotConfigured,
        Self::Malformed,
        Self::BadSignature,
        Self::NoSignedDate,
        Self::SignedInFuture,
        Self::OtherApp,
        Self::OtherEnvironment,
    ];

    /// The stable code of this refusal.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotConfigured => "app_store_not_configured",
            Self::Malformed => "app_store_malformed",
            Self::BadSignature => "app_store_bad_signature",
            Self::NoSignedDate => "app_store_no_signed_date",
            Self::SignedInFuture => "app_store_signed_in_future",
            Self::OtherApp => "app_store_other_app",
            Self::OtherEnvironment => "app_store_other_environment",
        }
    }
}

/// Verifies what the App Store signs: the chain of certificates to a configured root, their marks, the
/// signature, the app and the environment. Implementations fail closed, and look at nothing longer than
/// 64 KiB.
///
/// A production service takes both environments, since an app under review buys in the sandbox of a
/// production service; what becomes of play money is not decided here.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait AppStoreSignatures: Send + Sync {
    /// A signed transaction, as a device or the App Store itself hands it over.
    ///
    /// # Errors
    /// [`SignatureRefusal`].
    fn transaction(&self, signed: &str, at: Timestamp) -> Result<AppStoreTransaction, SignatureRefusal>;

    /// The signed payload of a notification, and the transaction inside it, which is signed for itself.
    ///
    /// # Errors
    /// [`SignatureRefusal`], for either of the two.
    fn notification(&self, signed: &str, at: Timestamp) -> Result<AppStoreNotification, SignatureRefusal>;
}

/// The App Store's server could not be asked. Nothing was changed: it is only read. The cause is its
/// source, for the log only.
#[derive(Debug, Error)]
#[error("the App Store's server could not be asked")]
pub struct AppStoreServerError {
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl AppStoreServerError {
    /// An error with its cause.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "app_store_unreachable"
    }
}

/// The App Store Server API: there where a key of the account is configured. What it answers is signed,
/// and is verified like anything else that comes in.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AppStoreServer: Send + Sync {
    /// The signed payloads of the notifications that were sent from one moment to the other, whether
    /// they arrived or not, oldest first; the App Store remembers 180 days.
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    async fn notification_history(
        &self,
        environment: StoreEnvironment,
        from: Timestamp,
        to: Timestamp,
        page: Option<&str>,
    ) -> Result<HistoryPage, AppStoreServerError>;

    /// The signed transactions that were given back to the payer of this one, oldest first.
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    async fn refund_history(
        &self,
        environment: StoreEnvironment,
        id: &TransactionId,
        page: Option<&str>,
    ) -> Result<HistoryPage, AppStoreServerError>;
}
