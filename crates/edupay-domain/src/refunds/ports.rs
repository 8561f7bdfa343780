//! Where refunds are kept. Each effect is one transaction; the rule decides inside it.

use super::error::{DecisionRefusal, RefundRefusal};
use super::model::{
    ClaimRefundWork, DecideRefund, FailRefund, RecordGatewayRefund, Refund, RefundStage, RequestRefund,
};
use super::rules::{ClaimedRefund, GatewayRefundView, RefundView, RefundingPlan};
use crate::clock::Timestamp;
use crate::ids::{RefundNo, UserId};
use crate::ledger::LedgerError;
use crate::payments::ChargeSubject;
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of asking for a refund.
pub type RequestRefundRule = fn(&RequestRefund, &RefundView) -> Result<RefundingPlan, RefundRefusal>;
/// The pure rule of approving or rejecting.
pub type DecideRefundRule = fn(&DecideRefund, &RefundView) -> Result<RefundingPlan, DecisionRefusal>;
/// Whether the claim is granted, and what is to be done.
pub type ClaimRefundWorkRule = fn(&ClaimRefundWork, &Refund) -> ClaimedRefund;
/// The pure rule of what the gateway says; `None` when it says nothing that is booked.
pub type RecordGatewayRefundRule =
    fn(&RecordGatewayRefund, &GatewayRefundView) -> Result<Option<RefundingPlan>, LedgerError>;
/// The pure rule of a refusal by the gateway; `None` when there is no such refund.
pub type FailRefundRule = fn(&FailRefund, &RefundView) -> Option<RefundingPlan>;

/// Where a page of all refunds begins: below the one of this time, user and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundCursor {
    /// When the last one of the page before was asked for.
    pub requested_at: Timestamp,
    /// Whose it was.
    pub user_id: UserId,
    /// Its number.
    pub refund_no: RefundNo,
}

/// Refunds of what was paid.
///
/// What every implementation MUST hold, whoever else writes at the same time: each effect locks the
/// user's wallet before it loads its view; what the refunds of one thing reserve never passes what was
/// paid for it; a refund of the gateway is booked once, for ever, over all users; a plan is written whole
/// or not at all, with the order or the purchase, what they gave, the entry and the events.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait RefundStore: Send + Sync {
    /// Whose order or purchase it is, over all users; `None` when nobody's.
    async fn find_refundable(&self, subject: &ChargeSubject) -> Result<Option<UserId>, StoreError>;

    /// Loads the view, applies the rule, writes the plan; answers the refund after it.
    async fn request(
        &self,
        command: &RequestRefund,
        rule: RequestRefundRule,
    ) -> Result<Refund, EffectError<RefundRefusal>>;

    /// Loads the view, applies the rule, writes the plan; answers the refund after it.
    async fn decide(
        &self,
        command: &DecideRefund,
        rule: DecideRefundRule,
    ) -> Result<Refund, EffectError<DecisionRefusal>>;

    /// Locks the refund and applies the rule; a granted claim is stored before it is answered. Denied
    /// when there is no such refund.
    async fn claim(&self, command: &ClaimRefundWork, rule: ClaimRefundWorkRule) -> Result<ClaimedRefund, StoreError>;

    /// Loads the view, applies the rule, writes the plan; answers the refund after it. MUST claim the
    /// gateway's refund over all users in the same transaction. An amount that can't be booked is corrupt.
    async fn record(
        &self,
        command: &RecordGatewayRefund,
        rule: RecordGatewayRefundRule,
    ) -> Result<Option<Refund>, StoreError>;

    /// Loads the view, applies the rule, writes the plan; answers the refund after it.
    async fn fail(&self, command: &FailRefund, rule: FailRefundRule) -> Result<Option<Refund>, StoreError>;

    /// One refund of the user.
    async fn find(&self, user_id: UserId, refund_no: &RefundNo) -> Result<Option<Refund>, StoreError>;

    /// The refunds of one thing, oldest first, those of one moment by number.
    async fn of_subject(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<Refund>, StoreError>;

    /// All refunds of this stage, or of every stage, below the cursor, newest first.
    async fn list(
        &self,
        stage: Option<RefundStage>,
        below: Option<RefundCursor>,
        limit: u32,
    ) -> Result<Vec<Refund>, StoreError>;

    /// Refunds that are at the gateway and to be worked on at `now`, the longest due first.
    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Refund>, StoreError>;
}
