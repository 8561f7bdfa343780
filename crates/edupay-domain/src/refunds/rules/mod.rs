//! The only place that knows how much may go back, which way, and what ends with it.

mod decide;
mod gateway;
mod request;
mod settle;
mod view;

pub use decide::{approve_refund, reject_refund};
pub use gateway::{ClaimedRefund, GatewayRefundView, claim_refund_work, fail_refund, record_gateway_refund};
pub use request::request_refund;
pub use view::{RefundChange, RefundTotals, RefundView, Refundable, RefundingPlan};
