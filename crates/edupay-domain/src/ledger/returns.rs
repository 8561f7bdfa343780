//! What happens when money that was moved moves back: out of a user's balances, or into them.

use super::model::{Bucket, Recovery, Return, Split, Wallet};
use crate::money::Money;

impl Split {
    /// An amount of one balance.
    #[must_use]
    pub fn of(bucket: Bucket, amount: Money) -> Self {
        let mut split = Self::default();
        *split.part_mut(bucket) = amount;
        split
    }

    /// The part of one balance.
    #[must_use]
    pub fn part(&self, bucket: Bucket) -> Money {
        match bucket {
            Bucket::Bonus => self.bonus,
            Bucket::Iap => self.iap,
            Bucket::Cash => self.cash,
        }
    }

    /// All parts together; `None` when they do not fit.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        Money::checked_sum([self.bonus, self.iap, self.cash])
    }

    fn part_mut(&mut self, bucket: Bucket) -> &mut Money {
        match bucket {
            Bucket::Bonus => &mut self.bonus,
            Bucket::Iap => &mut self.iap,
            Bucket::Cash => &mut self.cash,
        }
    }
}

/// Takes an amount back from the balances, those that are named first coming first; what they can't
/// give becomes the user's debt. A balance that is not named is left alone.
///
/// Source of the rule: a balance never falls below zero (contract section 1); what a refund at the
/// App Store or the gateway can't take back is owed, and paid first by what comes in next.
#[must_use]
pub fn take_back(wallet: &Wallet, amount: Money, from: &[Bucket]) -> Recovery {
    let held = Split { bonus: wallet.bonus, iap: wallet.iap, cash: wallet.cash };
    let (mut taken, mut owed) = (Split::default(), amount);
    for &bucket in from {
        let part = held.part(bucket).min(owed);
        *taken.part_mut(bucket) = part;
        owed = owed.checked_sub(part).unwrap_or_default();
    }
    Recovery { taken, owed }
}

/// Gives amounts back to the balances; a debt is paid first, out of what goes to the App Store
/// balance, then the gifts, then the cash.
#[must_use]
pub fn give_back(wallet: &Wallet, amounts: Split) -> Return {
    let (mut into, mut left) = (amounts, wallet.debt);
    for bucket in [Bucket::Iap, Bucket::Bonus, Bucket::Cash] {
        let part = into.part_mut(bucket);
        let paid = (*part).min(left);
        *part = part.checked_sub(paid).unwrap_or_default();
        left = left.checked_sub(paid).unwrap_or_default();
    }
    Return { debt: wallet.debt.checked_sub(left).unwrap_or_default(), into }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use proptest::prelude::*;

    fn fen(amount: u32) -> Money {
        Money::from_fen_u32(amount)
    }

    fn split((bonus, iap, cash): (u32, u32, u32)) -> Split {
        Split { bonus: fen(bonus), iap: fen(iap), cash: fen(cash) }
    }

    fn wallet((bonus, iap, cash): (u32, u32, u32), debt: u32) -> Wallet {
        let split = split((bonus, iap, cash));
        let (bonus, iap, cash) = (split.bonus, split.iap, split.cash);
        Wallet { bonus, iap, cash, debt: fen(debt), ..Wallet::new(UserId::try_new(1).unwrap()) }
    }

    #[test]
    fn what_the_balances_cannot_give_is_owed() {
        let every = [Bucket::Iap, Bucket::Bonus, Bucket::Cash];
        for (held, from, amount, taken, owed) in [
            ((5, 5, 5), &every[..], 3, (0, 3, 0), 0),
            ((5, 5, 5), &every[..], 7, (2, 5, 0), 0),
            ((5, 5, 5), &every[..], 15, (5, 5, 5), 0),
            ((5, 5, 5), &every[..], 20, (5, 5, 5), 5),
            ((0, 0, 0), &every[..], 4, (0, 0, 0), 4),
            ((5, 5, 5), &[Bucket::Bonus][..], 9, (5, 0, 0), 4),
            ((5, 5, 5), &[][..], 9, (0, 0, 0), 9),
        ] {
            let expected = Recovery { taken: split(taken), owed: fen(owed) };
            assert_eq!(take_back(&wallet(held, 0), fen(amount), from), expected, "{held:?} {from:?} {amount}");
        }
    }

    #[test]
    fn what_comes_back_pays_the_debt_first() {
        for (debt, amounts, paid, into) in [
            (0, (1, 2, 3), 0, (1, 2, 3)),
            (1, (1, 2, 3), 1, (1, 1, 3)),
            (3, (1, 2, 3), 3, (0, 0, 3)),
            (5, (1, 2, 3), 5, (0, 0, 1)),
            (9, (1, 2, 3), 6, (0, 0, 0)),
        ] {
            let expected = Return { debt: fen(paid), into: split(into) };
            assert_eq!(give_back(&wallet((7, 7, 7), debt), split(amounts)), expected, "{debt} {amounts:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_on_the_way(
            held in (0_u32..50, 0_u32..50, 0_u32..50), debt in 0_u32..80,
            amounts in (0_u32..50, 0_u32..50, 0_u32..50), amount in 0_u32..200,
        ) {
            let wallet = wallet(held, debt);
            let recovery = take_back(&wallet, fen(amount), &[Bucket::Cash, Bucket::Iap, Bucket::Bonus]);
            let taken = recovery.taken.total().unwrap();
            prop_assert_eq!(taken.checked_add(recovery.owed), Some(fen(amount)));
            prop_assert!(recovery.owed.is_zero() || Some(taken) == wallet.balance());
            let back = give_back(&wallet, split(amounts));
            prop_assert_eq!(back.into.total().unwrap().checked_add(back.debt), split(amounts).total());
            prop_assert_eq!(back.debt, wallet.debt.min(split(amounts).total().unwrap()));
        }
    }
}
