//! | debit | credit |
//! |---|---|
//! | gateway receivable | course revenue |

use crate::ids::ChargeId;
use crate::ledger::{EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer};
use crate::money::Money;

/// A charge paid an order.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn confirm_order_charge(charge_id: &ChargeId, amount: Money) -> Result<JournalEntry, LedgerError> {
    let leg = Transfer { debit: LedgerAccount::GatewayReceivable, credit: LedgerAccount::CourseRevenue, amount };
    JournalEntry::from_transfers(EntryKind::ConfirmOrderCharge, charge_id.as_str(), [leg])
}
