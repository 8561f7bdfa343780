//! How money is taken from three balances, and how an entry becomes the wallet's next state.

use super::error::LedgerError;
use super::model::{Bucket, Direction, JournalEntry, LedgerAccount, PostedEntry, Split, Wallet};
use crate::money::Money;

/// Takes an amount in the order bonus, iap, cash; `None` when the three together are not enough.
#[must_use]
pub fn split_spend(wallet: &Wallet, amount: Money) -> Option<Split> {
    let bonus = wallet.bonus.min(amount);
    let rest = amount.checked_sub(bonus)?;
    let iap = wallet.iap.min(rest);
    let cash = rest.checked_sub(iap)?;
    (cash <= wallet.cash).then_some(Split { bonus, iap, cash })
}

/// Applies an entry to the wallet of its user. The only place where a balance changes.
///
/// # Errors
/// [`LedgerError::BelowZero`] when a balance would pass zero, [`LedgerError::Overflow`] when one
/// does not fit; then nothing has changed, since the wallet is a value.
pub fn post(wallet: &Wallet, entry: JournalEntry) -> Result<PostedEntry, LedgerError> {
    let mut next = *wallet;
    for posting in entry.postings() {
        let (balance, grows_on) = match posting.account {
            LedgerAccount::User(Bucket::Bonus) => (&mut next.bonus, Direction::Credit),
            LedgerAccount::User(Bucket::Iap) => (&mut next.iap, Direction::Credit),
            LedgerAccount::User(Bucket::Cash) => (&mut next.cash, Direction::Credit),
            LedgerAccount::UserDebt => (&mut next.debt, Direction::Debit),
            LedgerAccount::GatewayReceivable
            | LedgerAccount::AppStoreReceivable
            | LedgerAccount::AppStoreSandbox
            | LedgerAccount::CourseRevenue
            | LedgerAccount::PackageRevenue
            | LedgerAccount::UnappliedReceipts
            | LedgerAccount::Adjustments => continue,
        };
        *balance = if posting.direction == grows_on {
            balance.checked_add(posting.amount).ok_or(LedgerError::Overflow)?
        } else {
            balance.checked_sub(posting.amount).ok_or(LedgerError::BelowZero)?
        };
    }
    next.entries = wallet.entries.checked_add(1).ok_or(LedgerError::Overflow)?;
    Ok(PostedEntry {
        number: next.entries,
        balance_before: wallet.balance().ok_or(LedgerError::Overflow)?,
        balance_after: next.balance().ok_or(LedgerError::Overflow)?,
        wallet: next,
        entry,
    })
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers, added up independently of the code under test")]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::ledger::{EntryKind, Transfer};
    use proptest::prelude::*;

    fn wallet(bonus: u32, iap: u32, cash: u32) -> Wallet {
        Wallet {
            bonus: Money::from_fen_u32(bonus),
            iap: Money::from_fen_u32(iap),
            cash: Money::from_fen_u32(cash),
            ..Wallet::new(UserId::try_new(1).unwrap())
        }
    }

    #[test]
    fn bonus_is_spent_first_then_iap_then_cash() {
        for ((bonus, iap, cash), amount, expected) in [
            ((5, 5, 5), 3, Some((3, 0, 0))),
            ((5, 5, 5), 5, Some((5, 0, 0))),
            ((5, 5, 5), 7, Some((5, 2, 0))),
            ((5, 5, 5), 15, Some((5, 5, 5))),
            ((5, 5, 5), 16, None),
            ((0, 0, 9), 9, Some((0, 0, 9))),
            ((0, 0, 0), 1, None),
        ] {
            let split = split_spend(&wallet(bonus, iap, cash), Money::from_fen_u32(amount));
            let expected = expected.map(|(bonus, iap, cash)| Split {
                bonus: Money::from_fen_u32(bonus),
                iap: Money::from_fen_u32(iap),
                cash: Money::from_fen_u32(cash),
            });
            assert_eq!(split, expected);
        }
    }

    fn account() -> impl Strategy<Value = LedgerAccount> {
        (0..LedgerAccount::ALL.len()).prop_map(|index| LedgerAccount::ALL[index])
    }

    proptest! {
        #[test]
        fn any_transfers_make_a_balanced_entry_and_the_wallet_follows_it(
            transfers in prop::collection::vec((account(), account(), 0_u32..1000), 0..6),
            (bonus, iap, cash) in (0_u32..1000, 0_u32..1000, 0_u32..1000),
        ) {
            let before = wallet(bonus, iap, cash);
            let transfers = transfers.into_iter().map(|(debit, credit, amount)| Transfer { debit, credit, amount: Money::from_fen_u32(amount) });
            let Ok(entry) = JournalEntry::from_transfers(EntryKind::AdjustBalance, "any", transfers) else { return Ok(()) };
            let signed = |direction| match direction { Direction::Debit => -1_i64, Direction::Credit => 1 };
            let total: i64 = entry.postings().iter().map(|line| signed(line.direction) * line.amount.fen()).sum();
            prop_assert_eq!(total, 0);
            prop_assert!(entry.postings().iter().all(|line| !line.amount.is_zero()));
            if let Ok(posted) = post(&before, entry) {
                let moved: i64 = posted.entry.postings().iter()
                    .filter(|line| matches!(line.account, LedgerAccount::User(_)))
                    .map(|line| signed(line.direction) * line.amount.fen()).sum();
                prop_assert_eq!(posted.balance_after.fen() - posted.balance_before.fen(), moved);
                prop_assert_eq!(posted.number, before.entries + 1);
            }
        }

        #[test]
        fn a_split_adds_up_and_is_covered(bonus in 0_u32..50, iap in 0_u32..50, cash in 0_u32..50, amount in 0_u32..200) {
            let wallet = wallet(bonus, iap, cash);
            match split_spend(&wallet, Money::from_fen_u32(amount)) {
                Some(split) => {
                    prop_assert_eq!(Money::checked_sum([split.bonus, split.iap, split.cash]), Some(Money::from_fen_u32(amount)));
                    prop_assert!(split.bonus <= wallet.bonus && split.iap <= wallet.iap && split.cash <= wallet.cash);
                }
                None => prop_assert!(bonus + iap + cash < amount),
            }
        }
    }
}
