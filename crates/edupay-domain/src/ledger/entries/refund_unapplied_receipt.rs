//! | debit | credit |
//! |---|---|
//! | unapplied receipts | gateway receivable |

use crate::ids::ChargeId;
use crate::ledger::{EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer};
use crate::money::Money;

/// An unapplied receipt went back to its payer.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn refund_unapplied_receipt(charge_id: &ChargeId, amount: Money) -> Result<JournalEntry, LedgerError> {
    let leg = Transfer { debit: LedgerAccount::UnappliedReceipts, credit: LedgerAccount::GatewayReceivable, amount };
    JournalEntry::from_transfers(EntryKind::RefundUnappliedReceipt, charge_id.as_str(), [leg])
}
