//! Refunds of what was paid: in full or in part, back to where the money came from or into the balances.
//!
//! Whatever may still go back is reserved before anybody is asked, so that no two refunds together pass
//! what was paid. The gateway is asked outside every transaction, and what it gives back by itself is
//! booked here too. A gift never leaves through a channel: only a charge is refunded by the gateway, and
//! no charge was ever paid with gifts.
//!
//! What is absent: refunds of receipts that could not be applied (`payments` sends those back), and
//! refunds of the App Store.

mod error;
mod model;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod service;

pub use error::{DecisionRefusal, RefundRefusal};
pub use model::{
    ClaimRefundWork, DecideRefund, FailRefund, RecordGatewayRefund, Refund, RefundOrigin, RefundReason, RefundStage,
    RefundTarget, RequestRefund,
};
pub use ports::{
    ClaimRefundWorkRule, DecideRefundRule, FailRefundRule, RecordGatewayRefundRule, RefundCursor, RefundStore,
    RequestRefundRule,
};
pub use rules::{
    ClaimedRefund, GatewayRefundView, RefundChange, RefundTotals, RefundView, Refundable, RefundingPlan,
    approve_refund, claim_refund_work, fail_refund, record_gateway_refund, reject_refund, request_refund,
};
pub use service::{RecordRefunds, RefundPolicy, RefundService, Refunds, WantedRefund};

#[cfg(feature = "mocks")]
pub use ports::MockRefundStore;
