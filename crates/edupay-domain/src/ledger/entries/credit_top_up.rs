//! | debit | credit |
//! |---|---|
//! | gateway receivable | user debt, as far as there is one |
//! | gateway receivable | user cash, the rest |
//! | adjustments | user bonus, what a campaign gives |

use crate::ids::TopUpNo;
use crate::ledger::{Bucket, EntryKind, JournalEntry, LedgerAccount, LedgerError, Transfer, Wallet};
use crate::money::Money;

/// A charge paid a top-up: a debt is paid first, the rest is the user's cash. A bonus is a gift and pays
/// no debt.
///
/// # Errors
/// [`LedgerError::Empty`] for nothing.
pub fn credit_top_up(
    top_up_no: &TopUpNo,
    wallet: &Wallet,
    amount: Money,
    bonus: Money,
) -> Result<JournalEntry, LedgerError> {
    let debt = wallet.debt.min(amount);
    let rest = amount.checked_sub(debt).ok_or(LedgerError::BelowZero)?;
    let leg = |debit, credit, amount| Transfer { debit, credit, amount };
    JournalEntry::from_transfers(
        EntryKind::CreditTopUp,
        top_up_no.as_str(),
        [
            leg(LedgerAccount::GatewayReceivable, LedgerAccount::UserDebt, debt),
            leg(LedgerAccount::GatewayReceivable, LedgerAccount::User(Bucket::Cash), rest),
            leg(LedgerAccount::Adjustments, LedgerAccount::User(Bucket::Bonus), bonus),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::ledger::post;

    #[test]
    fn a_top_up_pays_the_debt_first() {
        for (debt, amount, bonus, debt_after, cash_after) in
            [(0, 100, 0, 0, 100), (30, 100, 5, 0, 70), (100, 100, 5, 0, 0), (130, 100, 5, 30, 0)]
        {
            let wallet = Wallet { debt: Money::from_fen_u32(debt), ..Wallet::new(UserId::try_new(1).unwrap()) };
            let (number, bonus) = (TopUpNo::parse("3").unwrap(), Money::from_fen_u32(bonus));
            let entry = credit_top_up(&number, &wallet, Money::from_fen_u32(amount), bonus).unwrap();
            let after = post(&wallet, entry).unwrap().wallet;
            assert_eq!((after.debt.fen(), after.cash.fen(), after.bonus), (debt_after, cash_after, bonus));
        }
    }
}
