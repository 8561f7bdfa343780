//! A gateway that does not answer is not asked for charges: a payer waits for nothing, and nothing waits
//! with them. Only new charges are held back. What was asked for before is still looked up, and refunds go
//! their way: they have work of their own that waits and tries again.
//!
//! What is held back was never sent, so it is no unknown outcome: the money has not moved and will not.

mod breaker;

use async_trait::async_trait;
use breaker::{Answered, Breaker, Verdict};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo};
use edupay_domain::payments::{
    Charge, ChargeRequest, GatewayError, GatewayFault, GatewayRefund, PaymentGateway, Postponement, RefundRequest,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// How many charges are asked for or wait for their turn at once: three times as many as the client sends.
/// Further ones would only stand in the way of requests that need no gateway.
const SEATS: usize = 24;

/// Another gateway with a circuit in front of its charges.
pub struct ChargeCircuit {
    gateway: Arc<dyn PaymentGateway>,
    breaker: Mutex<Breaker>,
    started: Instant,
    seats: Semaphore,
}

impl ChargeCircuit {
    /// A closed circuit.
    #[must_use]
    pub fn new(gateway: Arc<dyn PaymentGateway>) -> Self {
        let breaker = Mutex::new(Breaker::default());
        Self { gateway, breaker, started: Instant::now(), seats: Semaphore::new(SEATS) }
    }

    /// After how long charges are asked for again; `None` while they are.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.breaker().open_for(self.started.elapsed())
    }

    /// Nothing panics while it holds the lock, so a poisoned one is as good as any.
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be done with a call, and for how long the circuit is open.
    fn ask(&self, now: Duration) -> (Verdict, Option<Duration>) {
        let mut breaker = self.breaker();
        (breaker.ask(now), breaker.open_for(now))
    }

    fn note(&self, verdict: Verdict, answered: Answered) {
        let now = self.started.elapsed();
        let mut breaker = self.breaker();
        let before = breaker.open_for(now).is_some();
        breaker.note(now, verdict, answered);
        let after = breaker.open_for(now).is_some();
        drop(breaker);
        match (before, after) {
            (false, true) => tracing::warn!("the gateway does not answer: no charges are asked for"),
            (true, false) => tracing::info!("the gateway answers again: charges are asked for"),
            _ => {}
        }
    }
}

/// What was held back.
fn held_back(postponement: Postponement, why: &'static str) -> GatewayError {
    GatewayError::new(GatewayFault::Postponed(postponement), why)
}

/// What was never sent says as little of the gateway as silence does, and was not sent because of it.
fn answered<T>(answer: &Result<T, GatewayError>) -> Answered {
    match answer.as_ref().map_err(GatewayError::fault) {
        Err(GatewayFault::Unknown | GatewayFault::Postponed(Postponement::Unreached)) => Answered::No,
        _ => Answered::Yes,
    }
}

#[async_trait]
impl PaymentGateway for ChargeCircuit {
    async fn create_charge(&self, request: &ChargeRequest) -> Result<Charge, GatewayError> {
        let seat = self.seats.try_acquire();
        let _seat = seat.map_err(|_| held_back(Postponement::Unreached, "too many charges are being asked for"))?;
        let now = self.started.elapsed();
        let (verdict, open_for) = self.ask(now);
        if matches!(verdict, Verdict::HoldBack) {
            let retry_after = open_for.unwrap_or_default();
            return Err(held_back(Postponement::Halted { retry_after }, "the circuit is open"));
        }
        let answer = self.gateway.create_charge(request).await;
        self.note(verdict, answered(&answer));
        answer
    }

    async fn find_charge(&self, id: &ChargeId) -> Result<Option<Charge>, GatewayError> {
        self.gateway.find_charge(id).await
    }

    async fn find_charges(&self, number: &GatewayOrderNo, since: Timestamp) -> Result<Vec<Charge>, GatewayError> {
        self.gateway.find_charges(number, since).await
    }

    async fn reverse_charge(&self, id: &ChargeId) -> Result<Charge, GatewayError> {
        self.gateway.reverse_charge(id).await
    }

    async fn create_refund(&self, request: &RefundRequest) -> Result<GatewayRefund, GatewayError> {
        self.gateway.create_refund(request).await
    }

    async fn list_refunds(&self, charge_id: &ChargeId) -> Result<Vec<GatewayRefund>, GatewayError> {
        self.gateway.list_refunds(charge_id).await
    }
}
