//! What one round of background work came to.

use std::error::Error as StdError;

/// What one round of background work did: one thing that fails does not keep the others from it,
/// and is told to whoever runs the round.
#[derive(Debug, Default)]
pub struct Round {
    /// How many things moved on.
    pub done: u32,
    /// What could not be done now; each is tried again when it is due.
    pub failed: Vec<RowFailure>,
}

/// One thing that could not be done now.
#[derive(Debug)]
pub struct RowFailure {
    /// Its number or id.
    pub name: String,
    /// Why.
    pub error: Box<dyn StdError + Send + Sync>,
}

impl Round {
    /// Counts what one thing came to; `false` is nothing to do.
    pub fn count(&mut self, name: &str, result: Result<bool, impl Into<Box<dyn StdError + Send + Sync>>>) {
        match result {
            Ok(moved) => self.done = self.done.saturating_add(u32::from(moved)),
            Err(error) => self.failed.push(RowFailure { name: name.to_owned(), error: error.into() }),
        }
    }
}
