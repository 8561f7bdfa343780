//! How the plan of a confirmation is carried into the rows, whatever its charge pays for.

use crate::rows::Rows;
use edupay_domain::clock::Timestamp;
use edupay_domain::payments::{Confirmation, ConfirmationPlan};

/// Claims the charge, books the receipt, and writes attempt, entry and events; what was paid for is
/// written by its own context.
pub(crate) fn write_confirmation<S>(
    rows: &mut Rows,
    plan: ConfirmationPlan<S>,
    at: Timestamp,
    write_subject: impl FnOnce(&mut Rows, &S),
) -> Confirmation {
    match plan {
        ConfirmationPlan::AlreadyConfirmed(receipt) => Confirmation::AlreadyConfirmed(receipt),
        ConfirmationPlan::Keep { attempt, receipt, posted, events } => {
            rows.book(&receipt);
            rows.change_attempt(&attempt);
            if let Some(posted) = posted {
                rows.post(posted, at);
            }
            rows.record(events);
            Confirmation::Unapplied(receipt)
        }
        ConfirmationPlan::Apply { subject, attempt, receipt, posted, events } => {
            rows.book(&receipt);
            rows.change_attempt(&attempt);
            write_subject(rows, &subject);
            rows.post(posted, at);
            rows.record(events);
            Confirmation::Applied(receipt)
        }
    }
}
