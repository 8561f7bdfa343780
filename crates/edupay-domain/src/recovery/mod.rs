//! What is unfinished is finished, and what nobody can finish reaches a person.
//!
//! The work itself belongs to the contexts whose things they are; here they are run, counted and told. The
//! list for people is no store of its own: an item is there for as long as the thing it names is as the list
//! says, so nothing can be missing from it. A person decides by one of a few actions, each of which goes the
//! way that the programs go too.
//!
//! What is absent: an edit of a balance or of a state by hand, and a way to apply what was not applied.

mod error;
mod model;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod service;

pub use error::{DecideError, ReviewRefusal};
pub use model::{
    DecideReview, DecisionReason, Overview, ReviewAction, ReviewCount, ReviewDecision, ReviewId, ReviewItem,
    ReviewKind, UnfinishedCount, UnfinishedRow, WorkKind,
};
pub use ports::{DecideReviewRule, ReviewCursor, ReviewStore};
pub use rules::{
    PERIOD_LEFT, REFUND_FAILED, REFUND_UNCLEAR, ReviewChange, ReviewPlan, ReviewView, UNKNOWN, UNMATCHED, UNREADABLE,
    actions, decide_review,
};
pub use service::{KindReport, Recovery, RecoveryService, RunLimits, RunReport};

#[cfg(feature = "mocks")]
pub use ports::MockReviewStore;
