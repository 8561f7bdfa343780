//! What one round of background work came to.

use std::error::Error as StdError;

/// How many outages in a row show that the gateway is out of reach.
const ENOUGH: u32 = 3;
/// How many end a round of things that have no lease: a few that always meet an outage of their own are first
/// again in the next round, and must not stand before the others.
const PLENTY: u32 = 20;

/// What one round of background work did: one thing that fails does not keep the others from it,
/// and is told to whoever runs the round.
#[derive(Debug, Default)]
pub struct Round {
    /// How many things were due and worked on, whatever came of it.
    pub taken: u32,
    /// How many things moved on.
    pub done: u32,
    /// What could not be done now; each is tried again when it is due.
    pub failed: Vec<RowFailure>,
    /// Whether the gateway was out of reach, so that the round ended before its time.
    pub outage: Outage,
}

/// One thing that could not be done now.
#[derive(Debug)]
pub struct RowFailure {
    /// Its number or id.
    pub name: String,
    /// Why.
    pub error: Box<dyn StdError + Send + Sync>,
}

/// Whether a gateway is out of reach, as far as one round has seen: a few calls in a row without an answer
/// show it. What is left stays due, and is worked on with the first round that finds the gateway again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outage {
    in_a_row: u32,
}

impl Outage {
    /// Takes note of how one thing went.
    pub fn note<T, E>(&mut self, result: &Result<T, E>, is_outage: impl Fn(&E) -> bool) {
        self.in_a_row = if result.as_ref().is_err_and(is_outage) { self.in_a_row.saturating_add(1) } else { 0 };
    }

    /// Whether it has been seen often enough in a row.
    #[must_use]
    pub fn is_certain(self) -> bool {
        self.in_a_row >= ENOUGH
    }

    /// Whether it has been seen so often that things without a lease are left for the next round too.
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.in_a_row >= PLENTY
    }
}

impl Round {
    /// Counts what one thing came to; `false` is nothing to do.
    pub fn count(&mut self, name: &str, result: Result<bool, impl Into<Box<dyn StdError + Send + Sync>>>) {
        self.taken = self.taken.saturating_add(1);
        match result {
            Ok(moved) => self.done = self.done.saturating_add(u32::from(moved)),
            Err(error) => self.failed.push(RowFailure { name: name.to_owned(), error: error.into() }),
        }
    }

    /// Adds another round of the same work.
    pub fn add(&mut self, other: Self) {
        self.taken = self.taken.saturating_add(other.taken);
        self.done = self.done.saturating_add(other.done);
        self.failed.extend(other.failed);
        self.outage = other.outage;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_certain_after_three_in_a_row_and_over_with_the_first_answer() {
        let mut outage = Outage::default();
        let lost: Result<(), bool> = Err(true);
        for _ in 0..2 {
            outage.note(&lost, |lost| *lost);
        }
        outage.note(&Err::<(), _>(false), |lost| *lost);
        assert!(!outage.is_certain());
        for _ in 0..3 {
            outage.note(&lost, |lost| *lost);
        }
        assert!(outage.is_certain());
        outage.note(&Ok::<_, bool>(()), |lost| *lost);
        assert!(!outage.is_certain());
    }
}
