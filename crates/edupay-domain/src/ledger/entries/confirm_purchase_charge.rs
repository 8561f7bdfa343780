//! | debit | credit |
//! |---|---|
//! | gateway receivable | package revenue |

use crate::ids::ChargeId;
use crate::ledger::{EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer};
use crate::money::Money;

/// A charge paid a purchase of packages.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn confirm_purchase_charge(charge_id: &ChargeId, amount: Money) -> Result<JournalEntry, LedgerError> {
    let leg = Transfer { debit: LedgerAccount::GatewayReceivable, credit: LedgerAccount::PackageRevenue, amount };
    JournalEntry::from_transfers(EntryKind::ConfirmPurchaseCharge, charge_id.as_str(), [leg])
}
