//! | debit | credit |
//! |---|---|
//! | gateway receivable | user debt, as far as there is one |
//! | gateway receivable | user cash, the rest |

use crate::ids::TopUpNo;
use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer, Wallet};
use crate::money::Money;

/// A charge paid a top-up: a debt is paid first, the rest is the user's cash.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn credit_top_up(top_up_no: &TopUpNo, wallet: &Wallet, amount: Money) -> Result<JournalEntry, LedgerError> {
    let debt = wallet.debt.min(amount);
    let rest = amount.checked_sub(debt).ok_or(LedgerError::BelowZero)?;
    let leg = |credit, amount| Transfer { debit: LedgerAccount::GatewayReceivable, credit, amount };
    JournalEntry::from_transfers(
        EntryKind::CreditTopUp,
        top_up_no.as_str(),
        [leg(LedgerAccount::UserDebt, debt), leg(LedgerAccount::User(Bucket::Cash), rest)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::ledger::post;

    #[test]
    fn a_top_up_pays_the_debt_first() {
        for (debt, amount, debt_after, cash_after) in
            [(0, 100, 0, 100), (30, 100, 0, 70), (100, 100, 0, 0), (130, 100, 30, 0)]
        {
            let wallet = Wallet { debt: Money::from_fen_u32(debt), ..Wallet::new(UserId::try_new(1).unwrap()) };
            let entry = credit_top_up(&TopUpNo::parse("3").unwrap(), &wallet, Money::from_fen_u32(amount)).unwrap();
            let posted = post(&wallet, entry).unwrap();
            assert_eq!((posted.wallet.debt.fen(), posted.wallet.cash.fen()), (debt_after, cash_after));
        }
    }
}
