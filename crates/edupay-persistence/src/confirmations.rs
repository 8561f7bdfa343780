//! How the plan of a confirmation is written, whatever its charge pays for.

use crate::charges::update_attempt;
use crate::conn::Conn;
use crate::journal;
use crate::receipts::insert_receipt;
use crate::tx::TxError;
use edupay_domain::clock::Timestamp;
use edupay_domain::payments::{Confirmation, ConfirmationPlan};

/// Claims the charge, books the receipt, and writes attempt, entry and events; what was paid for is
/// written by its own context.
pub(crate) fn write_confirmation<S, R>(
    conn: &mut Conn<'_>,
    plan: ConfirmationPlan<S>,
    at: Timestamp,
    write_subject: impl FnOnce(&mut Conn<'_>, &S) -> Result<(), TxError<R>>,
) -> Result<Confirmation, TxError<R>> {
    match plan {
        ConfirmationPlan::AlreadyConfirmed(receipt) => Ok(Confirmation::AlreadyConfirmed(receipt)),
        ConfirmationPlan::Keep { attempt, receipt, posted, events } => {
            insert_receipt(conn, &receipt)?;
            update_attempt(conn, &attempt)?;
            if let Some(posted) = &posted {
                journal::write_posted(conn, posted, at)?;
            }
            journal::write_events(conn, &events)?;
            Ok(Confirmation::Unapplied(receipt))
        }
        ConfirmationPlan::Apply { subject, attempt, receipt, posted, events } => {
            insert_receipt(conn, &receipt)?;
            update_attempt(conn, &attempt)?;
            write_subject(conn, &subject)?;
            journal::write_posted(conn, &posted, at)?;
            journal::write_events(conn, &events)?;
            Ok(Confirmation::Applied(receipt))
        }
    }
}
