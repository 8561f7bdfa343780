//! The two sides, the files, and where runs are kept.

use super::bill::{Bill, BillError, BillKind};
use super::difference::{Difference, KeptDifference, Repair, Standing};
use super::rules::Begin;
use super::run::{BeginRun, FinishRun, Run};
use super::sides::{ListedCharge, OurNumber, OurPayment, OurRefund, TheirRefund};
use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayOrderNo, ReconciliationId, UserId};
use crate::payments::GatewayError;
use crate::store::StoreError;
use async_trait::async_trait;
use std::collections::BTreeSet;

/// Which charges of a list are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListOnly {
    /// Those that are paid.
    Paid,
    /// Those of which anything was refunded.
    Refunded,
}

/// What is asked of the gateway's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery {
    /// Made at this moment or later, by the gateway's clock.
    pub created_from: Timestamp,
    /// Made before this moment.
    pub created_to: Timestamp,
    /// Which of them.
    pub only: ListOnly,
}

/// A page of the gateway's list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPage {
    /// What is on it.
    pub charges: Vec<ListedCharge>,
    /// The names of what is on it and can't be read.
    pub unreadable: Vec<String>,
    /// Where the next page begins; none on the last.
    pub next: Option<String>,
}

/// The gateway's lists. Implementations MUST NOT block the caller's thread.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait GatewayLists: Send + Sync {
    /// A page of the list. It MUST be bounded, and one odd object MUST NOT hide the others.
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    async fn list(&self, query: &ListQuery, after: Option<&str>) -> Result<ListPage, GatewayError>;

    /// One charge as the list tells it; `None` when the gateway has none of that id.
    async fn look_up(&self, id: &ChargeId) -> Result<Option<ListedCharge>, GatewayError>;

    /// All refunds of a charge.
    async fn refunds_of(&self, id: &ChargeId) -> Result<Vec<TheirRefund>, GatewayError>;
}

/// Where a chunk of our rows begins: above the one of this time, user and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooksCursor {
    /// The time of the last row of the chunk before.
    pub at: Timestamp,
    /// Whose it was.
    pub user_id: UserId,
    /// Its charge id, or the name of its refund.
    pub name: String,
}

/// What we booked, read in chunks: no chunk MUST need more rows than asked for in memory.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait OurBooks: Send + Sync {
    /// Those of these numbers that are ours, with everything that was booked under each.
    async fn numbers(&self, numbers: &[GatewayOrderNo]) -> Result<Vec<OurNumber>, StoreError>;

    /// The refunds through the gateway of these charges.
    async fn refunds_of(&self, charges: &[ChargeId]) -> Result<Vec<OurRefund>, StoreError>;

    /// Payments that were booked at `from` or later and before `to`, oldest first, those of one moment by
    /// user and charge.
    async fn payments_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        above: Option<BooksCursor>,
        limit: u32,
    ) -> Result<Vec<OurPayment>, StoreError>;

    /// Refunds through the gateway that succeeded at `from` or later and before `to`, oldest first, those of
    /// one moment by user and name.
    async fn refunds_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        above: Option<BooksCursor>,
        limit: u32,
    ) -> Result<Vec<OurRefund>, StoreError>;
}

/// Whether a run may begin, given the daily run of the same days, if there is one.
pub type BeginRunRule = fn(&BeginRun, Option<&Run>) -> Begin;

/// Where runs and their differences are kept, for ever. No run replaces another one.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReconciliationStore: Send + Sync {
    /// Loads the daily run of the same days where a daily one is to begin, applies the rule, and stores the new
    /// run with the last finished run of the same days and sources as its previous. Granted over an earlier
    /// daily run, that one is no longer the daily one, and failed if it was running. `None` when denied. Of
    /// many that ask at once for the same daily run one MUST be granted.
    async fn begin(&self, command: &BeginRun, rule: BeginRunRule) -> Result<Option<Run>, StoreError>;

    /// Stores differences of a running run, each at the next place; one whose fingerprint the run has is left
    /// out. The run was touched at `at`. Answers those that were stored.
    async fn add(
        &self,
        id: ReconciliationId,
        differences: Vec<(Difference, Standing)>,
        at: Timestamp,
    ) -> Result<Vec<(Difference, Standing)>, StoreError>;

    /// Those of these fingerprints that the run has, other than as gone.
    async fn known(&self, id: ReconciliationId, fingerprints: &[String]) -> Result<BTreeSet<String>, StoreError>;

    /// Ends a running run. MUST fail as corrupt when there is none.
    async fn finish(&self, command: &FinishRun) -> Result<Run, StoreError>;

    /// One run.
    async fn find(&self, id: ReconciliationId) -> Result<Option<Run>, StoreError>;

    /// Runs below a number, the last first.
    async fn list(&self, below: Option<ReconciliationId>, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// The differences of a run above a place, by place.
    async fn differences(
        &self,
        id: ReconciliationId,
        above: i64,
        limit: u32,
    ) -> Result<Vec<KeptDifference>, StoreError>;

    /// Notes what was done about a difference. One that is repaired stays so.
    async fn mark(&self, id: ReconciliationId, ordinal: i64, repair: &Repair) -> Result<(), StoreError>;
}

/// Reads bill files. Implementations MUST trust nothing in a file, and name what they can't read by line and
/// column instead of guessing.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait BillReader: Send + Sync {
    /// Reads a file, packed or not.
    async fn read(&self, kind: BillKind, file: Vec<u8>) -> Result<Bill, BillError>;
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Going through the gateway's lists.
    Lists,
    /// Going through a bill file.
    Bill(BillKind),
    /// Going through what we booked.
    Books,
    /// Looking for what is no longer different.
    Gone,
    /// Repairing.
    Repair,
}

/// Who wants to know how far a run is.
pub trait Progress: Send + Sync {
    /// So many more things were gone through.
    fn moved(&self, stage: Stage, count: usize);
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn moved(&self, _: Stage, _: usize) {}
}
