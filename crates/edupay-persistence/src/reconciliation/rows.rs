//! How runs and differences lie in rows.

use crate::codes::{Corrupt, coded, day, moment, name, user_id};
use crate::schema::{reconciliation_differences, reconciliation_runs};
use diesel::prelude::*;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, ReconciliationId, RefundId, UserId};
use edupay_domain::reconciliation::{
    Action, BeginRun, Counts, Daily, Days, Difference, DifferenceKind, KeptDifference, Repair, Run, RunStatus, Source,
    Standing, Thing,
};

#[derive(Queryable, Insertable)]
#[diesel(table_name = reconciliation_runs)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct RunRow {
    run_id: i64,
    day_from: String,
    day_to: String,
    sources: String,
    status: String,
    failure: Option<String>,
    started_by: Option<i64>,
    daily_for: Option<String>,
    previous_id: Option<i64>,
    started_at: i64,
    touched_at: i64,
    finished_at: Option<i64>,
    their_payments: i64,
    their_refunds: i64,
    our_payments: i64,
    our_refunds: i64,
    differences: i64,
    hints: i64,
    new_differences: i64,
    gone_differences: i64,
}

/// The day of a daily run, as it stands in the row.
pub(super) fn daily_for(command: &BeginRun) -> Option<String> {
    match command.daily {
        Daily::Yes => Some(command.days.to().to_string()),
        Daily::No => None,
    }
}

pub(super) fn sources(sources: &[Source]) -> String {
    sources.iter().map(|source| source.code()).collect::<Vec<_>>().join(",")
}

pub(super) fn counted(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(column: &'static str, count: i64) -> Result<u64, Corrupt> {
    u64::try_from(count).map_err(|_| Corrupt::new(column, count))
}

pub(super) fn run_id(id: i64) -> Result<ReconciliationId, Corrupt> {
    ReconciliationId::try_new(id).map_err(|_| Corrupt::new("run_id", id))
}

impl RunRow {
    pub(super) fn begun(command: &BeginRun, run_id: i64, previous_id: Option<i64>) -> Self {
        Self {
            run_id,
            day_from: command.days.from().to_string(),
            day_to: command.days.to().to_string(),
            sources: sources(&command.sources),
            status: RunStatus::Running.code().to_owned(),
            failure: None,
            started_by: command.started_by.map(UserId::get),
            daily_for: daily_for(command),
            previous_id,
            started_at: command.at.timestamp_micros(),
            touched_at: command.at.timestamp_micros(),
            finished_at: None,
            their_payments: 0,
            their_refunds: 0,
            our_payments: 0,
            our_refunds: 0,
            differences: 0,
            hints: 0,
            new_differences: 0,
            gone_differences: 0,
        }
    }

    pub(super) fn run(self) -> Result<Run, Corrupt> {
        let days = Days::try_new(day("day_from", &self.day_from)?, day("day_to", &self.day_to)?);
        let source = |code: &str| coded("reconciliation_runs.sources", code, &Source::ALL, Source::code);
        Ok(Run {
            id: run_id(self.run_id)?,
            days: days.map_err(|_| Corrupt::new("reconciliation_runs.day_to", &self.day_to))?,
            sources: self.sources.split(',').filter(|code| !code.is_empty()).map(source).collect::<Result<_, _>>()?,
            status: coded("reconciliation_runs.status", &self.status, &RunStatus::ALL, RunStatus::code)?,
            failure: self.failure,
            started_by: self.started_by.map(user_id).transpose()?,
            previous: self.previous_id.map(run_id).transpose()?,
            started_at: moment("reconciliation_runs.started_at", self.started_at)?,
            touched_at: moment("reconciliation_runs.touched_at", self.touched_at)?,
            finished_at: self.finished_at.map(|at| moment("reconciliation_runs.finished_at", at)).transpose()?,
            counts: Counts {
                their_payments: count("their_payments", self.their_payments)?,
                their_refunds: count("their_refunds", self.their_refunds)?,
                our_payments: count("our_payments", self.our_payments)?,
                our_refunds: count("our_refunds", self.our_refunds)?,
                differences: count("differences", self.differences)?,
                hints: count("hints", self.hints)?,
                new: count("new_differences", self.new_differences)?,
                gone: count("gone_differences", self.gone_differences)?,
            },
        })
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = reconciliation_differences)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct DifferenceRow {
    run_id: i64,
    ordinal: i64,
    fingerprint: String,
    source: String,
    thing: String,
    kind: String,
    field: String,
    name: String,
    gateway_order_no: Option<String>,
    charge_id: Option<String>,
    refund_id: Option<String>,
    ours: Option<String>,
    theirs: Option<String>,
    action: String,
    standing: String,
    repair: String,
    repair_failure: Option<String>,
    repair_at: Option<i64>,
}

/// A repair's columns: what, why it failed, when.
pub(super) fn repair_columns(repair: &Repair) -> (&'static str, Option<&str>, Option<i64>) {
    let (failure, at): (Option<&str>, Option<Timestamp>) = match repair {
        Repair::Open => (None, None),
        Repair::Failed { code, at } => (Some(code), Some(*at)),
        Repair::Done { at } | Repair::ForAPerson { at } => (None, Some(*at)),
    };
    (repair.code(), failure, at.map(|at| at.timestamp_micros()))
}

impl DifferenceRow {
    pub(super) fn new(run_id: i64, ordinal: i64, difference: &Difference, standing: Standing) -> Self {
        Self {
            run_id,
            ordinal,
            fingerprint: difference.fingerprint(),
            source: difference.source.code().to_owned(),
            thing: difference.thing.code().to_owned(),
            kind: difference.kind.code().to_owned(),
            field: difference.field.clone(),
            name: difference.name.clone(),
            gateway_order_no: difference.gateway_order_no.clone(),
            charge_id: difference.charge_id.as_ref().map(|id| id.as_str().to_owned()),
            refund_id: difference.refund_id.as_ref().map(|id| id.as_str().to_owned()),
            ours: difference.ours.clone(),
            theirs: difference.theirs.clone(),
            action: difference.action.code().to_owned(),
            standing: standing.code().to_owned(),
            repair: Repair::Open.code().to_owned(),
            repair_failure: None,
            repair_at: None,
        }
    }

    pub(super) fn kept(self) -> Result<KeptDifference, Corrupt> {
        let at = self.repair_at.map(|at| moment("reconciliation_differences.repair_at", at)).transpose()?;
        let repair = match (self.repair.as_str(), self.repair_failure, at) {
            ("open", None, None) => Repair::Open,
            ("failed", Some(code), Some(at)) => Repair::Failed { code, at },
            ("repaired", None, Some(at)) => Repair::Done { at },
            ("for_a_person", None, Some(at)) => Repair::ForAPerson { at },
            (other, ..) => return Err(Corrupt::new("reconciliation_differences.repair", other)),
        };
        Ok(KeptDifference {
            ordinal: self.ordinal,
            difference: Difference {
                source: coded("reconciliation_differences.source", &self.source, &Source::ALL, Source::code)?,
                thing: coded("reconciliation_differences.thing", &self.thing, &Thing::ALL, Thing::code)?,
                kind: coded("reconciliation_differences.kind", &self.kind, &DifferenceKind::ALL, DifferenceKind::code)?,
                field: self.field,
                name: self.name,
                gateway_order_no: self.gateway_order_no,
                charge_id: self.charge_id.map(|id| name("charge_id", &id, ChargeId::parse)).transpose()?,
                refund_id: self.refund_id.map(|id| name("refund_id", &id, RefundId::parse)).transpose()?,
                ours: self.ours,
                theirs: self.theirs,
                action: coded("reconciliation_differences.action", &self.action, &Action::ALL, Action::code)?,
            },
            standing: coded("reconciliation_differences.standing", &self.standing, &Standing::ALL, Standing::code)?,
            repair,
        })
    }
}
