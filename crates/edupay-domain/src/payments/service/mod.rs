//! The life of a charge between our stores and the gateway.

mod callbacks;
mod charges;
mod looks;
mod recent;
mod refunds;
mod round;

pub use callbacks::EventOutcome;
pub use charges::{Asked, Closing, RequestError};
pub use round::{Outage, Round, RowFailure};

use crate::clock::Clock;
use crate::ids::IdSource;
use crate::payments::ports::{
    ApplyCharge, ApplyRefund, ChargeStore, GatewayCallbacks, InboxStore, PaymentGateway, ReceiptStore,
};
use recent::RecentLooks;
use std::sync::{Arc, Mutex};

/// The parts of [`PaymentService`].
pub struct Payments {
    /// The gateway.
    pub gateway: Arc<dyn PaymentGateway>,
    /// The same gateway for somebody who waits for an answer: it gives up after a few seconds.
    pub hasty_gateway: Arc<dyn PaymentGateway>,
    /// Its callbacks.
    pub callbacks: Arc<dyn GatewayCallbacks>,
    /// Where attempts are kept.
    pub charges: Arc<dyn ChargeStore>,
    /// Where receipts are kept.
    pub receipts: Arc<dyn ReceiptStore>,
    /// Where callbacks are kept.
    pub inbox: Arc<dyn InboxStore>,
    /// What applies a charge to an order.
    pub orders: Arc<dyn ApplyCharge>,
    /// What applies a charge to a top-up.
    pub top_ups: Arc<dyn ApplyCharge>,
    /// What applies a charge to a purchase of packages.
    pub packages: Arc<dyn ApplyCharge>,
    /// What books refunds of charges that were applied.
    pub refunds: Arc<dyn ApplyRefund>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// Confirms charges, by callback or by asking, through one path; closes what nobody will pay; sends
/// back what could not be applied.
///
/// ```
/// # use edupay_domain::payments::*; use edupay_domain::ids::*; use edupay_domain::clock::*; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut callbacks = MockGatewayCallbacks::new();
/// callbacks.expect_verify().returning(|_, _, _| Err(CallbackRefusal::BadSignature));
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// let payments = PaymentService::new(Payments {
///     gateway: Arc::new(MockPaymentGateway::new()),
///     hasty_gateway: Arc::new(MockPaymentGateway::new()),
///     callbacks: Arc::new(callbacks),
///     charges: Arc::new(MockChargeStore::new()),
///     receipts: Arc::new(MockReceiptStore::new()),
///     inbox: Arc::new(MockInboxStore::new()), // nothing is expected: nothing may be written
///     orders: Arc::new(MockApplyCharge::new()),
///     top_ups: Arc::new(MockApplyCharge::new()),
///     packages: Arc::new(MockApplyCharge::new()),
///     refunds: Arc::new(MockApplyRefund::new()),
///     clock: Arc::new(clock),
///     ids: Arc::new(MockIdSource::new()),
/// });
/// assert_eq!(payments.verify(None, b"{}").unwrap_err(), CallbackRefusal::BadSignature);
/// # }
/// ```
#[derive(Clone)]
pub struct PaymentService {
    parts: Arc<Payments>,
    recent: Arc<Mutex<RecentLooks>>,
}

impl PaymentService {
    /// A service of these parts.
    #[must_use]
    pub fn new(parts: Payments) -> Self {
        Self { parts: Arc::new(parts), recent: Arc::default() }
    }
}
