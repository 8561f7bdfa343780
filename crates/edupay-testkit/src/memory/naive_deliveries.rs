//! A store of deliveries as it is often written, and the proof that the claims about races see what is wrong
//! with it: it remembers up to when it has read the outbox, and it claims by reading first and writing later.

use super::MemoryStore;
use super::naive::{NaiveHarness, ReadUpTo};
use crate::contract::{DeliveryHarness, event_delivery_races};
use async_trait::async_trait;
use edupay_domain::clock::Timestamp;
use edupay_domain::event_delivery::*;
use edupay_domain::events::Event;
use edupay_domain::ids::EventId;
use edupay_domain::store::{EffectError, StoreError};
use std::sync::Arc;

/// With the moment up to which it has read.
struct NaiveDeliveries(MemoryStore, ReadUpTo);

#[async_trait]
impl DeliveryStore for NaiveDeliveries {
    async fn fan_out(&self, command: &FanOut, rule: FanOutRule) -> Result<u32, StoreError> {
        let mut read_up_to = self.1.lock().unwrap();
        let newer = |event: &Event| read_up_to.is_none_or(|at| event.at > at);
        let events: Vec<_> = self.0.events().into_iter().filter(newer).collect();
        let heads: Vec<_> = events
            .iter()
            .map(|event| EventHead {
                user_id: event.user_id,
                event_id: event.id,
                kind: event.body.kind().to_owned(),
                occurred_at: event.at,
            })
            .collect();
        *read_up_to = heads.iter().map(|event| event.occurred_at).max().max(*read_up_to);
        self.0.make_deliveries(|endpoints| rule(command, &heads, endpoints));
        Ok(u32::try_from(heads.len()).unwrap())
    }

    async fn claim(
        &self,
        command: &ClaimDelivery,
        rule: ClaimDeliveryRule,
    ) -> Result<Option<(DeliveryClaim, String)>, StoreError> {
        let endpoint = EndpointStore::find(&self.0, command.endpoint_id).await?;
        let pending = self.0.list_deliveries(command.endpoint_id, Some(DeliveryStage::Pending), None, u32::MAX).await?;
        tokio::task::yield_now().await;
        let Some(endpoint) = endpoint else { return Ok(None) };
        let Some(claim) = rule(command, &endpoint, pending.first()) else { return Ok(None) };
        self.0.write_claim(&claim);
        Ok(Some((claim, "{}".to_owned())))
    }

    async fn waiting(&self, now: Timestamp) -> Result<Vec<EndpointId>, StoreError> {
        self.0.waiting(now).await
    }

    async fn record(&self, command: &RecordAnswer, rule: RecordAnswerRule) -> Result<Option<Delivery>, StoreError> {
        DeliveryStore::record(&self.0, command, rule).await
    }

    async fn ping(&self, command: &QueuePing, rule: QueuePingRule) -> Result<Delivery, EffectError<EndpointRefusal>> {
        self.0.ping(command, rule).await
    }

    async fn resend(
        &self,
        command: &ResendEvent,
        rule: ResendEventRule,
    ) -> Result<Delivery, EffectError<DeliveryRefusal>> {
        self.0.resend(command, rule).await
    }

    async fn replay(&self, command: &ReplayStep, rule: ReplayRule) -> Result<bool, StoreError> {
        self.0.replay(command, rule).await
    }

    async fn find_delivery(
        &self,
        endpoint_id: EndpointId,
        event_id: EventId,
    ) -> Result<Option<(Delivery, Vec<Attempt>)>, StoreError> {
        self.0.find_delivery(endpoint_id, event_id).await
    }

    async fn list_deliveries(
        &self,
        endpoint_id: EndpointId,
        stage: Option<DeliveryStage>,
        below: Option<DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.0.list_deliveries(endpoint_id, stage, below, limit).await
    }

    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.0.forget(before, limit).await
    }
}

impl DeliveryHarness for NaiveHarness {
    fn endpoints(&self) -> Arc<dyn EndpointStore> {
        DeliveryHarness::endpoints(&self.0)
    }
    fn deliveries(&self) -> Arc<dyn DeliveryStore> {
        Arc::new(NaiveDeliveries(self.0.clone(), self.1.clone()))
    }
}

/// On one thread every task reads before any of them writes: the race is lost every time.
#[tokio::test(flavor = "current_thread")]
async fn a_store_that_reads_on_from_a_moment_loses_events() {
    let harness = NaiveHarness(MemoryStore::new(), ReadUpTo::default());
    let verdict = event_delivery_races::every_event_reaches_every_endpoint_once(&harness, 3).await;
    assert!(verdict.is_err_and(|why| why.contains("were lost")), "the claim does not see a lost event");
}

#[tokio::test(flavor = "current_thread")]
async fn a_store_that_claims_later_lets_two_workers_send() {
    let harness = NaiveHarness(MemoryStore::new(), ReadUpTo::default());
    let verdict = event_delivery_races::one_delivery_is_sent_by_one_worker(&harness, 1).await;
    assert!(verdict.is_err_and(|why| why.contains("workers got it")), "the claim does not see two senders");
}
