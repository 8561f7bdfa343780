//! | debit | credit |
//! |---|---|
//! | user bonus, iap, cash | course revenue |

use crate::ids::OrderNo;
use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Split, Transfer};

/// An order is paid from the balances, as split.
///
/// # Errors
/// [`LedgerError::Empty`] for a split of nothing.
pub fn pay_from_balance(order_no: &OrderNo, split: Split) -> Result<JournalEntry, LedgerError> {
    let leg =
        |bucket, amount| Transfer { debit: LedgerAccount::User(bucket), credit: LedgerAccount::CourseRevenue, amount };
    JournalEntry::from_transfers(
        EntryKind::PayFromBalance,
        order_no.as_str(),
        [leg(Bucket::Bonus, split.bonus), leg(Bucket::Iap, split.iap), leg(Bucket::Cash, split.cash)],
    )
}
