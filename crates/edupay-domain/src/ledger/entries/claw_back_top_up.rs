//! | debit | credit |
//! |---|---|
//! | user's balances, then user debt | gateway receivable |
//! | user bonus, as far as it is still there | adjustments |

use super::money_back::taken_by_gateway;
use crate::ids::RefundNo;
use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Recovery, Transfer};
use crate::money::Money;

/// The gateway gave a top-up back to its payer: it is taken from the balances, the rest is owed. So is
/// what is left of the gift that came with it; a gift is never owed.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn claw_back_top_up(refund_no: &RefundNo, recovery: Recovery, bonus: Money) -> Result<JournalEntry, LedgerError> {
    let gift =
        Transfer { debit: LedgerAccount::User(Bucket::Bonus), credit: LedgerAccount::Adjustments, amount: bonus };
    let transfers = taken_by_gateway(recovery).into_iter().chain([gift]);
    JournalEntry::from_transfers(EntryKind::ClawBackTopUp, refund_no.as_str(), transfers)
}
