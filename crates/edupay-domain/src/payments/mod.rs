//! Charges of a payment gateway: what we asked for, what was paid, what could not be applied.
//!
//! What a charge pays for (an order, a top-up, a purchase) is another context's matter: it implements
//! [`ApplyCharge`] and this context calls it. A gateway call is never inside a transaction.

mod error;
mod looking;
mod model;
mod opening;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod service;

pub use error::{CallbackRefusal, ConfirmError, GatewayError, GatewayFault, Postponement, ProofRefusal};
pub use looking::{claim_look, first_look, next_look, schedule_look};
pub use model::{
    AttemptStatus, Awaited, Channel, Charge, ChargeAttempt, ChargeDocument, ChargeReply, ChargeRequest, ChargeRoute,
    ChargeSubject, ClaimInbound, ClaimLook, ClaimRefund, CloseAttempt, Confirmation, GatewayRefund, HoldRefund,
    InboundEvent, InboundObject, InboundStatus, LookWay, Merchant, MetadataValue, Mode, Receipt, ReceiptStatus,
    RecordChargeReply, RecordRefund, RefundHeard, RefundRequest, RefundStatus, ScheduleLook, UnappliedReason,
};
pub use opening::{OpenCharge, OpenChargePlan, Payable, open_charge};
pub use ports::{
    ApplyCharge, ApplyRefund, ChargeStore, ClaimLookRule, ClaimRefundRule, CloseAttemptRule, GatewayCallbacks,
    HoldRefundRule, InboxStore, PaymentGateway, ReceiptStore, RecordChargeReplyRule, RecordRefundRule, SandboxPayer,
    ScheduleLookRule,
};
pub use rules::{
    ConfirmationPlan, ReceiptView, RefundClaim, RefundPlan, claim_refund, close_attempt, hold_refund, keep_unapplied,
    mismatch, paid, receipt, record_charge_reply, record_refund,
};
pub use service::{Asked, Closing, EventOutcome, Outage, PaymentService, Payments, RequestError, Round, RowFailure};

#[cfg(feature = "mocks")]
pub use ports::{
    MockApplyCharge, MockApplyRefund, MockChargeStore, MockGatewayCallbacks, MockInboxStore, MockPaymentGateway,
    MockReceiptStore, MockSandboxPayer,
};
