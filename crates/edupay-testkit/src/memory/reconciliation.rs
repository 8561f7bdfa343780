//! Reconciliation in memory: what was booked by time, runs and their differences.

use super::{MemoryStore, State, at_most, corrupt};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, ReconciliationId, UserId};
use edupay_domain::payments::{Channel, Receipt, ReceiptStatus};
use edupay_domain::reconciliation::{
    Begin, BeginRun, BeginRunRule, BookedRefund, BooksCursor, Counts, Daily, Difference, FinishRun, KeptDifference,
    OurBooks, OurNumber, OurPayment, OurRefund, ReconciliationStore, Repair, Run, RunStatus, Standing,
};
use edupay_domain::refunds::{Refund, RefundStage, RefundTarget};
use edupay_domain::store::StoreError;
use std::collections::BTreeSet;

/// A run with what it found.
pub(super) struct RunRows {
    run: Run,
    daily: Daily,
    kept: Vec<KeptDifference>,
}

impl State {
    fn channel_of(&self, user_id: UserId, number: &GatewayOrderNo) -> Option<Channel> {
        let attempts = self.attempts.get(&user_id).into_iter().flatten();
        attempts.into_iter().find(|attempt| attempt.gateway_order_no == *number).map(|attempt| attempt.channel)
    }

    fn our_payment(&self, receipt: &Receipt) -> Option<OurPayment> {
        let attempts = self.attempts.get(&receipt.user_id)?;
        let attempt = attempts.iter().find(|attempt| attempt.gateway_order_no == receipt.gateway_order_no)?;
        Some(OurPayment {
            user_id: receipt.user_id,
            charge_id: receipt.charge_id.clone(),
            gateway_order_no: receipt.gateway_order_no.clone(),
            channel: attempt.channel,
            asked: attempt.amount,
            booked: receipt.amount,
            status: receipt.status,
            received_at: receipt.received_at,
        })
    }

    fn our_refund(&self, refund: &Refund) -> Option<OurRefund> {
        let charge_id = refund.charge_id.clone().filter(|_| refund.to == RefundTarget::Source)?;
        let receipt = self.receipt(*self.charge_owners.get(&charge_id)?, &charge_id)?;
        Some(OurRefund {
            user_id: refund.user_id,
            name: refund.refund_no.to_string(),
            refund_id: refund.refund_id.clone(),
            charge_id,
            gateway_order_no: receipt.gateway_order_no.clone(),
            channel: self.channel_of(receipt.user_id, &receipt.gateway_order_no)?,
            amount: refund.amount,
            stage: match refund.stage {
                RefundStage::Requested | RefundStage::Pending => BookedRefund::AtGateway,
                RefundStage::Succeeded => BookedRefund::Succeeded,
                RefundStage::Failed => BookedRefund::Failed,
                RefundStage::AwaitingApproval | RefundStage::Rejected => return None,
            },
            at: refund.settled_at.unwrap_or(refund.requested_at),
        })
    }

    fn our_unapplied(&self, receipt: &Receipt) -> Option<OurRefund> {
        Some(OurRefund {
            user_id: receipt.user_id,
            name: receipt.charge_id.to_string(),
            refund_id: receipt.refund_id.clone(),
            charge_id: receipt.charge_id.clone(),
            gateway_order_no: receipt.gateway_order_no.clone(),
            channel: self.channel_of(receipt.user_id, &receipt.gateway_order_no)?,
            amount: receipt.amount,
            stage: match receipt.status {
                ReceiptStatus::RefundRequested | ReceiptStatus::RefundPending => BookedRefund::AtGateway,
                ReceiptStatus::Refunded => BookedRefund::Succeeded,
                ReceiptStatus::Review if receipt.refund_id.is_some() => BookedRefund::Review,
                ReceiptStatus::Review | ReceiptStatus::Applied | ReceiptStatus::RefundDue => return None,
            },
            at: receipt.next_try_at,
        })
    }

    fn all_our_refunds(&self) -> Vec<OurRefund> {
        let of_things = self.refunds.values().flatten().filter_map(|refund| self.our_refund(refund));
        let of_receipts = self.receipts.values().flatten().filter_map(|receipt| self.our_unapplied(receipt));
        of_things.chain(of_receipts).collect()
    }

    fn running(&mut self, id: ReconciliationId) -> Result<&mut RunRows, StoreError> {
        let rows = self.reconciliations.get_mut(&id).filter(|rows| rows.run.status == RunStatus::Running);
        rows.ok_or_else(|| corrupt("nobody works on the run"))
    }
}

fn is_above(key: (Timestamp, UserId, &str), above: Option<&BooksCursor>) -> bool {
    above.is_none_or(|cursor| key > (cursor.at, cursor.user_id, cursor.name.as_str()))
}

#[async_trait]
impl OurBooks for MemoryStore {
    async fn numbers(&self, numbers: &[GatewayOrderNo]) -> Result<Vec<OurNumber>, StoreError> {
        self.transaction(|state| {
            let known = numbers.iter().collect::<BTreeSet<_>>().into_iter();
            let number = |number: &GatewayOrderNo| {
                let user_id = state.routes.get(number)?.user_id;
                let receipts = state.receipts.get(&user_id).into_iter().flatten();
                let of_number = receipts.filter(|receipt| receipt.gateway_order_no == *number);
                let payments = of_number.filter_map(|receipt| state.our_payment(receipt)).collect();
                Some(OurNumber { gateway_order_no: number.clone(), payments })
            };
            Ok(known.filter_map(number).collect())
        })
    }

    async fn refunds_of(&self, charges: &[ChargeId]) -> Result<Vec<OurRefund>, StoreError> {
        self.transaction(|state| {
            let all = state.all_our_refunds().into_iter();
            Ok(all.filter(|refund| charges.contains(&refund.charge_id)).collect())
        })
    }

    async fn payments_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        above: Option<BooksCursor>,
        limit: u32,
    ) -> Result<Vec<OurPayment>, StoreError> {
        self.transaction(|state| {
            let receipts = state.receipts.values().flatten();
            let mut found: Vec<_> = receipts
                .filter(|receipt| (from..to).contains(&receipt.received_at))
                .filter(|receipt| {
                    is_above((receipt.received_at, receipt.user_id, receipt.charge_id.as_str()), above.as_ref())
                })
                .filter_map(|receipt| state.our_payment(receipt))
                .collect();
            found.sort_by_key(|payment| (payment.received_at, payment.user_id, payment.charge_id.clone()));
            Ok(at_most(found.into_iter(), limit))
        })
    }

    async fn refunds_between(
        &self,
        from: Timestamp,
        to: Timestamp,
        above: Option<BooksCursor>,
        limit: u32,
    ) -> Result<Vec<OurRefund>, StoreError> {
        self.transaction(|state| {
            let mut found: Vec<_> = state
                .all_our_refunds()
                .into_iter()
                .filter(|refund| refund.stage == BookedRefund::Succeeded && (from..to).contains(&refund.at))
                .filter(|refund| is_above((refund.at, refund.user_id, &refund.name), above.as_ref()))
                .collect();
            found.sort_by_key(|refund| (refund.at, refund.user_id, refund.name.clone()));
            Ok(at_most(found.into_iter(), limit))
        })
    }
}

#[async_trait]
impl ReconciliationStore for MemoryStore {
    async fn begin(&self, command: &BeginRun, rule: BeginRunRule) -> Result<Option<Run>, StoreError> {
        self.transaction(|state| {
            let is_daily = |rows: &&RunRows| rows.daily == Daily::Yes && rows.run.days == command.days;
            let daily = match command.daily {
                Daily::Yes => state.reconciliations.values().find(is_daily).map(|rows| rows.run.clone()),
                Daily::No => None,
            };
            if rule(command, daily.as_ref()) == Begin::Denied {
                return Ok(None);
            }
            if let Some(rows) = daily.and_then(|daily| state.reconciliations.get_mut(&daily.id)) {
                rows.daily = Daily::No;
                if rows.run.status == RunStatus::Running {
                    rows.run.status = RunStatus::Failed;
                    rows.run.failure = Some("left".to_owned());
                    rows.run.finished_at = Some(command.at);
                }
            }
            let same = |run: &&Run| {
                run.days == command.days && run.sources == command.sources && run.status == RunStatus::Finished
            };
            let previous = state.reconciliations.values().map(|rows| &rows.run).filter(same).map(|run| run.id).max();
            let highest = state.reconciliations.keys().next_back().map_or(0, |id| id.get());
            let id = ReconciliationId::try_new(highest.saturating_add(1)).map_err(corrupt)?;
            let run = Run {
                id,
                days: command.days,
                sources: command.sources.clone(),
                status: RunStatus::Running,
                failure: None,
                started_by: command.started_by,
                previous,
                started_at: command.at,
                touched_at: command.at,
                finished_at: None,
                counts: Counts::default(),
            };
            let rows = RunRows { run: run.clone(), daily: command.daily, kept: Vec::new() };
            state.reconciliations.insert(id, rows);
            Ok(Some(run))
        })
    }

    async fn add(
        &self,
        id: ReconciliationId,
        differences: Vec<(Difference, Standing)>,
        at: Timestamp,
    ) -> Result<Vec<(Difference, Standing)>, StoreError> {
        self.transaction(|state| {
            let rows = state.running(id)?;
            rows.run.touched_at = at;
            let mut stored = Vec::new();
            for (difference, standing) in differences {
                let fingerprint = difference.fingerprint();
                if rows.kept.iter().any(|kept| kept.difference.fingerprint() == fingerprint) {
                    continue;
                }
                let ordinal = rows.kept.last().map_or(0, |kept| kept.ordinal).saturating_add(1);
                let kept = KeptDifference { ordinal, difference: difference.clone(), standing, repair: Repair::Open };
                rows.kept.push(kept);
                stored.push((difference, standing));
            }
            Ok(stored)
        })
    }

    async fn known(&self, id: ReconciliationId, fingerprints: &[String]) -> Result<BTreeSet<String>, StoreError> {
        self.transaction(|state| {
            let kept = state.reconciliations.get(&id).into_iter().flat_map(|rows| &rows.kept);
            let had = kept.filter(|kept| kept.standing != Standing::Gone).map(|kept| kept.difference.fingerprint());
            Ok(had.filter(|fingerprint| fingerprints.contains(fingerprint)).collect())
        })
    }

    async fn finish(&self, command: &FinishRun) -> Result<Run, StoreError> {
        self.transaction(|state| {
            let rows = state.running(command.id)?;
            rows.run.status = if command.failure.is_some() { RunStatus::Failed } else { RunStatus::Finished };
            rows.run.failure = command.failure.clone();
            rows.run.touched_at = command.at;
            rows.run.finished_at = Some(command.at);
            rows.run.counts = command.counts;
            Ok(rows.run.clone())
        })
    }

    async fn find(&self, id: ReconciliationId) -> Result<Option<Run>, StoreError> {
        self.transaction(|state| Ok(state.reconciliations.get(&id).map(|rows| rows.run.clone())))
    }

    async fn list(&self, below: Option<ReconciliationId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.transaction(|state| {
            let newest = state.reconciliations.values().rev().map(|rows| rows.run.clone());
            Ok(at_most(newest.filter(|run| below.is_none_or(|below| run.id < below)), limit))
        })
    }

    async fn differences(
        &self,
        id: ReconciliationId,
        above: i64,
        limit: u32,
    ) -> Result<Vec<KeptDifference>, StoreError> {
        self.transaction(|state| {
            let kept = state.reconciliations.get(&id).into_iter().flat_map(|rows| rows.kept.clone());
            Ok(at_most(kept.filter(|kept| kept.ordinal > above), limit))
        })
    }

    async fn mark(&self, id: ReconciliationId, ordinal: i64, repair: &Repair) -> Result<(), StoreError> {
        self.transaction(|state| {
            let kept = state.reconciliations.get_mut(&id).into_iter().flat_map(|rows| &mut rows.kept);
            for kept in kept.filter(|kept| kept.ordinal == ordinal && !matches!(kept.repair, Repair::Done { .. })) {
                kept.repair = repair.clone();
            }
            Ok(())
        })
    }
}
