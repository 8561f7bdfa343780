//! The port of runs.

use super::rows::{DifferenceRow, RunRow, counted, daily_for, repair_columns, sources};
use crate::codes::{Corrupt, next_id};
use crate::conn::{Conn, lock, on};
use crate::database::SqlStore;
use crate::schema::{reconciliation_differences, reconciliation_runs};
use crate::tx::TxError;
use async_trait::async_trait;
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::result::Error;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::ReconciliationId;
use edupay_domain::reconciliation::{
    Begin, BeginRun, BeginRunRule, Difference, FinishRun, KeptDifference, ReconciliationStore, Repair, Run, RunStatus,
    Standing,
};
use edupay_domain::store::StoreError;
use std::collections::BTreeSet;

/// Why a run failed that another one took the place of.
const LEFT: &str = "left";
/// The query builder has no such statement. Runs begin one at a time, and everybody may read meanwhile.
const LOCK: &str = "LOCK TABLE reconciliation_runs IN SHARE ROW EXCLUSIVE MODE";

#[async_trait]
impl ReconciliationStore for SqlStore {
    async fn begin(&self, command: &BeginRun, rule: BeginRunRule) -> Result<Option<Run>, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            if let Conn::Postgres(connection) = conn {
                diesel::sql_query(LOCK).execute(*connection)?;
            }
            let day = daily_for(&command);
            let daily = match &day {
                Some(day) => daily_run(conn, day)?,
                None => None,
            };
            if rule(&command, daily.as_ref()) == Begin::Denied {
                return Ok(None);
            }
            if let Some(daily) = daily {
                give_up(conn, &daily, command.at)?;
            }
            let same = reconciliation_runs::table
                .filter(reconciliation_runs::day_from.eq(command.days.from().to_string()))
                .filter(reconciliation_runs::day_to.eq(command.days.to().to_string()))
                .filter(reconciliation_runs::sources.eq(sources(&command.sources)))
                .filter(reconciliation_runs::status.eq(RunStatus::Finished.code()))
                .select(max(reconciliation_runs::run_id));
            let previous: Option<i64> = on!(conn, c => same.first(c))?;
            let highest = reconciliation_runs::table.select(max(reconciliation_runs::run_id));
            let highest: Option<i64> = on!(conn, c => highest.first(c))?;
            let id = next_id("reconciliation_runs.run_id", highest)?;
            let row = RunRow::begun(&command, id, previous);
            on!(conn, c => diesel::insert_into(reconciliation_runs::table).values(&row).execute(c))?;
            Ok(Some(row.run()?))
        })
        .await
    }

    async fn add(
        &self,
        id: ReconciliationId,
        differences: Vec<(Difference, Standing)>,
        at: Timestamp,
    ) -> Result<Vec<(Difference, Standing)>, StoreError> {
        self.write(move |conn| {
            expect_running(conn, id)?;
            let touch = diesel::update(reconciliation_runs::table.find(id.get()))
                .set(reconciliation_runs::touched_at.eq(at.timestamp_micros()));
            on!(conn, c => touch.execute(c))?;
            if differences.is_empty() {
                return Ok(Vec::new());
            }
            let highest = reconciliation_differences::table
                .filter(reconciliation_differences::run_id.eq(id.get()))
                .select(max(reconciliation_differences::ordinal));
            let mut highest: Option<i64> = on!(conn, c => highest.first(c))?;
            let mut stored = Vec::new();
            for (difference, standing) in &differences {
                let ordinal = next_id("reconciliation_differences.ordinal", highest)?;
                let row = DifferenceRow::new(id.get(), ordinal, difference, *standing);
                let insert =
                    diesel::insert_into(reconciliation_differences::table).values(&row).on_conflict_do_nothing();
                if on!(conn, c => insert.execute(c))? == 1 {
                    highest = Some(ordinal);
                    stored.push((difference.clone(), *standing));
                }
            }
            Ok(stored)
        })
        .await
    }

    async fn known(&self, id: ReconciliationId, fingerprints: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let fingerprints = fingerprints.to_vec();
        self.read(move |conn| {
            let query = reconciliation_differences::table
                .filter(reconciliation_differences::run_id.eq(id.get()))
                .filter(reconciliation_differences::fingerprint.eq_any(&fingerprints))
                .filter(reconciliation_differences::standing.ne(Standing::Gone.code()))
                .select(reconciliation_differences::fingerprint);
            let found: Vec<String> = on!(conn, c => query.load(c))?;
            Ok(found.into_iter().collect())
        })
        .await
    }

    async fn finish(&self, command: &FinishRun) -> Result<Run, StoreError> {
        let command = command.clone();
        self.write(move |conn| {
            expect_running(conn, command.id)?;
            let status = if command.failure.is_some() { RunStatus::Failed } else { RunStatus::Finished };
            let counts = command.counts;
            let at = command.at.timestamp_micros();
            let update = diesel::update(reconciliation_runs::table.find(command.id.get())).set((
                reconciliation_runs::status.eq(status.code()),
                reconciliation_runs::failure.eq(command.failure.clone()),
                reconciliation_runs::touched_at.eq(at),
                reconciliation_runs::finished_at.eq(at),
                reconciliation_runs::their_payments.eq(counted(counts.their_payments)),
                reconciliation_runs::their_refunds.eq(counted(counts.their_refunds)),
                reconciliation_runs::our_payments.eq(counted(counts.our_payments)),
                reconciliation_runs::our_refunds.eq(counted(counts.our_refunds)),
                reconciliation_runs::differences.eq(counted(counts.differences)),
                reconciliation_runs::hints.eq(counted(counts.hints)),
                reconciliation_runs::new_differences.eq(counted(counts.new)),
                reconciliation_runs::gone_differences.eq(counted(counts.gone)),
            ));
            on!(conn, c => update.execute(c))?;
            let row: RunRow = on!(conn, c => reconciliation_runs::table.find(command.id.get()).first(c))?;
            Ok(row.run()?)
        })
        .await
    }

    async fn find(&self, id: ReconciliationId) -> Result<Option<Run>, StoreError> {
        self.read(move |conn| {
            let row: Option<RunRow> = on!(conn, c => reconciliation_runs::table.find(id.get()).first(c)).optional()?;
            Ok(row.map(RunRow::run).transpose()?)
        })
        .await
    }

    async fn list(&self, below: Option<ReconciliationId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.read(move |conn| {
            let query = reconciliation_runs::table
                .filter(reconciliation_runs::run_id.lt(below.map_or(i64::MAX, ReconciliationId::get)))
                .order(reconciliation_runs::run_id.desc())
                .limit(i64::from(limit));
            let rows: Vec<RunRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(RunRow::run).collect::<Result<_, Corrupt>>()?)
        })
        .await
    }

    async fn differences(
        &self,
        id: ReconciliationId,
        above: i64,
        limit: u32,
    ) -> Result<Vec<KeptDifference>, StoreError> {
        self.read(move |conn| {
            let query = reconciliation_differences::table
                .filter(reconciliation_differences::run_id.eq(id.get()))
                .filter(reconciliation_differences::ordinal.gt(above))
                .order(reconciliation_differences::ordinal.asc())
                .limit(i64::from(limit));
            let rows: Vec<DifferenceRow> = on!(conn, c => query.load(c))?;
            Ok(rows.into_iter().map(DifferenceRow::kept).collect::<Result<_, Corrupt>>()?)
        })
        .await
    }

    async fn mark(&self, id: ReconciliationId, ordinal: i64, repair: &Repair) -> Result<(), StoreError> {
        let repair = repair.clone();
        self.write(move |conn| {
            let (code, failure, at) = repair_columns(&repair);
            let done = repair_columns(&Repair::Done { at: Timestamp::default() }).0;
            let update = diesel::update(reconciliation_differences::table.find((id.get(), ordinal)))
                .filter(reconciliation_differences::repair.ne(done))
                .set((
                    reconciliation_differences::repair.eq(code),
                    reconciliation_differences::repair_failure.eq(failure),
                    reconciliation_differences::repair_at.eq(at),
                ));
            on!(conn, c => update.execute(c))?;
            Ok(())
        })
        .await
    }
}

fn daily_run<R>(conn: &mut Conn<'_>, day: &str) -> Result<Option<Run>, TxError<R>> {
    let query = reconciliation_runs::table.filter(reconciliation_runs::daily_for.eq(day));
    let row: Option<RunRow> = on!(conn, c => query.first(c)).optional()?;
    Ok(row.map(RunRow::run).transpose()?)
}

/// It is no longer the daily one; whoever still works on it is told so at the next step.
fn give_up(conn: &mut Conn<'_>, daily: &Run, at: Timestamp) -> Result<(), Error> {
    let row = reconciliation_runs::table.find(daily.id.get());
    let none: Option<String> = None;
    let update = diesel::update(row).set(reconciliation_runs::daily_for.eq(none));
    on!(conn, c => update.execute(c))?;
    if daily.status == RunStatus::Running {
        let update = diesel::update(row).set((
            reconciliation_runs::status.eq(RunStatus::Failed.code()),
            reconciliation_runs::failure.eq(LEFT),
            reconciliation_runs::finished_at.eq(at.timestamp_micros()),
        ));
        on!(conn, c => update.execute(c))?;
    }
    Ok(())
}

/// Locks a run that somebody works on.
fn expect_running<R>(conn: &mut Conn<'_>, id: ReconciliationId) -> Result<(), TxError<R>> {
    let query = reconciliation_runs::table.find(id.get()).select(reconciliation_runs::status);
    let status: Option<String> = lock!(conn, query, first).optional()?;
    match status.as_deref() {
        Some(status) if status == RunStatus::Running.code() => Ok(()),
        other => Err(Corrupt::new("reconciliation_runs.status", other.unwrap_or("no row")).into()),
    }
}
