//! Where links are kept.

use super::model::CashierLink;
use crate::accounts::TokenDigest;
use crate::clock::Timestamp;
use crate::store::StoreError;
use async_trait::async_trait;

/// Links by their digests.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait CashierLinkStore: Send + Sync {
    /// Stores a link. MUST fail as corrupt for a digest that is there, or a user that is not.
    async fn create(&self, link: &CashierLink) -> Result<(), StoreError>;

    /// The link of a digest, expired ones too: a page tells an expired link from one that never was.
    async fn find(&self, digest: TokenDigest) -> Result<Option<CashierLink>, StoreError>;

    /// Forgets at most `limit` links that expired before a moment; answers how many.
    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;
}
