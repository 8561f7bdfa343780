//! The journal in memory.

use super::{MemoryStore, State, at_most, wall};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::UserId;
use edupay_domain::ledger::{
    AuditReport, EntryKind, LedgerStore, PostedEntry, Posting, StatementCursor, StatementLine,
};
use edupay_domain::money::Money;
use edupay_domain::store::StoreError;

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// The number among the user's, from 1.
    pub number: i64,
    /// What was booked.
    pub kind: EntryKind,
    /// What caused it.
    pub reference: String,
    /// The lines.
    pub postings: Vec<Posting>,
    /// What could be spent before.
    pub balance_before: Money,
    /// What could be spent after.
    pub balance_after: Money,
    /// When.
    pub at: Timestamp,
}

impl State {
    /// The user is there, and the entry is the next of the user's.
    pub(super) fn check_booking(&self, posted: &PostedEntry) -> Result<(), StoreError> {
        let wallet = self.wallet(posted.wallet.user_id);
        wall(wallet.is_some_and(|wallet| wallet.entries.checked_add(1) == Some(posted.number)), "the entry is not next")
    }

    pub(super) fn book(&mut self, posted: &PostedEntry, at: Timestamp) {
        let user_id = posted.wallet.user_id;
        if let Some(row) = self.users.get_mut(&user_id) {
            row.user.wallet = posted.wallet;
        }
        self.journal.entry(user_id).or_default().push(JournalRow {
            number: posted.number,
            kind: posted.entry.kind(),
            reference: posted.entry.reference().to_owned(),
            postings: posted.entry.postings().to_vec(),
            balance_before: posted.balance_before,
            balance_after: posted.balance_after,
            at,
        });
    }
}

#[async_trait]
impl LedgerStore for MemoryStore {
    async fn statement(
        &self,
        user_id: UserId,
        below: StatementCursor,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        self.transaction(|state| {
            let rows = state.journal.get(&user_id).into_iter().flatten().rev();
            let page = rows.filter(|row| below.is_none_or(|below| row.number < below)).map(|row| StatementLine {
                number: row.number,
                kind: row.kind,
                reference: row.reference.clone(),
                balance_before: row.balance_before,
                balance_after: row.balance_after,
                at: row.at,
            });
            Ok(at_most(page, limit))
        })
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        self.transaction(|state| Ok(state.audit()))
    }
}
