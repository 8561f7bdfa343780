//! A run: which days were compared with whom, and what came of it.

use super::days::Days;
use super::difference::Source;
use crate::clock::Timestamp;
use crate::ids::{ReconciliationId, UserId};

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunStatus {
    /// Somebody works on it, or did and died.
    Running,
    /// Both sides were read to the end.
    Finished,
    /// One side could not be read to the end. What was found is kept, and is not all.
    Failed,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Running, Self::Finished, Self::Failed];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

/// How much was compared and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Payments of the days on the other sides.
    pub their_payments: u64,
    /// Refunds of the days on the other sides.
    pub their_refunds: u64,
    /// Payments that we booked on the days.
    pub our_payments: u64,
    /// Refunds that we booked on the days.
    pub our_refunds: u64,
    /// Differences.
    pub differences: u64,
    /// Hints, which are no differences.
    pub hints: u64,
    /// Differences that the run before had not.
    pub new: u64,
    /// Differences that the run before had and this one has not.
    pub gone: u64,
}

/// One comparison of some days. It replaces no other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub id: ReconciliationId,
    /// Which days.
    pub days: Days,
    /// With whom, each once, in the order of [`Source::ALL`].
    pub sources: Vec<Source>,
    /// How far it has come.
    pub status: RunStatus,
    /// Why it failed: a stable code.
    pub failure: Option<String>,
    /// Who asked for it; nobody when it is the daily one or from the command line.
    pub started_by: Option<UserId>,
    /// The finished run of the same days and sources before it.
    pub previous: Option<ReconciliationId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last moved.
    pub touched_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How much was compared and found.
    pub counts: Counts,
}

/// Begins a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeginRun {
    /// Which days.
    pub days: Days,
    /// With whom, each once, in the order of [`Source::ALL`].
    pub sources: Vec<Source>,
    /// Who asks for it.
    pub started_by: Option<UserId>,
    /// Whether it is the daily run of its days: then only one instance gets it.
    pub daily: Daily,
    /// When.
    pub at: Timestamp,
}

/// Whether a run is the one that the program does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Daily {
    /// It is.
    Yes,
    /// Somebody asked for it.
    No,
}

/// Ends a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishRun {
    /// Which.
    pub id: ReconciliationId,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// What came of it.
    pub counts: Counts,
    /// When.
    pub at: Timestamp,
}
