//! | debit | credit |
//! |---|---|
//! | App Store receivable | user debt, as far as there is one |
//! | App Store receivable | user iap, the rest |
//!
//! Play money of the App Store's sandbox:
//!
//! | debit | credit |
//! |---|---|
//! | App Store sandbox | user bonus |

use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Return, Transfer};
use crate::money::Money;

/// The App Store took a refund back: what was taken from the user is given again, a debt being paid
/// first.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn restore_app_store_purchase(reference: &str, back: Return) -> Result<JournalEntry, LedgerError> {
    let leg = |credit, amount| Transfer { debit: LedgerAccount::AppStoreReceivable, credit, amount };
    JournalEntry::from_transfers(
        EntryKind::RestoreAppStorePurchase,
        reference,
        [
            leg(LedgerAccount::UserDebt, back.debt),
            leg(LedgerAccount::User(Bucket::Iap), back.into.iap),
            leg(LedgerAccount::User(Bucket::Bonus), back.into.bonus),
            leg(LedgerAccount::User(Bucket::Cash), back.into.cash),
        ],
    )
}

/// The App Store's sandbox took a refund back: the gift that was taken is given again.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn restore_app_store_play_money(reference: &str, amount: Money) -> Result<JournalEntry, LedgerError> {
    let (debit, credit) = (LedgerAccount::AppStoreSandbox, LedgerAccount::User(Bucket::Bonus));
    JournalEntry::from_transfers(EntryKind::RestoreAppStorePurchase, reference, [Transfer { debit, credit, amount }])
}
