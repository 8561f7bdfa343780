//! How an unapplied receipt goes back, and the commands that move it.

use super::charge::MetadataValue;
use crate::clock::Timestamp;
use crate::ids::{ChargeId, EventId, GatewayOrderNo, RefundId, RefundNo, UserId};
use crate::money::Money;

/// What we ask the gateway to refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Of which charge.
    pub charge_id: ChargeId,
    /// How much.
    pub amount: Money,
    /// Why: at most 255 characters.
    pub description: String,
    /// Flat pairs: by our number among them the refund is known again.
    pub metadata: Vec<(&'static str, MetadataValue)>,
}

/// How far a refund has come at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Under way.
    Pending,
    /// The payer has it.
    Succeeded,
    /// It did not work.
    Failed,
}

/// A refund as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRefund {
    /// The gateway's name of it.
    pub id: RefundId,
    /// Of which charge.
    pub charge_id: ChargeId,
    /// Our number of the charge.
    pub gateway_order_no: Option<GatewayOrderNo>,
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub status: RefundStatus,
    /// Why it failed, in the gateway's own word.
    pub failure: Option<String>,
    /// The number of ours that its metadata names. Whoever made the refund may have written it.
    pub refund_no: Option<RefundNo>,
}

/// How the gateway's word of a refund came to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundHeard {
    /// As its answer to our request for the refund of this number.
    Answer(RefundNo),
    /// Among the refunds of a charge, when we asked for them.
    Listing,
    /// Unasked. Where it contradicts what we wait for, it is a reason to ask, and no more.
    Callback,
}

impl RefundRequest {
    /// The key of our number among the metadata.
    pub const REFUND_NO: &str = "refund_no";
}

/// Takes a due refund to work on it, so that nobody else does until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRefund {
    /// Whose receipt.
    pub user_id: UserId,
    /// Which.
    pub charge_id: ChargeId,
    /// Now.
    pub at: Timestamp,
    /// The end of the claim.
    pub until: Timestamp,
}

/// Leaves a receipt to a person: the gateway refuses its refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRefund {
    /// Whose receipt.
    pub user_id: UserId,
    /// Which.
    pub charge_id: ChargeId,
    /// When.
    pub at: Timestamp,
}

/// What the gateway says of a receipt's refund, to be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRefund {
    /// Whose receipt.
    pub user_id: UserId,
    /// What the gateway says.
    pub refund: GatewayRefund,
    /// When we heard.
    pub at: Timestamp,
    /// When to look again, if it is not done.
    pub next_try_at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}
