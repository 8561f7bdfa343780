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

use crate::ledger::returns::give_back;
use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Split, Transfer, Wallet};
use crate::money::Money;

/// A purchase in the App Store is credited: a debt is paid first, the rest is the user's App Store money.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn credit_app_store_purchase(reference: &str, wallet: &Wallet, amount: Money) -> Result<JournalEntry, LedgerError> {
    let back = give_back(wallet, Split::of(Bucket::Iap, amount));
    let leg = |credit, amount| Transfer { debit: LedgerAccount::AppStoreReceivable, credit, amount };
    JournalEntry::from_transfers(
        EntryKind::CreditAppStorePurchase,
        reference,
        [leg(LedgerAccount::UserDebt, back.debt), leg(LedgerAccount::User(Bucket::Iap), back.into.iap)],
    )
}

/// A purchase in the App Store's sandbox is credited, as a gift: play money pays no debt.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn credit_app_store_play_money(reference: &str, amount: Money) -> Result<JournalEntry, LedgerError> {
    let (debit, credit) = (LedgerAccount::AppStoreSandbox, LedgerAccount::User(Bucket::Bonus));
    JournalEntry::from_transfers(EntryKind::CreditAppStorePurchase, reference, [Transfer { debit, credit, amount }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::ledger::post;

    #[test]
    fn a_debt_is_paid_by_real_money_only() {
        for (debt, amount, debt_after, iap_after) in
            [(0, 100, 0, 100), (30, 100, 0, 70), (100, 100, 0, 0), (130, 100, 30, 0)]
        {
            let wallet = Wallet { debt: Money::from_fen_u32(debt), ..Wallet::new(UserId::try_new(1).unwrap()) };
            let amount = Money::from_fen_u32(amount);
            let real = post(&wallet, credit_app_store_purchase("x", &wallet, amount).unwrap()).unwrap().wallet;
            assert_eq!((real.debt.fen(), real.iap.fen()), (debt_after, iap_after));
            let play = post(&wallet, credit_app_store_play_money("x", amount).unwrap()).unwrap().wallet;
            assert_eq!((play.debt, play.iap, play.bonus), (wallet.debt, Money::ZERO, amount));
        }
    }
}
