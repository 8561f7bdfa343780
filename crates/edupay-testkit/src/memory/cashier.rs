//! Links to the cashier page in memory.

use super::{MemoryStore, wall};
use async_trait::async_trait;
use edupay_domain::accounts::TokenDigest;
use edupay_domain::cashier::{CashierLink, CashierLinkStore, CashierTarget};
use edupay_domain::clock::Timestamp;
use edupay_domain::store::StoreError;

#[async_trait]
impl CashierLinkStore for MemoryStore {
    async fn create(&self, link: &CashierLink) -> Result<(), StoreError> {
        self.transaction(|state| {
            let (CashierTarget::Order { user_id, .. } | CashierTarget::Packages { user_id, .. }) = &link.target;
            wall(state.users.contains_key(user_id), "the link leads to no user")?;
            wall(state.users.contains_key(&link.created_by), "the link has no maker")?;
            wall(!state.cashier_links.contains_key(&link.digest), "the link is there")?;
            state.cashier_links.insert(link.digest, link.clone());
            Ok(())
        })
    }

    async fn find(&self, digest: TokenDigest) -> Result<Option<CashierLink>, StoreError> {
        self.transaction(|state| Ok(state.cashier_links.get(&digest).cloned()))
    }

    async fn remove_expired(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.transaction(|state| {
            let expired = state.cashier_links.values().filter(|link| link.expires_at < before);
            let digests = super::at_most(expired.map(|link| link.digest), limit);
            for digest in &digests {
                state.cashier_links.remove(digest);
            }
            Ok(u32::try_from(digests.len()).unwrap_or(u32::MAX))
        })
    }
}
