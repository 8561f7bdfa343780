//! What a store may answer besides its result.

use std::error::Error as StdError;
use thiserror::Error;

/// What is known about an effect whose store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// Nothing was written; the same command may be sent again.
    Unavailable,
    /// The commit was sent and its answer lost: it may have happened. Repeat the same command.
    Unknown,
    /// Nothing was written and a repeat will not help: what is stored contradicts the rules.
    Corrupt,
}

/// A store that could not do its work. Opaque: the cause is its source, for the log only.
#[derive(Debug, Error)]
#[error("the store failed: {}", match .fault {
    StoreFault::Unavailable => "nothing was written",
    StoreFault::Unknown => "the outcome is unknown",
    StoreFault::Corrupt => "what is stored contradicts the rules",
})]
pub struct StoreError {
    fault: StoreFault,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// An error of this kind with its cause.
    pub fn new(fault: StoreFault, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { fault, source: Some(source.into()) }
    }

    /// The same error after an earlier step was committed: the whole is then unknown, whatever the
    /// last step knows of itself.
    #[must_use]
    pub fn after_a_committed_step(self) -> Self {
        Self { fault: StoreFault::Unknown, source: Some(Box::new(self)) }
    }

    /// What is known about the effect.
    #[must_use]
    pub fn fault(&self) -> StoreFault {
        self.fault
    }

    /// The stable code: `store_unavailable`, `outcome_unknown` or `store_corrupt`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.fault {
            StoreFault::Unavailable => "store_unavailable",
            StoreFault::Unknown => "outcome_unknown",
            StoreFault::Corrupt => "store_corrupt",
        }
    }
}

/// Why an atomic effect did not happen: the rule refused it, or the store failed.
#[derive(Debug, Error)]
pub enum EffectError<R> {
    /// The rule refused; nothing was written.
    #[error("the request was refused")]
    Refused(#[source] R),
    /// The store failed; see [`StoreError::fault`] for what is known.
    #[error("the request could not be completed")]
    Store(#[from] StoreError),
}

impl<R> EffectError<R> {
    /// The same failure with another refusal.
    pub fn map_refusal<S>(self, map: impl FnOnce(R) -> S) -> EffectError<S> {
        match self {
            Self::Refused(refusal) => EffectError::Refused(map(refusal)),
            Self::Store(error) => EffectError::Store(error),
        }
    }
}
