//! | debit | credit |
//! |---|---|
//! | gateway receivable | unapplied receipts |

use crate::ids::ChargeId;
use crate::ledger::{EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer};
use crate::money::Money;

/// A charge was paid that nothing can take: it is owed back.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn keep_unapplied_receipt(charge_id: &ChargeId, amount: Money) -> Result<JournalEntry, LedgerError> {
    let leg = Transfer { debit: LedgerAccount::GatewayReceivable, credit: LedgerAccount::UnappliedReceipts, amount };
    JournalEntry::from_transfers(EntryKind::KeepUnappliedReceipt, charge_id.as_str(), [leg])
}
