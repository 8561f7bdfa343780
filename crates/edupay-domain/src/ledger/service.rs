//! The statement of a user, and the audit.

use super::ports::{AuditReport, LedgerStore, StatementCursor, StatementLine};
use crate::ids::UserId;
use crate::store::StoreError;
use std::sync::Arc;

/// Reads the journal.
///
/// ```
/// use edupay_domain::ids::UserId;
/// use edupay_domain::ledger::{LedgerService, MockLedgerStore};
/// use std::sync::Arc;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut store = MockLedgerStore::new();
/// store.expect_statement().returning(|_, _, _| Ok(Vec::new()));
/// let ledger = LedgerService::new(Arc::new(store));
/// assert!(ledger.statement(UserId::try_new(1).unwrap(), None, 20).await.unwrap().is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct LedgerService {
    store: Arc<dyn LedgerStore>,
}

impl LedgerService {
    /// The most lines of one page.
    pub const MAX_PAGE: u32 = 100;

    /// A service on this store.
    pub fn new(store: Arc<dyn LedgerStore>) -> Self {
        Self { store }
    }

    /// A page of the user's own entries, newest first; `limit` is cut to 1..=[`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`]. A repeat reads again.
    pub async fn statement(
        &self,
        user_id: UserId,
        below: StatementCursor,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        self.store.statement(user_id, below, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Recomputes all invariants. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn audit(&self) -> Result<AuditReport, StoreError> {
        self.store.audit().await
    }
}
