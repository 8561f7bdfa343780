//! What an answer makes of an attempt, when a charge is ours, and how an unapplied receipt goes back.

use super::model::{
    AttemptStatus, Charge, ChargeAttempt, ChargeReply, ClaimRefund, CloseAttempt, GatewayRefund, HoldRefund, Merchant,
    Receipt, ReceiptStatus, RecordChargeReply, RecordRefund, RefundStatus, UnappliedReason,
};
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ids::{EventId, RefundId};
use crate::ledger::{LedgerError, PostedEntry, Wallet, keep_unapplied_receipt, post, refund_unapplied_receipt};

/// An attempt after the gateway's answer. A callback may have come before: then it stays paid, and
/// only learns its document.
#[must_use]
pub fn record_charge_reply(command: &RecordChargeReply, attempt: &ChargeAttempt) -> ChargeAttempt {
    let mut next = attempt.clone();
    match &command.reply {
        ChargeReply::Created { charge_id, document } => {
            if next.charge_id.is_none() || next.charge_id.as_ref() == Some(charge_id) {
                next.charge_id = Some(charge_id.clone());
                next.document = Some(document.clone());
            }
            // A refused or closed one too: another request for it was answered, and what can be paid
            // must be looked after.
            if next.status != AttemptStatus::Paid {
                next.status = AttemptStatus::Open;
                next.look_at = command.look_at;
            }
        }
        ChargeReply::Refused => {
            if next.status == AttemptStatus::Requested {
                next.status = AttemptStatus::Refused;
            }
        }
    }
    next
}

/// An attempt that can't be paid any more. A paid or refused one stays as it is.
#[must_use]
pub fn close_attempt(_command: &CloseAttempt, attempt: &ChargeAttempt) -> ChargeAttempt {
    let mut next = attempt.clone();
    if matches!(next.status, AttemptStatus::Requested | AttemptStatus::Open) {
        next.status = AttemptStatus::Closed;
    }
    next
}

/// What makes a charge another than the one we asked for, if anything does.
#[must_use]
pub fn mismatch(charge: &Charge, attempt: &ChargeAttempt, merchant: &Merchant) -> Option<UnappliedReason> {
    if charge.mode != merchant.mode {
        Some(UnappliedReason::ModeDiffers)
    } else if charge.app_id != merchant.app_id {
        Some(UnappliedReason::AppDiffers)
    } else if charge.currency != "cny" {
        Some(UnappliedReason::CurrencyDiffers)
    } else if charge.amount != attempt.amount {
        Some(UnappliedReason::AmountDiffers)
    } else if !charge.amount_refunded.is_zero() {
        Some(UnappliedReason::RefundedAlready)
    } else {
        None
    }
}

/// What a confirmation writes. `S` is the subject's next state: an order, a top-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfirmationPlan<S> {
    /// The charge pays for its subject.
    Apply {
        /// The subject, paid.
        subject: S,
        /// The attempt, paid.
        attempt: ChargeAttempt,
        /// The receipt.
        receipt: Receipt,
        /// The entry.
        posted: PostedEntry,
        /// What happened.
        events: Vec<Event>,
    },
    /// The charge is kept apart.
    Keep {
        /// The attempt; paid, unless another charge paid it before or this one is a stranger to it.
        attempt: ChargeAttempt,
        /// The receipt, with its reason.
        receipt: Receipt,
        /// The entry; none for what this ledger can't hold: another currency, play money.
        posted: Option<PostedEntry>,
        /// What happened.
        events: Vec<Event>,
    },
    /// It was booked before.
    AlreadyConfirmed(Receipt),
}

/// The plan for a paid charge that nothing can take.
///
/// # Errors
/// [`LedgerError`] when the amount can't be booked.
pub fn keep_unapplied<S>(
    charge: &Charge,
    attempt: &ChargeAttempt,
    wallet: &Wallet,
    reason: UnappliedReason,
    at: Timestamp,
    event_id: EventId,
) -> Result<ConfirmationPlan<S>, LedgerError> {
    let posted = match reason.is_booked() {
        true => Some(post(wallet, keep_unapplied_receipt(&charge.id, charge.amount)?)?),
        false => None,
    };
    let body =
        EventBody::ReceiptUnapplied { charge_id: charge.id.clone(), amount: charge.amount, reason: reason.code() };
    Ok(ConfirmationPlan::Keep {
        attempt: if is_its_own(attempt, charge, reason) { paid(attempt, charge) } else { attempt.clone() },
        receipt: receipt(charge, attempt, reason.follow_up(), Some(reason), at),
        posted,
        events: vec![Event { id: event_id, user_id: attempt.user_id, at, body }],
    })
}

/// Whether the charge is the one that the attempt asked for: a stranger's must not take its place,
/// or the right one would no longer be looked after.
fn is_its_own(attempt: &ChargeAttempt, charge: &Charge, reason: UnappliedReason) -> bool {
    match &attempt.charge_id {
        Some(id) => *id == charge.id,
        None => !matches!(reason, UnappliedReason::ModeDiffers | UnappliedReason::AppDiffers),
    }
}

/// The attempt, paid by this charge, unless another paid it before.
#[must_use]
pub fn paid(attempt: &ChargeAttempt, charge: &Charge) -> ChargeAttempt {
    let mut next = attempt.clone();
    if next.status != AttemptStatus::Paid {
        next.status = AttemptStatus::Paid;
        next.charge_id = Some(charge.id.clone());
        next.document = Some(charge.document.clone());
    }
    next
}

/// The receipt of a paid charge.
#[must_use]
pub fn receipt(
    charge: &Charge,
    attempt: &ChargeAttempt,
    status: ReceiptStatus,
    reason: Option<UnappliedReason>,
    at: Timestamp,
) -> Receipt {
    Receipt {
        user_id: attempt.user_id,
        charge_id: charge.id.clone(),
        gateway_order_no: attempt.gateway_order_no.clone(),
        amount: charge.amount,
        status,
        reason,
        refund_id: None,
        received_at: at,
        next_try_at: at,
    }
}

/// What the holder of a claim must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundClaim {
    /// Ask the gateway for the refund: nobody has.
    Ask(Receipt),
    /// Somebody asked and no answer is known: list the refunds first.
    LookFirst(Receipt),
    /// Not due, or somebody else works on it.
    Denied,
}

/// Grants the claim of a due refund; the claim itself moves the receipt to requested, so that a
/// crash between the call and its record is seen by the next holder.
#[must_use]
pub fn claim_refund(command: &ClaimRefund, receipt: &Receipt) -> RefundClaim {
    if receipt.next_try_at > command.at {
        return RefundClaim::Denied;
    }
    let claimed = |status| Receipt { status, next_try_at: command.until, ..receipt.clone() };
    match receipt.status {
        ReceiptStatus::RefundDue => RefundClaim::Ask(claimed(ReceiptStatus::RefundRequested)),
        ReceiptStatus::RefundRequested => RefundClaim::LookFirst(claimed(ReceiptStatus::RefundRequested)),
        ReceiptStatus::RefundPending => RefundClaim::LookFirst(claimed(ReceiptStatus::RefundPending)),
        ReceiptStatus::Applied | ReceiptStatus::Refunded | ReceiptStatus::Review => RefundClaim::Denied,
    }
}

/// A receipt whose refund the gateway refuses waits for a person. One that is not being refunded
/// stays as it is.
#[must_use]
pub fn hold_refund(command: &HoldRefund, receipt: &Receipt) -> Receipt {
    match receipt.status {
        ReceiptStatus::RefundDue | ReceiptStatus::RefundRequested => {
            Receipt { status: ReceiptStatus::Review, next_try_at: command.at, ..receipt.clone() }
        }
        _ => receipt.clone(),
    }
}

/// A receipt with its user's wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptView {
    /// The receipt.
    pub receipt: Receipt,
    /// The wallet, for the entry's number.
    pub wallet: Wallet,
}

/// What a refund's news writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPlan {
    /// The receipt's next state.
    pub receipt: Receipt,
    /// The entry, when money went back.
    pub posted: Option<PostedEntry>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Whether a failed refund is one before the one that is under way: that one has another id, or none yet
/// while the receipt has the earlier one's.
#[must_use]
pub(super) fn is_old_news(receipt: &Receipt, id: &RefundId) -> bool {
    match receipt.status {
        ReceiptStatus::RefundPending => receipt.refund_id.as_ref().is_some_and(|known| known != id),
        ReceiptStatus::RefundDue | ReceiptStatus::RefundRequested => receipt.refund_id.as_ref() == Some(id),
        ReceiptStatus::Applied | ReceiptStatus::Refunded | ReceiptStatus::Review => false,
    }
}

/// What the gateway's word makes of an unapplied receipt. A refund of another amount than the whole
/// and a failed one wait for a person; news of a receipt that is not being refunded changes nothing, nor does
/// late news of an earlier refund that failed.
///
/// # Errors
/// [`LedgerError`] when the amount can't be booked.
pub fn record_refund(command: &RecordRefund, view: &ReceiptView) -> Result<RefundPlan, LedgerError> {
    let receipt = &view.receipt;
    let unchanged = RefundPlan { receipt: receipt.clone(), posted: None, events: Vec::new() };
    if receipt.reason.is_none() || receipt.status == ReceiptStatus::Refunded {
        return Ok(unchanged);
    }
    let GatewayRefund { id, amount, status, .. } = &command.refund;
    let next = |status, next_try_at| Receipt { status, refund_id: Some(id.clone()), next_try_at, ..receipt.clone() };
    let reviewed = RefundPlan { receipt: next(ReceiptStatus::Review, command.at), posted: None, events: Vec::new() };
    match status {
        _ if *amount != receipt.amount || receipt.reason.is_some_and(|reason| !reason.is_booked()) => Ok(reviewed),
        RefundStatus::Failed if is_old_news(receipt, id) => Ok(unchanged),
        RefundStatus::Failed => Ok(reviewed),
        RefundStatus::Pending => Ok(RefundPlan {
            receipt: next(ReceiptStatus::RefundPending, command.next_try_at),
            posted: None,
            events: Vec::new(),
        }),
        RefundStatus::Succeeded => {
            let posted = post(&view.wallet, refund_unapplied_receipt(&receipt.charge_id, receipt.amount)?)?;
            let body = EventBody::ReceiptRefunded {
                charge_id: receipt.charge_id.clone(),
                refund_id: id.clone(),
                amount: receipt.amount,
            };
            Ok(RefundPlan {
                receipt: next(ReceiptStatus::Refunded, command.at),
                posted: Some(posted),
                events: vec![Event { id: command.event_id, user_id: receipt.user_id, at: command.at, body }],
            })
        }
    }
}
