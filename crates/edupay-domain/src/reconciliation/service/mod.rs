//! Beginning runs, carrying them out, looking at them, repairing what they found.

mod carry_out;
mod repair;

pub use repair::Repaired;

use super::bill::{Bill, BillError, BillKind};
use super::days::Days;
use super::difference::{KeptDifference, Source};
use super::error::ReconcileError;
use super::ports::{BillReader, GatewayLists, OurBooks, Progress, ReconciliationStore, Silent};
use super::rules::{begin_run, due_days};
use super::run::{BeginRun, Daily, Run};
use crate::clock::{Clock, beijing};
use crate::ids::{ReconciliationId, UserId};
use crate::payments::{Merchant, PaymentService};
use crate::store::StoreError;
use chrono::{TimeDelta, Timelike};
use std::sync::Arc;

/// How far back the gateway's list is read, since it knows when a charge was made and not when it was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconciliationPolicy {
    /// How long before the days a charge that was paid on them may have been made: the longest life of a
    /// charge, and a margin.
    pub lookback: TimeDelta,
    /// How long before the days a charge that was refunded on them may have been made.
    pub refund_lookback: TimeDelta,
}

/// The parts of [`ReconciliationService`].
pub struct Reconciliation {
    /// The gateway's lists.
    pub gateway: Arc<dyn GatewayLists>,
    /// What we booked.
    pub books: Arc<dyn OurBooks>,
    /// Where runs are kept.
    pub store: Arc<dyn ReconciliationStore>,
    /// What reads bill files.
    pub bills: Arc<dyn BillReader>,
    /// What books the gateway's word.
    pub payments: PaymentService,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// How far back lists are read.
    pub policy: ReconciliationPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What somebody wants to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRun {
    /// Which days; yesterday when it is not said.
    pub days: Option<Days>,
    /// With whom.
    pub sources: Vec<Source>,
    /// Who wants it.
    pub started_by: Option<UserId>,
    /// Whether it is the daily run.
    pub daily: Daily,
}

/// Compares what we booked with what others tell, keeps what differs, and repairs it by asking the gateway.
///
/// ```
/// # use edupay_domain::reconciliation::*; use edupay_domain::payments::*; use edupay_domain::ids::*;
/// # use edupay_domain::clock::*; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut store = MockReconciliationStore::new();
/// store.expect_list().returning(|_, limit| { assert_eq!(limit, 20); Ok(Vec::new()) });
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// # let payments = PaymentService::new(Payments {
/// #     gateway: Arc::new(MockPaymentGateway::new()), hasty_gateway: Arc::new(MockPaymentGateway::new()), callbacks: Arc::new(MockGatewayCallbacks::new()),
/// #     charges: Arc::new(MockChargeStore::new()), receipts: Arc::new(MockReceiptStore::new()),
/// #     inbox: Arc::new(MockInboxStore::new()), orders: Arc::new(MockApplyCharge::new()),
/// #     top_ups: Arc::new(MockApplyCharge::new()), packages: Arc::new(MockApplyCharge::new()),
/// #     refunds: Arc::new(MockApplyRefund::new()), clock: Arc::new(MockClock::new()),
/// #     ids: Arc::new(MockIdSource::new()),
/// # });
/// let reconciliation = ReconciliationService::new(Reconciliation {
///     gateway: Arc::new(MockGatewayLists::new()), // nothing is expected: looking at runs asks nobody
///     books: Arc::new(MockOurBooks::new()),
///     store: Arc::new(store),
///     bills: Arc::new(MockBillReader::new()),
///     payments,
///     merchant: Merchant { app_id: "app_1".to_owned(), mode: Mode::Test },
///     policy: ReconciliationPolicy {
///         lookback: chrono::TimeDelta::days(2),
///         refund_lookback: chrono::TimeDelta::days(90),
///     },
///     clock: Arc::new(clock),
/// });
/// assert!(reconciliation.list(None, 20).await.unwrap().is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct ReconciliationService {
    parts: Arc<Reconciliation>,
}

impl ReconciliationService {
    /// The longest page of runs or differences.
    pub const MAX_PAGE: u32 = 500;

    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Reconciliation) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Begins a run, to be carried out by [`Self::carry_out`]. `None` when it is the daily run and
    /// somebody has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin(&self, wanted: &WantedRun) -> Result<Option<Run>, StoreError> {
        let at = self.parts.clock.now();
        let mut sources = wanted.sources.clone();
        sources.sort_unstable();
        sources.dedup();
        let command = BeginRun {
            days: wanted.days.unwrap_or_else(|| Days::yesterday(at)),
            sources,
            started_by: wanted.started_by,
            daily: wanted.daily,
            at,
        };
        self.parts.store.begin(&command, begin_run).await
    }

    /// The daily run of yesterday against the gateway's lists, from an hour of Beijing's clock on; before it those
    /// of the week before that were missed, one a call. `None` before that hour, and when all are done or somebody
    /// has them.
    ///
    /// # Errors
    /// [`ReconcileError`]: it is tried again after a while.
    pub async fn run_daily(&self, hour: u32) -> Result<Option<Run>, ReconcileError> {
        let now = self.parts.clock.now();
        if beijing(now).hour() < hour {
            return Ok(None);
        }
        let runs = self.parts.store.list(None, Self::MAX_PAGE).await?;
        for days in due_days(&runs, now) {
            let sources = vec![Source::Gateway];
            let wanted = WantedRun { days: Some(days), sources, started_by: None, daily: Daily::Yes };
            if let Some(run) = self.begin(&wanted).await? {
                return self.carry_out(run, Vec::new(), &Silent).await.map(Some);
            }
        }
        Ok(None)
    }

    /// Reads a bill file. Nothing is stored.
    ///
    /// # Errors
    /// [`BillError`] when it is no such bill; lines that can't be read are told in the [`Bill`].
    pub async fn read_bill(&self, kind: BillKind, file: Vec<u8>) -> Result<Bill, BillError> {
        self.parts.bills.read(kind, file).await
    }

    /// One run.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, id: ReconciliationId) -> Result<Option<Run>, StoreError> {
        self.parts.store.find(id).await
    }

    /// Runs below a number, the last first; a page of 1 to [`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, below: Option<ReconciliationId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.parts.store.list(below, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// The differences of a run above a place, in their order; a page of 1 to [`Self::MAX_PAGE`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn differences(
        &self,
        id: ReconciliationId,
        above: i64,
        limit: u32,
    ) -> Result<Vec<KeptDifference>, StoreError> {
        self.parts.store.differences(id, above, limit.clamp(1, Self::MAX_PAGE)).await
    }

    /// Carries out a run that was begun, to its end. Nothing but the run is changed. When one side can't
    /// be read the run is failed, and what it had found is kept.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub async fn carry_out(
        &self,
        run: Run,
        bills: Vec<(BillKind, Bill)>,
        progress: &dyn Progress,
    ) -> Result<Run, ReconcileError> {
        carry_out::run(&self.parts, run, bills, progress).await
    }
}
