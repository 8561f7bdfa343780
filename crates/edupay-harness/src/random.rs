//! Numbers that a seed decides, so that a run can be repeated. Not for secrets.

/// A stream of numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own, for whoever has this number: no thread's luck depends on another's haste.
    pub(crate) fn branch(&self, number: u64) -> Self {
        let mut fork = Self { state: self.state ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93) };
        Self { state: fork.next() }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = self.state;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of `0..bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or_default()
    }

    /// One of both and all between.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least.saturating_add(self.below(most.saturating_sub(least).saturating_add(1)))
    }

    /// True so many times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them, if there is any.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let index = self.below(u64::try_from(things.len()).unwrap_or_default());
        things.get(usize::try_from(index).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_all_that_follows() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            (0..8).map(|_| random.between(5, 9)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        assert!(numbers(7).iter().all(|number| (5..=9).contains(number)));
    }

    #[test]
    fn branches_differ_from_each_other() {
        let root = Random::new(1);
        assert_ne!(root.branch(1).next(), root.branch(2).next());
    }
}
