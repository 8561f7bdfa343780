//! The gateway, and the stores of attempts, receipts and callbacks.

use super::error::{CallbackRefusal, ConfirmError, GatewayError};
use super::model::{
    Awaited, Charge, ChargeAttempt, ChargeRequest, ChargeRoute, ChargeSubject, ClaimInbound, ClaimLook, ClaimRefund,
    CloseAttempt, Confirmation, GatewayRefund, HoldRefund, InboundEvent, InboundStatus, LookWay, Receipt,
    RecordChargeReply, RecordRefund, RefundHeard, RefundRequest, ScheduleLook,
};
use super::rules::{ReceiptView, RefundClaim, RefundPlan};
use crate::clock::Timestamp;
use crate::ids::{ChargeId, GatewayEventId, GatewayOrderNo, UserId};
use crate::ledger::LedgerError;
use crate::store::StoreError;
use async_trait::async_trait;

/// A payment gateway. Implementations MUST NOT block the caller's thread, and MUST tell a refusal
/// from an unknown outcome: a time-out is not a refusal, the money may have moved.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Asks for a charge. The same request again within the gateway's window gives the same charge.
    async fn create_charge(&self, request: &ChargeRequest) -> Result<Charge, GatewayError>;

    /// Reads one charge; `None` when the gateway has none of that id.
    async fn find_charge(&self, id: &ChargeId) -> Result<Option<Charge>, GatewayError>;

    /// The charges with our number, created at `since` or later (with the gateway's clock allowed
    /// to differ by some minutes). More than one is possible.
    async fn find_charges(&self, number: &GatewayOrderNo, since: Timestamp) -> Result<Vec<Charge>, GatewayError>;

    /// Reverses an unpaid charge, so that it can't be paid any more.
    async fn reverse_charge(&self, id: &ChargeId) -> Result<Charge, GatewayError>;

    /// Asks for a refund. NOT repeatable: before a second call, list the refunds.
    async fn create_refund(&self, request: &RefundRequest) -> Result<GatewayRefund, GatewayError>;

    /// The refunds of a charge.
    async fn list_refunds(&self, charge_id: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError>;
}

/// Pays a charge as its payer would: possible only where the gateway is the sandbox.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SandboxPayer: Send + Sync {
    /// Pays the charge.
    async fn pay(&self, id: &ChargeId) -> Result<(), GatewayError>;
}

/// A context whose things can be paid by a charge.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApplyCharge: Send + Sync {
    /// Books a paid charge of one of its attempts: applied, or kept as unapplied. The same charge
    /// again is [`Confirmation::AlreadyConfirmed`] and moves nothing.
    async fn apply_charge(&self, route: &ChargeRoute, charge: &Charge) -> Result<Confirmation, ConfirmError>;
}

/// The context that refunds what a charge has paid for.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ApplyRefund: Send + Sync {
    /// Books what the gateway says of a refund of an applied receipt: one that we asked for, or one that
    /// was made at the gateway itself. The same news again move nothing. Answers whether it was of use; a
    /// callback that was not, since it contradicts what we wait for, may be once that has its answer.
    async fn apply_refund(
        &self,
        route: &ChargeRoute,
        refund: &GatewayRefund,
        heard: RefundHeard,
    ) -> Result<bool, StoreError>;
}

/// An attempt's next state after the gateway's answer.
pub type RecordChargeReplyRule = fn(&RecordChargeReply, &ChargeAttempt) -> ChargeAttempt;

/// An attempt's next state once it is closed.
pub type CloseAttemptRule = fn(&CloseAttempt, &ChargeAttempt) -> ChargeAttempt;

/// Whether the claim of a look is granted, and the attempt's next state.
pub type ClaimLookRule = fn(&ClaimLook, &ChargeAttempt) -> Option<ChargeAttempt>;

/// An attempt's next state after a look at which the gateway answered.
pub type ScheduleLookRule = fn(&ScheduleLook, &ChargeAttempt) -> ChargeAttempt;

/// Where attempts are kept. They are created by the contexts whose things are paid.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ChargeStore: Send + Sync {
    /// Whose attempt a gateway order number is, over all users.
    async fn find_route(&self, number: &GatewayOrderNo) -> Result<Option<ChargeRoute>, StoreError>;

    /// The user's attempt that this charge answered.
    async fn find_attempt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<ChargeAttempt>, StoreError>;

    /// The user's attempts for this subject, oldest first.
    async fn attempts_of(&self, user_id: UserId, subject: &ChargeSubject) -> Result<Vec<ChargeAttempt>, StoreError>;

    /// Locks one attempt, applies the rule, stores the result. MUST fail as corrupt when the
    /// attempt is not there.
    async fn record_reply(
        &self,
        command: &RecordChargeReply,
        rule: RecordChargeReplyRule,
    ) -> Result<ChargeAttempt, StoreError>;

    /// Locks one attempt, applies the rule, stores the result.
    async fn close_attempt(&self, command: &CloseAttempt, rule: CloseAttemptRule) -> Result<ChargeAttempt, StoreError>;

    /// Unfinished attempts whose look is due at `now`, of those that are looked at in this way, the longest due
    /// first. An effect that pays, cancels or closes an order MUST make its unfinished attempts due in the same
    /// transaction.
    async fn due_attempts(&self, way: LookWay, now: Timestamp, limit: u32) -> Result<Vec<ChargeAttempt>, StoreError>;

    /// Locks one attempt and applies the rule; a granted claim is stored before it is answered,
    /// together with whether what the attempt pays for still waits for payment.
    async fn claim_look(
        &self,
        command: &ClaimLook,
        rule: ClaimLookRule,
    ) -> Result<Option<(ChargeAttempt, Awaited)>, StoreError>;

    /// Locks one attempt, applies the rule, stores the result.
    async fn schedule_look(&self, command: &ScheduleLook, rule: ScheduleLookRule) -> Result<ChargeAttempt, StoreError>;
}

/// Whether the claim is granted, and what is to be done.
pub type ClaimRefundRule = fn(&ClaimRefund, &Receipt) -> RefundClaim;

/// The receipt's next state once its refund is left to a person.
pub type HoldRefundRule = fn(&HoldRefund, &Receipt) -> Receipt;

/// The receipt's next state, with its entry when the refund succeeded.
pub type RecordRefundRule = fn(&RecordRefund, &ReceiptView) -> Result<RefundPlan, LedgerError>;

/// Where receipts are kept. They are created by confirmations.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ReceiptStore: Send + Sync {
    /// The user's receipt of a charge.
    async fn find_receipt(&self, user_id: UserId, charge_id: &ChargeId) -> Result<Option<Receipt>, StoreError>;

    /// Whose receipt a charge is, over all users.
    async fn find_owner(&self, charge_id: &ChargeId) -> Result<Option<UserId>, StoreError>;

    /// Receipts whose refund is to be worked on at `now`, oldest first.
    async fn due_refunds(&self, now: Timestamp, limit: u32) -> Result<Vec<Receipt>, StoreError>;

    /// Locks the receipt and applies the rule; a granted claim is stored before it is answered.
    async fn claim_refund(&self, command: &ClaimRefund, rule: ClaimRefundRule) -> Result<RefundClaim, StoreError>;

    /// Locks the receipt, applies the rule, stores the result; `None` when there is no such receipt.
    async fn hold_refund(&self, command: &HoldRefund, rule: HoldRefundRule) -> Result<Option<Receipt>, StoreError>;

    /// Locks the receipt and its user's wallet, applies the rule, writes the plan. `None` when
    /// there is no such receipt; an amount that can't be booked is corrupt.
    async fn record_refund(
        &self,
        command: &RecordRefund,
        rule: RecordRefundRule,
    ) -> Result<Option<Receipt>, StoreError>;
}

/// Where verified callbacks are kept, for ever: a replay years later must be known.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait InboxStore: Send + Sync {
    /// Stores an event as [`InboundStatus::Kept`], unless it is there; answers its status before:
    /// `None` when it is new.
    async fn keep(&self, event: &InboundEvent) -> Result<Option<InboundStatus>, StoreError>;

    /// Sets what became of an event, and when to try again if it is not done.
    async fn mark(&self, id: &GatewayEventId, status: InboundStatus, next_try_at: Timestamp) -> Result<(), StoreError>;

    /// Takes an event until the end of the lease; `false` when it is done, or not due at that moment. MUST be
    /// granted to one of many who ask at once.
    async fn claim(&self, command: &ClaimInbound) -> Result<bool, StoreError>;

    /// Events that are kept or unmatched and to be tried at `now`, the longest due first: id, when it came,
    /// body.
    async fn pending(&self, now: Timestamp, limit: u32)
    -> Result<Vec<(GatewayEventId, Timestamp, String)>, StoreError>;
}

/// Reads the gateway's callbacks. Implementations fail closed: without a readable key nothing is
/// verified.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait GatewayCallbacks: Send + Sync {
    /// Verifies the signature over the raw body, then reads it.
    #[cfg_attr(feature = "mocks", mockall::concretize)]
    fn verify(&self, signature: Option<&str>, body: &[u8], at: Timestamp) -> Result<InboundEvent, CallbackRefusal>;

    /// Reads a body that was verified when it came.
    fn read(&self, body: &str, at: Timestamp) -> Result<InboundEvent, CallbackRefusal>;
}
