//! What confirming writes, whatever the charge pays for.

use super::{State, wall};
use edupay_domain::clock::Timestamp;
use edupay_domain::payments::{Confirmation, ConfirmationPlan, Receipt};
use edupay_domain::store::StoreError;

impl State {
    /// The charge is nobody's yet, and the entry is next.
    pub(super) fn check_confirmation<S>(&self, plan: &ConfirmationPlan<S>) -> Result<(), StoreError> {
        let (receipt, posted) = match plan {
            ConfirmationPlan::Apply { receipt, posted, .. } => (receipt, Some(posted)),
            ConfirmationPlan::Keep { receipt, posted, .. } => (receipt, posted.as_ref()),
            ConfirmationPlan::AlreadyConfirmed(_) => return Ok(()),
        };
        wall(!self.charge_owners.contains_key(&receipt.charge_id), "the charge was booked before")?;
        posted.map_or(Ok(()), |posted| self.check_booking(posted))
    }

    pub(super) fn write_confirmation<S>(
        &mut self,
        plan: ConfirmationPlan<S>,
        at: Timestamp,
        write_subject: impl FnOnce(&mut Self, S),
    ) -> Confirmation {
        match plan {
            ConfirmationPlan::Apply { subject, attempt, receipt, posted, events } => {
                self.book(&posted, at);
                self.put_attempt(attempt);
                write_subject(self, subject);
                self.add_receipt(receipt.clone());
                self.outbox.extend(events);
                Confirmation::Applied(receipt)
            }
            ConfirmationPlan::Keep { attempt, receipt, posted, events } => {
                if let Some(posted) = &posted {
                    self.book(posted, at);
                }
                self.put_attempt(attempt);
                self.add_receipt(receipt.clone());
                self.outbox.extend(events);
                Confirmation::Unapplied(receipt)
            }
            ConfirmationPlan::AlreadyConfirmed(receipt) => Confirmation::AlreadyConfirmed(receipt),
        }
    }

    fn add_receipt(&mut self, receipt: Receipt) {
        self.charge_owners.insert(receipt.charge_id.clone(), receipt.user_id);
        self.receipts.entry(receipt.user_id).or_default().push(receipt);
    }
}
