//! | debit | credit |
//! |---|---|
//! | package revenue | user debt, then the user's balances; or gateway receivable |
//! | user's balances, then user debt | gateway receivable: what the gateway gave back beyond what was left |

use super::MoneyBack;
use crate::ids::RefundNo;
use crate::ledger::{EntryKind, JournalEntry, LedgerAccount, LedgerError};

/// A purchase of packages was refunded, in full or in part.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn refund_purchase(refund_no: &RefundNo, back: MoneyBack) -> Result<JournalEntry, LedgerError> {
    let legs = back.legs(LedgerAccount::PackageRevenue);
    JournalEntry::from_transfers(EntryKind::RefundPurchase, refund_no.as_str(), legs)
}
