//! Charges, attempts, receipts, refunds and callbacks.

mod attempt;
mod charge;
mod inbound;
mod receipt;
mod refund;

pub use attempt::{
    AttemptStatus, ChargeAttempt, ChargeReply, ChargeRoute, ChargeSubject, CloseAttempt, RecordChargeReply,
};
pub use charge::{Channel, Charge, ChargeDocument, ChargeRequest, Merchant, MetadataValue, Mode};
pub use inbound::{InboundEvent, InboundObject, InboundStatus};
pub use receipt::{Confirmation, Receipt, ReceiptStatus, UnappliedReason};
pub use refund::{ClaimRefund, GatewayRefund, RecordRefund, RefundRequest, RefundStatus};
