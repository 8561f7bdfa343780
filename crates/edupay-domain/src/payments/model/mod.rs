//! Charges, attempts, receipts, refunds and callbacks.

mod attempt;
mod charge;
mod inbound;
mod receipt;
mod refund;

pub use attempt::{
    AttemptStatus, Awaited, ChargeAttempt, ChargeReply, ChargeRoute, ChargeSubject, ClaimLook, CloseAttempt, LookWay,
    RecordChargeReply, ScheduleLook,
};
pub use charge::{Channel, Charge, ChargeDocument, ChargeRequest, Merchant, MetadataValue, Mode};
pub use inbound::{ClaimInbound, InboundEvent, InboundObject, InboundStatus};
pub use receipt::{Confirmation, Receipt, ReceiptStatus, UnappliedReason};
pub use refund::{ClaimRefund, GatewayRefund, HoldRefund, RecordRefund, RefundHeard, RefundRequest, RefundStatus};
