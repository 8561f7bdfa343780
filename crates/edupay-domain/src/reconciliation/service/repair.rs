//! Repair: the gateway is asked, and its word is booked by the paths that a callback takes.

use super::ReconciliationService;
use crate::ids::{ChargeId, GatewayOrderNo, ReconciliationId};
use crate::money::Money;
use crate::payments::ConfirmError;
use crate::reconciliation::difference::{Action, Difference, DifferenceKind, Repair, Standing};
use crate::reconciliation::error::ReconcileError;
use crate::reconciliation::ports::{Progress, Stage};
use crate::reconciliation::rules::is_at_work;
use crate::reconciliation::sides::BookedRefund;
use crate::store::StoreError;

/// How many differences are read at once.
const PAGE: u32 = 200;

/// What a repair came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repaired {
    /// Booked on the gateway's word, now or since the run.
    pub done: u64,
    /// What a person must look at.
    pub for_a_person: u64,
    /// What could not be done now; it can be tried again.
    pub failed: u64,
}

impl ReconciliationService {
    /// Repairs what the run found and can be repaired, and marks the rest for a person; of a run that was left, what it had found by then. Never by an edit: the
    /// gateway is asked for the charge or its refunds, and its answer is booked as a callback's would be. A
    /// repeat tries again what failed.
    ///
    /// # Errors
    /// [`ReconcileError`]; what fails for one difference is counted and kept with it.
    pub async fn repair(&self, id: ReconciliationId, progress: &dyn Progress) -> Result<Repaired, ReconcileError> {
        let run = self.parts.store.find(id).await?.ok_or(ReconcileError::NotFound)?;
        if is_at_work(&run, self.parts.clock.now()) {
            return Err(ReconcileError::StillRunning);
        }
        let (mut repaired, mut above) = (Repaired::default(), 0);
        loop {
            let page = self.parts.store.differences(id, above, PAGE).await?;
            let Some(last) = page.last() else { return Ok(repaired) };
            above = last.ordinal;
            for kept in page {
                progress.moved(Stage::Repair, 1);
                let outcome = match (&kept.repair, kept.standing) {
                    (Repair::Open | Repair::Failed { .. }, Standing::New | Standing::Still) => {
                        self.repair_one(&kept.difference).await?
                    }
                    _ => None,
                };
                let Some(outcome) = outcome else { continue };
                self.parts.store.mark(id, kept.ordinal, &outcome).await?;
                let counter = match outcome {
                    Repair::Done { .. } => &mut repaired.done,
                    Repair::ForAPerson { .. } => &mut repaired.for_a_person,
                    Repair::Failed { .. } | Repair::Open => &mut repaired.failed,
                };
                *counter = counter.saturating_add(1);
            }
        }
    }

    async fn repair_one(&self, difference: &Difference) -> Result<Option<Repair>, StoreError> {
        let done = match difference.action {
            Action::Confirm => self.confirm(difference).await,
            Action::RecordRefund => self.record_refunds(difference).await,
            Action::Review => Ok(false),
            Action::Nothing => return Ok(None),
        };
        let at = self.parts.clock.now();
        match done {
            Ok(true) => Ok(Some(Repair::Done { at })),
            Ok(false) | Err(ConfirmError::Unmatched | ConfirmError::Ledger(_)) => Ok(Some(Repair::ForAPerson { at })),
            Err(ConfirmError::Store(error)) => Ok(Some(Repair::Failed { code: error.code().to_owned(), at })),
            Err(ConfirmError::Gateway(error)) => Ok(Some(Repair::Failed { code: error.code().to_owned(), at })),
        }
    }

    /// Whether the payment is booked after the gateway was asked for it.
    async fn confirm(&self, difference: &Difference) -> Result<bool, ConfirmError> {
        let number = difference.gateway_order_no.as_deref().and_then(|number| GatewayOrderNo::parse(number).ok());
        let Some(number) = number else { return Ok(false) };
        match &difference.charge_id {
            Some(id) => self.parts.payments.confirm_if_paid(id).await?,
            None => self.parts.payments.confirm_number(&number).await?,
        }
        let ours = self.parts.books.numbers(std::slice::from_ref(&number)).await?;
        let mut booked = ours.iter().flat_map(|number| &number.payments);
        Ok(match (&difference.charge_id, difference.kind) {
            (Some(id), _) => booked.any(|payment| payment.charge_id == *id),
            (None, DifferenceKind::DuplicateThere) => booked.count() > 1,
            (None, _) => booked.next().is_some(),
        })
    }

    /// Whether the refund is settled here as it is there, after the gateway was asked for those of its charge.
    async fn record_refunds(&self, difference: &Difference) -> Result<bool, ConfirmError> {
        let Some(charge_id) = &difference.charge_id else { return Ok(false) };
        self.parts.payments.record_refunds_of(charge_id).await?;
        let refunds = self.parts.books.refunds_of(std::slice::from_ref(charge_id)).await?;
        if let Some(id) = &difference.refund_id {
            let settled = |stage| matches!(stage, BookedRefund::Succeeded | BookedRefund::Failed);
            return Ok(refunds.iter().any(|refund| refund.refund_id.as_ref() == Some(id) && settled(refund.stage)));
        }
        let succeeded = refunds.iter().filter(|refund| refund.stage == BookedRefund::Succeeded);
        let sum = Money::checked_sum(succeeded.map(|refund| refund.amount));
        Ok(self.gives_back(charge_id).await? == sum)
    }

    /// What the gateway says went back of a charge.
    async fn gives_back(&self, charge_id: &ChargeId) -> Result<Option<Money>, ConfirmError> {
        Ok(self.parts.gateway.look_up(charge_id).await?.map(|listed| listed.amount_refunded))
    }
}
