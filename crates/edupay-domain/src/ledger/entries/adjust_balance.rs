//! | debit | credit |
//! |---|---|
//! | adjustments | one of the user's balances |

use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer};
use crate::money::Money;

/// Staff adds to a balance. The reason is the entry's reference; nobody can edit a balance.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn adjust_balance(reason: &str, bucket: Bucket, amount: Money) -> Result<JournalEntry, LedgerError> {
    let leg = Transfer { debit: LedgerAccount::Adjustments, credit: LedgerAccount::User(bucket), amount };
    JournalEntry::from_transfers(EntryKind::AdjustBalance, reason, [leg])
}
