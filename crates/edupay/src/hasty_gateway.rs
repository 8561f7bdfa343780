//! The gateway for somebody who waits for an answer: it gives up before the gateway does.

use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::payments::{
    Charge, ChargeRequest, GatewayError, GatewayFault, GatewayRefund, PaymentGateway, RefundRequest,
};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// For so long somebody who reads an unfinished thing waits for the gateway; the background work goes on
/// looking without them.
const PATIENCE: Duration = Duration::from_secs(3);

/// A gateway whose reads end after a few seconds, with an outcome that is unknown. What moves money is never
/// cut short.
pub(crate) struct HastyGateway(pub(crate) Arc<dyn PaymentGateway>);

async fn in_haste<T>(
    patience: Duration,
    call: impl Future<Output = Result<T, GatewayError>>,
) -> Result<T, GatewayError> {
    let late = |error| Err(GatewayError::new(GatewayFault::Unknown, error));
    tokio::time::timeout(patience, call).await.unwrap_or_else(late)
}

#[async_trait]
impl PaymentGateway for HastyGateway {
    async fn create_charge(&self, request: &ChargeRequest) -> Result<Charge, GatewayError> {
        self.0.create_charge(request).await
    }

    async fn find_charge(&self, id: &ChargeId) -> Result<Option<Charge>, GatewayError> {
        in_haste(PATIENCE, self.0.find_charge(id)).await
    }

    async fn find_charges(&self, number: &GatewayOrderNo, since: Timestamp) -> Result<Vec<Charge>, GatewayError> {
        in_haste(PATIENCE, self.0.find_charges(number, since)).await
    }

    async fn reverse_charge(&self, id: &ChargeId) -> Result<Charge, GatewayError> {
        self.0.reverse_charge(id).await
    }

    async fn create_refund(&self, request: &RefundRequest) -> Result<GatewayRefund, GatewayError> {
        self.0.create_refund(request).await
    }

    async fn list_refunds(&self, charge_id: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError> {
        in_haste(PATIENCE, self.0.list_refunds(charge_id)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gateway_that_hangs_is_an_unknown_outcome() {
        let answer = in_haste(Duration::from_millis(1), std::future::pending::<Result<(), GatewayError>>()).await;
        assert_eq!(answer.unwrap_err().fault(), &GatewayFault::Unknown);
        assert_eq!(in_haste(PATIENCE, std::future::ready(Ok(7))).await.unwrap(), 7);
    }
}
