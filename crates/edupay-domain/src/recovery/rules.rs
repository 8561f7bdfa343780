//! What can be done about what waits for a person, and what a decision writes.

use super::error::ReviewRefusal;
use super::model::{DecideReview, ReviewAction, ReviewDecision, ReviewItem, ReviewKind};
use crate::clock::Timestamp;
use crate::events::{Event, EventBody};
use crate::payments::{Receipt, ReceiptStatus, UnappliedReason};
use crate::schedule::leased;

/// Why a refund is in the list: the gateway did not refund.
pub const REFUND_FAILED: &str = "refund_failed";
/// Why a refund, or a receipt that goes back, is in the list: a day has passed without an end.
pub const REFUND_UNCLEAR: &str = "refund_unclear";
/// Why a charge is in the list: a day after its time nobody knows whether it was paid.
pub const UNKNOWN: &str = "charge_unknown";
/// Why a callback is in the list: for a day nothing has matched it, or nobody could read it.
pub const UNMATCHED: &str = "unmatched";
/// Why a notification is in the list: for a day it could not be worked on.
pub const UNREADABLE: &str = "not_worked_on";
/// Why a period is in the list: its purchase was refunded in full while an upgrade had its place.
pub const PERIOD_LEFT: &str = "period_left";

/// What can be done about it. Closing always can; money is only sent back where it is booked and nothing of it
/// has gone back already.
#[must_use]
pub fn actions(item: &ReviewItem) -> Vec<ReviewAction> {
    let first = match item.id.kind {
        ReviewKind::Receipt if item.reason == REFUND_UNCLEAR => Some(ReviewAction::Retry),
        ReviewKind::Receipt => may_go_back(&item.reason).then_some(ReviewAction::Refund),
        ReviewKind::Callback | ReviewKind::Charge | ReviewKind::Notification | ReviewKind::Refund => {
            Some(ReviewAction::Retry)
        }
        ReviewKind::Period => None,
    };
    first.into_iter().chain([ReviewAction::Close]).collect()
}

fn may_go_back(reason: &str) -> bool {
    let reason = UnappliedReason::ALL.into_iter().find(|known| known.code() == reason);
    reason.is_some_and(|reason| reason.is_booked() && reason != UnappliedReason::RefundedAlready)
}

/// What a decision sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewView {
    /// The thing, if it is in the list.
    pub item: Option<ReviewItem>,
    /// The receipt, locked with its user's wallet, if it is one.
    pub receipt: Option<Receipt>,
    /// The last decision on it.
    pub last: Option<ReviewDecision>,
}

/// What a decision does besides being on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewChange {
    /// Nothing.
    Nothing,
    /// The receipt's next state.
    Receipt(Receipt),
    /// It is due now, unless it is due before the end of a lease that begins now: then somebody may have it.
    Due {
        /// Now.
        at: Timestamp,
        /// The end of such a lease.
        leased_until: Timestamp,
    },
    /// It is of no use to us, and is not tried any more.
    Ignore,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewPlan {
    /// A decision.
    Decide {
        /// It.
        decision: ReviewDecision,
        /// What it does.
        change: ReviewChange,
        /// What happened.
        events: Vec<Event>,
    },
    /// The same person decided the same before.
    Already(ReviewDecision),
}

/// Decides. A repeat by the same person, in the same words, is the same success and changes nothing.
///
/// # Errors
/// [`ReviewRefusal`]; nothing is written.
pub fn decide_review(command: &DecideReview, view: &ReviewView) -> Result<ReviewPlan, ReviewRefusal> {
    let Some(item) = &view.item else {
        let repeated = view.last.as_ref().filter(|last| is_repeated(command, last));
        return repeated.cloned().map(ReviewPlan::Already).ok_or(ReviewRefusal::NotFound);
    };
    if !actions(item).contains(&command.action) {
        return Err(ReviewRefusal::NotPossible);
    }
    let due = ReviewChange::Due { at: command.at, leased_until: leased(command.at) };
    let change = match (command.action, item.id.kind) {
        (ReviewAction::Refund, _) => ReviewChange::Receipt(sent_back(view, command.at)?),
        // Asking for it again is the way of refunds: it looks at anew what is left.
        (ReviewAction::Retry, ReviewKind::Refund) if item.reason == REFUND_FAILED => ReviewChange::Nothing,
        (ReviewAction::Retry, _) => due,
        (ReviewAction::Close, ReviewKind::Callback | ReviewKind::Notification) => ReviewChange::Ignore,
        (ReviewAction::Close, _) => ReviewChange::Nothing,
    };
    let decision = ReviewDecision {
        id: command.id.clone(),
        action: command.action,
        by: command.by,
        reason: command.reason.clone(),
        at: command.at,
    };
    let body = EventBody::ReviewDecided {
        item: command.id.to_string(),
        action: command.action.code(),
        reason: command.reason.as_str().to_owned(),
        by: command.by,
    };
    let user_id = item.user_id.unwrap_or(command.by);
    let events = vec![Event { id: command.event_id, user_id, at: command.at, body }];
    Ok(ReviewPlan::Decide { decision, change, events })
}

fn is_repeated(command: &DecideReview, last: &ReviewDecision) -> bool {
    (last.action, last.by, &last.reason) == (command.action, command.by, &command.reason)
}

fn sent_back(view: &ReviewView, at: Timestamp) -> Result<Receipt, ReviewRefusal> {
    let receipt = view.receipt.as_ref().filter(|receipt| receipt.status == ReceiptStatus::Review);
    let receipt = receipt.ok_or(ReviewRefusal::NotFound)?;
    Ok(Receipt { status: ReceiptStatus::RefundDue, next_try_at: at, ..receipt.clone() })
}
