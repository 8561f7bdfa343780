//! Gifts for those who top up much.

use crate::money::Money;
use std::sync::Arc;
use thiserror::Error;

/// Who tops up at least this much gets this gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BonusTier {
    /// From which amount on.
    pub from: Money,
    /// What is given to it.
    pub bonus: Money,
}

/// Why tiers are no campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// An amount or a gift of nothing.
    #[error("an amount and its bonus are above zero")]
    Empty,
    /// Not from the smallest amount to the largest, or one amount twice.
    #[error("the amounts rise from tier to tier")]
    OutOfOrder,
}

/// What is given to top-ups: nothing, unless there are tiers.
///
/// A gift is a bonus: it is spent first and never leaves through a channel (contract section 6). It is
/// promised when the top-up starts, so that the end of a campaign takes nothing away from who is paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    tiers: Arc<[BonusTier]>,
}

impl Default for Campaign {
    fn default() -> Self {
        Self { tiers: Arc::new([]) }
    }
}

impl Campaign {
    /// A campaign of these tiers, from the smallest amount to the largest.
    ///
    /// # Errors
    /// [`CampaignError`].
    pub fn try_new(tiers: Vec<BonusTier>) -> Result<Self, CampaignError> {
        if tiers.iter().any(|tier| tier.from.is_zero() || tier.bonus.is_zero()) {
            return Err(CampaignError::Empty);
        }
        if !tiers.is_sorted_by(|lower, higher| lower.from < higher.from) {
            return Err(CampaignError::OutOfOrder);
        }
        Ok(Self { tiers: tiers.into() })
    }

    /// What is given to a top-up of this amount: the gift of the highest tier that it reaches.
    #[must_use]
    pub fn bonus_of(&self, amount: Money) -> Money {
        let reached = self.tiers.iter().rev().find(|tier| tier.from <= amount);
        reached.map_or(Money::ZERO, |tier| tier.bonus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(from: u32, bonus: u32) -> BonusTier {
        BonusTier { from: Money::from_fen_u32(from), bonus: Money::from_fen_u32(bonus) }
    }

    #[test]
    fn the_highest_tier_that_is_reached_gives_its_bonus() {
        let campaign = Campaign::try_new(vec![tier(10_000, 500), tier(50_000, 4_000)]).unwrap();
        for (amount, bonus) in [(1, 0), (9_999, 0), (10_000, 500), (49_999, 500), (50_000, 4_000), (1_000_000, 4_000)] {
            assert_eq!(campaign.bonus_of(Money::from_fen_u32(amount)), Money::from_fen_u32(bonus), "{amount}");
        }
        assert_eq!(Campaign::default().bonus_of(Money::MAX), Money::ZERO);
    }

    #[test]
    fn tiers_rise_and_give_something() {
        for (tiers, expected) in [
            (vec![tier(0, 1)], CampaignError::Empty),
            (vec![tier(1, 0)], CampaignError::Empty),
            (vec![tier(2, 1), tier(1, 1)], CampaignError::OutOfOrder),
            (vec![tier(1, 1), tier(1, 2)], CampaignError::OutOfOrder),
        ] {
            assert_eq!(Campaign::try_new(tiers), Err(expected));
        }
    }
}
