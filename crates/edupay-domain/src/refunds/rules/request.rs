//! How a refund is asked for, and which way it goes.

use super::settle::settle;
use super::view::{PaidWith, RefundChange, RefundView, Refundable, RefundingPlan, thing};
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::ids::EventId;
use crate::ledger::LedgerError;
use crate::money::Money;
use crate::packages::is_upgraded;
use crate::refunds::error::RefundRefusal;
use crate::refunds::model::{Refund, RefundOrigin, RefundStage, RefundTarget, RequestRefund};

/// Reserves what is to go back, and gives it back at once where no gateway is needed.
///
/// - Never more goes back than was paid: what is neither refunded nor reserved is what is left.
/// - The same number with the same content is the same refund and moves nothing; with other content it
///   is refused. One that failed may be tried again with its number and amount, also the other way; what
///   is left is then looked at anew.
/// - Above the limit a second member of staff must approve first. Who has approved a refund has approved
///   its next tries too.
/// - A purchase that was upgraded since is not refunded in full before its upgrade is.
///
/// # Errors
/// [`RefundRefusal`]; nothing is written.
pub fn request_refund(command: &RequestRefund, view: &RefundView) -> Result<RefundingPlan, RefundRefusal> {
    if command.refund_no.is_of_gateway() {
        return Err(RefundRefusal::RefundNoReserved);
    }
    let paid = match &view.paid {
        Some(Refundable::TopUp(_)) | None => return Err(RefundRefusal::NotFound),
        Some(paid) => paid,
    };
    let with = paid.paid_with().ok_or(RefundRefusal::NotPaid)?;
    let failed = match &view.named {
        Some(earlier) if !is_the_same_amount(command, earlier) => return Err(RefundRefusal::RefundNoTaken),
        Some(earlier) if earlier.stage == RefundStage::Failed => Some(earlier),
        Some(earlier) if is_the_same(command, earlier) => return Ok(RefundingPlan::Keep(earlier.clone())),
        Some(_) => return Err(RefundRefusal::RefundNoTaken),
        None => None,
    };
    let left = view.left_beside(&command.refund_no);
    let amount = failed.map(|failed| failed.amount).or(command.amount).unwrap_or(left);
    if command.amount.is_some_and(Money::is_zero) {
        return Err(RefundRefusal::AmountNotPositive);
    }
    if amount.is_zero() || amount > left {
        return Err(RefundRefusal::AboveLeft { left });
    }
    if amount == left && is_upgraded_since(paid) {
        return Err(RefundRefusal::PurchaseUpgraded);
    }
    let decided_by = failed.and_then(|failed| failed.decided_by);
    let unapproved = decided_by.is_none() && command.approval_above.is_some_and(|limit| amount > limit);
    let refund = Refund {
        user_id: command.user_id,
        refund_no: command.refund_no.clone(),
        subject: command.subject.clone(),
        amount,
        recovered: Money::ZERO,
        to: command.to,
        reason: command.reason.clone(),
        origin: failed.map_or(RefundOrigin::Staff { by: command.by }, |failed| failed.origin),
        charge_id: match (with, command.to) {
            (PaidWith::Charge(charge_id), RefundTarget::Source) => Some(charge_id),
            (PaidWith::Charge(_), RefundTarget::Balance) | (PaidWith::Balances(_), _) => None,
        },
        refund_id: None,
        stage: if unapproved { RefundStage::AwaitingApproval } else { RefundStage::Requested },
        failure: None,
        decided_by,
        requested_at: failed.map_or(command.at, |failed| failed.requested_at),
        asked_at: None,
        next_try_at: command.at,
        settled_at: None,
    };
    let body = EventBody::RefundRequested { thing: thing(&refund), amount };
    let event = Event { id: command.event_id, user_id: refund.user_id, at: command.at, body };
    let mut change = match refund.stage {
        RefundStage::AwaitingApproval => RefundChange::of(refund, view),
        _ => proceed(refund, view, command.at, command.event_id.nth(1))?,
    };
    change.events.insert(0, event);
    Ok(change.plan())
}

/// Sends an approved refund on its way: to the gateway, or into the balances at once.
pub(super) fn proceed(
    refund: Refund,
    view: &RefundView,
    at: Timestamp,
    event_id: EventId,
) -> Result<RefundChange, LedgerError> {
    if refund.charge_id.is_some() {
        let next = Refund { stage: RefundStage::Requested, next_try_at: at, ..refund };
        return Ok(RefundChange::of(next, view));
    }
    settle(refund, view, at, event_id)
}

/// Whether an upgrade has the place of a period that a purchase gave.
pub(super) fn is_upgraded_since(paid: &Refundable) -> bool {
    match paid {
        Refundable::Purchase { purchase, periods } => is_upgraded(purchase, periods),
        Refundable::Order(_) | Refundable::TopUp(_) => false,
    }
}

fn is_the_same_amount(command: &RequestRefund, earlier: &Refund) -> bool {
    command.subject == earlier.subject && command.amount.is_none_or(|amount| amount == earlier.amount)
}

fn is_the_same(command: &RequestRefund, earlier: &Refund) -> bool {
    is_the_same_amount(command, earlier) && command.to == earlier.to && command.reason == earlier.reason
}
