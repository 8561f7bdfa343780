//! Numbers that look random and are the same on every run of a seed.

use edupay_domain::ids::{AppAccountToken, Draw, EventId, IdSource};
use std::sync::atomic::{AtomicU64, Ordering};

/// Draws from a seed. The seed is printed, so that a failing run can be run again.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    drawn: AtomicU64,
    /// Counted apart, so that making a user does not change the numbers that are drawn after it.
    tokens: AtomicU64,
}

impl SeededIds {
    /// Draws of this seed; prints it.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a failing test shows its seed")]
    pub fn new(seed: u64) -> Self {
        eprintln!("ids are drawn from seed {seed}");
        Self { seed, drawn: AtomicU64::new(0), tokens: AtomicU64::new(0) }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    fn next(&self) -> u64 {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        mixed(self.seed.wrapping_add(drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

/// The finalizer of SplitMix64: neighbours in, strangers out.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl Default for SeededIds {
    fn default() -> Self {
        Self::new(42)
    }
}

impl IdSource for SeededIds {
    fn draw(&self) -> Draw {
        Draw::from_random(u32::try_from(self.next() >> 32).unwrap_or_default())
    }

    fn event_id(&self) -> EventId {
        EventId::from_random(u128::from(self.next()) << 64 | u128::from(self.next()))
    }

    fn app_account_token(&self) -> AppAccountToken {
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        AppAccountToken::from_random(u128::from(mixed(!self.seed)) << 64 | u128::from(mixed(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_seed_something_else() {
        let draws = |seed| {
            let ids = SeededIds::new(seed);
            (0..8).map(|_| (ids.draw(), ids.event_id())).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }
}
