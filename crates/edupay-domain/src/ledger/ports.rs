//! Reading the journal.

use super::model::EntryKind;
use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::money::Money;
use crate::store::StoreError;
use async_trait::async_trait;

/// Where a page of a statement begins: below this entry number; `None` is the newest.
pub type StatementCursor = Option<i64>;

/// One entry as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// The entry's number among the user's, from 1.
    pub number: i64,
    /// What was booked.
    pub kind: EntryKind,
    /// What caused it.
    pub reference: String,
    /// What could be spent before.
    pub balance_before: Money,
    /// What could be spent after.
    pub balance_after: Money,
    /// When.
    pub at: Timestamp,
}

/// One thing that is not as it must be, named so that a person finds the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The invariant: `entry_unbalanced`, `balance_differs_from_postings`, …
    pub invariant: &'static str,
    /// The row: table and key.
    pub row: String,
    /// What was found, in numbers.
    pub found: String,
}

/// What an audit of the whole ledger found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// How many users were looked at.
    pub users: i64,
    /// How many entries.
    pub entries: i64,
    /// How many postings.
    pub postings: i64,
    /// The sum of debits minus credits over everything, in fen: 0.
    pub total_fen: i64,
    /// The invariants that were checked.
    pub checked: Vec<&'static str>,
    /// What is wrong: empty when all is well.
    pub breaches: Vec<Breach>,
}

/// The journal, read only: entries are written by the effects of the other contexts.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// A page of a user's entries, newest first, at most `limit` lines below the cursor. MUST cost
    /// the same for the millionth entry as for the tenth.
    async fn statement(
        &self,
        user_id: UserId,
        below: StatementCursor,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError>;

    /// Recomputes every invariant from the postings, in one snapshot. Changes nothing.
    async fn audit(&self) -> Result<AuditReport, StoreError>;
}
