//! Paid charges, applied to purchases.

use crate::clock::Clock;
use crate::ids::IdSource;
use crate::packages::model::ConfirmPurchaseCharge;
use crate::packages::ports::PackageStore;
use crate::packages::rules::confirm_purchase_charge;
use crate::payments::{ApplyCharge, Charge, ChargeRoute, ChargeSubject, ConfirmError, Confirmation, Merchant};
use crate::store::EffectError;
use async_trait::async_trait;
use std::sync::Arc;

/// Applies paid charges to purchases: what [`PaymentService`](crate::payments::PaymentService) calls.
pub struct ConfirmPurchases {
    /// Where purchases are kept.
    pub store: Arc<dyn PackageStore>,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

#[async_trait]
impl ApplyCharge for ConfirmPurchases {
    async fn apply_charge(&self, route: &ChargeRoute, charge: &Charge) -> Result<Confirmation, ConfirmError> {
        let ChargeSubject::Purchase(purchase_no) = &route.subject else { return Err(ConfirmError::Unmatched) };
        let command = ConfirmPurchaseCharge {
            route: route.clone(),
            purchase_no: purchase_no.clone(),
            charge: charge.clone(),
            merchant: self.merchant.clone(),
            at: self.clock.now(),
            event_id: self.ids.event_id(),
        };
        self.store.confirm_charge(&command, confirm_purchase_charge).await.map_err(|error| match error {
            EffectError::Refused(error) => ConfirmError::Ledger(error),
            EffectError::Store(error) => ConfirmError::Store(error),
        })
    }
}
