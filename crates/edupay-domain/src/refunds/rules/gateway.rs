//! What the gateway's word makes of refunds: ours, and those that it made by itself.

use super::settle::settle;
use super::view::{PaidWith, RefundChange, RefundView, Refundable, RefundingPlan, thing};
use crate::events::{Event, EventBody};
use crate::ids::RefundNo;
use crate::ledger::LedgerError;
use crate::money::Money;
use crate::payments::{RefundHeard, RefundStatus};
use crate::refunds::model::{
    ClaimRefundWork, FailRefund, RecordGatewayRefund, Refund, RefundOrigin, RefundReason, RefundStage, RefundTarget,
};

/// The failure of a refund of which the gateway does not say why it failed.
const NO_REASON: &str = "refund_failed";

/// What the holder of a claim must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedRefund {
    /// Ask the gateway for the refund: nobody has.
    Ask(Refund),
    /// The gateway was asked: list the charge's refunds first, and ask again only if ours is not there.
    LookFirst(Refund),
    /// Not due, not the gateway's matter, or somebody else works on it.
    Denied,
}

/// Grants the claim of a due refund. The claim itself notes that the gateway is asked, so that a crash
/// between the call and its record is seen by the next holder.
#[must_use]
pub fn claim_refund_work(command: &ClaimRefundWork, refund: &Refund) -> ClaimedRefund {
    if refund.next_try_at > command.at || !refund.stage.is_at_gateway() {
        return ClaimedRefund::Denied;
    }
    let (asked_at, next_try_at) = (refund.asked_at.or(Some(command.at)), command.until);
    let claimed = Refund { asked_at, next_try_at, ..refund.clone() };
    match refund.asked_at {
        None => ClaimedRefund::Ask(claimed),
        Some(_) => ClaimedRefund::LookFirst(claimed),
    }
}

/// What recording the gateway's word sees: the user's rows are locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRefundView {
    /// What every rule sees. The refund that is named is the one of our number in the gateway's word.
    pub view: RefundView,
    /// The number of the refund of ours that the gateway's refund is booked for since earlier.
    pub claimed_for: Option<RefundNo>,
}

/// Books what the gateway says of a refund, once. `None` when there is nothing to book.
///
/// It is ours when it was booked for a refund of ours earlier; or when it names our number, or answers our
/// request, and that refund waits for an answer through this charge with this amount. Every other one was
/// made at the gateway itself, whatever it claims, and is booked once it has succeeded: up to what is left
/// out of what was earned; what the gateway gave back beyond that is taken from the user's balances, or
/// owed, so that all refunds together never cost more than was paid. A top-up is taken back whole.
///
/// A callback that names a refund that waits, with another amount, is not believed: were it booked as
/// another refund, ours would be asked for a second time. It is of use when ours has its answer, from the
/// gateway's reply or its list: then it is known for ours by its id, or for another one.
///
/// # Errors
/// [`LedgerError`] when the amount can't be booked.
pub fn record_gateway_refund(
    command: &RecordGatewayRefund,
    view: &GatewayRefundView,
) -> Result<Option<RefundingPlan>, LedgerError> {
    let GatewayRefundView { view, claimed_for } = view;
    if let Some(refund_no) = claimed_for {
        let known = view.refunds.iter().find(|refund| refund.refund_no == *refund_no);
        return match known {
            Some(refund) if refund.refund_id.as_ref() == Some(&command.refund.id) => progress(command, view, refund),
            // Of an earlier try, and done.
            known => Ok(known.cloned().map(RefundingPlan::Keep)),
        };
    }
    match view.refunds.iter().find(|refund| is_its_answer(command, refund)) {
        Some(refund) => {
            let refund = Refund { refund_id: Some(command.refund.id.clone()), ..refund.clone() };
            progress(command, view, &refund)
        }
        None if is_contradiction(command, view) => Ok(None),
        None => made_at_gateway(command, view),
    }
}

fn is_contradiction(command: &RecordGatewayRefund, view: &RefundView) -> bool {
    command.heard == RefundHeard::Callback && view.refunds.iter().any(|refund| names_waiting(command, refund))
}

fn is_its_answer(command: &RecordGatewayRefund, refund: &Refund) -> bool {
    names_waiting(command, refund) && refund.amount == command.refund.amount
}

/// Whether it names this refund, and this one waits for an answer through this charge.
fn names_waiting(command: &RecordGatewayRefund, refund: &Refund) -> bool {
    let named = match &command.heard {
        RefundHeard::Answer(refund_no) => Some(refund_no),
        RefundHeard::Listing | RefundHeard::Callback => command.refund.refund_no.as_ref(),
    };
    named == Some(&refund.refund_no)
        && refund.stage == RefundStage::Requested
        && refund.asked_at.is_some()
        && refund.refund_id.is_none()
        && refund.charge_id.as_ref() == Some(&command.refund.charge_id)
}

fn progress(
    command: &RecordGatewayRefund,
    view: &RefundView,
    refund: &Refund,
) -> Result<Option<RefundingPlan>, LedgerError> {
    if !refund.stage.is_at_gateway() {
        return Ok(Some(RefundingPlan::Keep(refund.clone())));
    }
    let change = match command.refund.status {
        RefundStatus::Pending => {
            let (stage, next_try_at) = (RefundStage::Pending, command.next_try_at);
            RefundChange::of(Refund { stage, next_try_at, ..refund.clone() }, view)
        }
        RefundStatus::Succeeded => settle(refund.clone(), view, command.at, command.event_id)?,
        RefundStatus::Failed => {
            let failure = command.refund.failure.clone().unwrap_or_else(|| NO_REASON.to_owned());
            let fail = FailRefund {
                user_id: command.user_id,
                subject: command.subject.clone(),
                refund_no: refund.refund_no.clone(),
                failure,
                at: command.at,
                event_id: command.event_id,
            };
            failed(&fail, view, refund)
        }
    };
    Ok(Some(change.plan()))
}

fn made_at_gateway(command: &RecordGatewayRefund, view: &RefundView) -> Result<Option<RefundingPlan>, LedgerError> {
    let given = &command.refund;
    let of_charge = |paid: &Refundable| paid.paid_with() == Some(PaidWith::Charge(given.charge_id.clone()));
    let is_booked = given.status == RefundStatus::Succeeded && !given.amount.is_zero();
    if !is_booked || !view.paid.as_ref().is_some_and(of_charge) {
        return Ok(None);
    }
    let refund_no = RefundNo::of_gateway(&given.id, command.event_id);
    let left = view.left_beside(&refund_no);
    let refund = Refund {
        user_id: command.user_id,
        recovered: given.amount.checked_sub(left).unwrap_or(Money::ZERO),
        refund_no,
        subject: command.subject.clone(),
        amount: given.amount,
        to: RefundTarget::Source,
        reason: RefundReason::of_gateway(),
        origin: RefundOrigin::Gateway,
        charge_id: Some(given.charge_id.clone()),
        refund_id: Some(given.id.clone()),
        stage: RefundStage::Requested,
        failure: None,
        decided_by: None,
        requested_at: command.at,
        asked_at: Some(command.at),
        next_try_at: command.at,
        settled_at: None,
    };
    Ok(Some(settle(refund, view, command.at, command.event_id)?.plan()))
}

/// The gateway refuses a refund: what it reserved is free again, and it may be tried another way. One
/// that is done, or of which the gateway has said something else meanwhile, stays as it is.
#[must_use]
pub fn fail_refund(command: &FailRefund, view: &RefundView) -> Option<RefundingPlan> {
    let refund = view.named.as_ref().filter(|refund| refund.subject == command.subject)?;
    if refund.stage != RefundStage::Requested || refund.refund_id.is_some() {
        return Some(RefundingPlan::Keep(refund.clone()));
    }
    Some(failed(command, view, refund).plan())
}

fn failed(command: &FailRefund, view: &RefundView, refund: &Refund) -> RefundChange {
    let (failure, settled_at) = (Some(command.failure.clone()), Some(command.at));
    let refund = Refund { stage: RefundStage::Failed, failure, settled_at, ..refund.clone() };
    let (amount, failure) = (refund.amount, command.failure.clone());
    let body = EventBody::RefundFailed { thing: thing(&refund), amount, failure };
    let mut change = RefundChange::of(refund, view);
    change.events = vec![Event { id: command.event_id, user_id: command.user_id, at: command.at, body }];
    change
}
