//! The second member of staff.

use super::request::{is_upgraded_since, proceed};
use super::view::{RefundChange, RefundView, RefundingPlan, thing};
use crate::events::{Event, EventBody};
use crate::refunds::error::DecisionRefusal;
use crate::refunds::model::{DecideRefund, Refund, RefundStage};

/// Somebody else than who asked approves a refund, and it goes on its way. The same approval again is
/// the same success.
///
/// # Errors
/// [`DecisionRefusal`]; nothing is written.
pub fn approve_refund(command: &DecideRefund, view: &RefundView) -> Result<RefundingPlan, DecisionRefusal> {
    let refund = named(command, view)?;
    match refund.stage {
        RefundStage::AwaitingApproval => {}
        RefundStage::Rejected => return Err(DecisionRefusal::NotAwaiting),
        _ if refund.decided_by == Some(command.by) => return Ok(RefundingPlan::Keep(refund.clone())),
        _ => return Err(DecisionRefusal::NotAwaiting),
    }
    if refund.origin.staff() == Some(command.by) {
        return Err(DecisionRefusal::OwnRequest);
    }
    let is_full = refund.amount == view.left_beside(&refund.refund_no);
    if is_full && view.paid.as_ref().is_some_and(is_upgraded_since) {
        return Err(DecisionRefusal::PurchaseUpgraded);
    }
    let approved = Refund { decided_by: Some(command.by), ..refund.clone() };
    Ok(proceed(approved, view, command.at, command.event_id)?.plan())
}

/// Any member of staff turns a refund down that waits for approval; what it reserved is free again. The
/// same rejection again is the same success.
///
/// # Errors
/// [`DecisionRefusal`]; nothing is written.
pub fn reject_refund(command: &DecideRefund, view: &RefundView) -> Result<RefundingPlan, DecisionRefusal> {
    let refund = named(command, view)?;
    match refund.stage {
        RefundStage::AwaitingApproval => {}
        RefundStage::Rejected => return Ok(RefundingPlan::Keep(refund.clone())),
        _ => return Err(DecisionRefusal::NotAwaiting),
    }
    let (decided_by, settled_at) = (Some(command.by), Some(command.at));
    let rejected = Refund { stage: RefundStage::Rejected, decided_by, settled_at, ..refund.clone() };
    let body = EventBody::RefundRejected { thing: thing(&rejected), amount: rejected.amount };
    let mut change = RefundChange::of(rejected, view);
    change.events = vec![Event { id: command.event_id, user_id: command.user_id, at: command.at, body }];
    Ok(change.plan())
}

fn named<'a>(command: &DecideRefund, view: &'a RefundView) -> Result<&'a Refund, DecisionRefusal> {
    view.named.as_ref().filter(|refund| refund.subject == command.subject).ok_or(DecisionRefusal::NotFound)
}
