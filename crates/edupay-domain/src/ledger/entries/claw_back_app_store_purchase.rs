//! | debit | credit |
//! |---|---|
//! | user iap, bonus, cash | App Store receivable |
//! | user debt, what the balances can't give | App Store receivable |
//!
//! Play money of the App Store's sandbox:
//!
//! | debit | credit |
//! |---|---|
//! | user bonus | App Store sandbox |

use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Recovery, Transfer};
use crate::money::Money;

/// The App Store gave a purchase back to its payer: it is taken from the balances, or owed.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn claw_back_app_store_purchase(reference: &str, recovery: Recovery) -> Result<JournalEntry, LedgerError> {
    let leg = |debit, amount| Transfer { debit, credit: LedgerAccount::AppStoreReceivable, amount };
    let taken = recovery.taken;
    JournalEntry::from_transfers(
        EntryKind::ClawBackAppStorePurchase,
        reference,
        [
            leg(LedgerAccount::User(Bucket::Iap), taken.iap),
            leg(LedgerAccount::User(Bucket::Bonus), taken.bonus),
            leg(LedgerAccount::User(Bucket::Cash), taken.cash),
            leg(LedgerAccount::UserDebt, recovery.owed),
        ],
    )
}

/// The App Store's sandbox gave a purchase back: as much of the gift as is still there goes, and no debt
/// comes of the rest.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn claw_back_app_store_play_money(reference: &str, taken: Money) -> Result<JournalEntry, LedgerError> {
    let (debit, credit) = (LedgerAccount::User(Bucket::Bonus), LedgerAccount::AppStoreSandbox);
    let leg = Transfer { debit, credit, amount: taken };
    JournalEntry::from_transfers(EntryKind::ClawBackAppStorePurchase, reference, [leg])
}
