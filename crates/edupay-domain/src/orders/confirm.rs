//! What a paid charge makes of an order.

use super::error::PayRefusal;
use super::model::{ConfirmOrderCharge, Entitlement, Order, Payment, Tender};
use super::pay::{fulfil, payable};
use crate::clock::Timestamp;
use crate::ids::CourseId;
use crate::ledger::{self, LedgerError, Wallet, post};
use crate::payments::{self, ChargeAttempt, ConfirmationPlan, Receipt, ReceiptStatus, UnappliedReason};

/// What confirming a charge sees: the buyer's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmOrderView {
    /// The wallet, for the entry's number.
    pub wallet: Wallet,
    /// The attempt the charge is of.
    pub attempt: ChargeAttempt,
    /// The order.
    pub order: Option<Order>,
    /// Those of the order's courses that the buyer owns.
    pub owned: Vec<CourseId>,
    /// The receipt of this charge, if it was booked before.
    pub receipt: Option<Receipt>,
}

/// The first right charge pays the order; whatever can't be applied is kept, never lost and never
/// fulfilled twice (contract section 4).
///
/// An order is judged by the moment the payer paid, not by the moment we heard: a charge paid in
/// time pays an order that is still unpaid, however late the callback comes. A closed order stays
/// closed.
///
/// # Errors
/// [`LedgerError`] when the amount can't be booked.
pub fn confirm_order_charge(
    command: &ConfirmOrderCharge,
    view: &ConfirmOrderView,
) -> Result<ConfirmationPlan<(Order, Vec<Entitlement>)>, LedgerError> {
    if let Some(receipt) = &view.receipt {
        return Ok(ConfirmationPlan::AlreadyConfirmed(receipt.clone()));
    }
    let charge = &command.charge;
    let paid_at = charge.paid_at.unwrap_or(command.at).min(command.at);
    let reason = payments::mismatch(charge, &view.attempt, &command.merchant);
    let reason = reason.or_else(|| cannot_take(view.order.as_ref(), &view.owned, paid_at));
    let (None, Some(order)) = (reason, &view.order) else {
        let reason = reason.unwrap_or(UnappliedReason::SubjectMissing);
        return payments::keep_unapplied(charge, &view.attempt, &view.wallet, reason, command.at, command.event_id);
    };
    let posted = post(&view.wallet, ledger::confirm_order_charge(&charge.id, charge.amount)?)?;
    let tender = Tender::Charge { channel: view.attempt.channel, charge_id: charge.id.clone() };
    let (order, entitlements, event) = fulfil(order, Payment { at: command.at, tender }, command.event_id);
    Ok(ConfirmationPlan::Apply {
        subject: (order, entitlements),
        attempt: payments::paid(&view.attempt, charge),
        receipt: payments::receipt(charge, &view.attempt, ReceiptStatus::Applied, None, command.at),
        posted,
        events: vec![event],
    })
}

fn cannot_take(order: Option<&Order>, owned: &[CourseId], paid_at: Timestamp) -> Option<UnappliedReason> {
    let Some(order) = order else { return Some(UnappliedReason::SubjectMissing) };
    match payable(order, owned, paid_at) {
        Ok(()) => None,
        Err(PayRefusal::OrderPaid) => Some(UnappliedReason::PaidAlready),
        Err(PayRefusal::OrderClosed) => Some(UnappliedReason::OrderClosed),
        Err(PayRefusal::OrderCancelled) => Some(UnappliedReason::OrderCancelled),
        Err(PayRefusal::CourseOwned { .. }) => Some(UnappliedReason::CourseOwned),
        Err(_) => Some(UnappliedReason::SubjectMissing),
    }
}
