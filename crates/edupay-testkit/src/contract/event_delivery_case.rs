//! What the claims about events on their way out work with.

use super::{Case, StoreHarness};
use crate::fixtures::fen;
use chrono::TimeDelta;
use edupay_domain::accounts::{AdjustBalance, adjust_balance};
use edupay_domain::clock::Timestamp;
use edupay_domain::event_delivery::{
    AddressPolicy, Answer, Change, ChangeEndpoint, ClaimDelivery, Delivery, DeliveryClaim, DeliveryStore, Endpoint,
    EndpointDescription, EndpointId, EndpointRefusal, EndpointStore, EndpointUrl, EventKind, FanOut, RecordAnswer,
    RegisterEndpoint, WantedEvents, WebhookSecret, change_endpoint, claim_delivery, fan_out, record_answer,
    register_endpoint,
};
use edupay_domain::ids::{EventId, UserId};
use edupay_domain::ledger::Bucket;
use edupay_domain::store::EffectError;
use std::sync::Arc;

/// An adapter with the stores of endpoints and deliveries, on a database of its own.
pub trait DeliveryHarness: StoreHarness {
    /// Endpoints.
    fn endpoints(&self) -> Arc<dyn EndpointStore>;
    /// Deliveries.
    fn deliveries(&self) -> Arc<dyn DeliveryStore>;
}

impl<H: DeliveryHarness + ?Sized> Case<'_, H> {
    pub(super) fn webhook_secret(&self) -> WebhookSecret {
        WebhookSecret::parse(&format!("whsec_{:016x}{:016x}", self.mark, self.draw())).unwrap()
    }

    /// What registers an endpoint that wants these types, or all.
    pub(super) fn registration(&self, kinds: &[&str]) -> RegisterEndpoint {
        let kinds: Vec<_> = kinds.iter().map(|kind| EventKind::parse(kind).unwrap()).collect();
        RegisterEndpoint {
            id: EndpointId::from_drawn(self.event_id()),
            url: EndpointUrl::parse("https://hooks.example.com/edupay?key=1").unwrap(),
            description: EndpointDescription::parse("对账").unwrap(),
            wants: match kinds.as_slice() {
                [] => WantedEvents::All,
                kinds => WantedEvents::Only(kinds.iter().copied().collect()),
            },
            secret: self.webhook_secret(),
            addresses: AddressPolicy::PublicOnly,
            at: self.start(),
        }
    }

    /// A new endpoint that wants these types, or all.
    pub(super) async fn endpoint(&self, kinds: &[&str]) -> Endpoint {
        self.harness().endpoints().register(&self.registration(kinds), register_endpoint).await.unwrap()
    }

    pub(super) async fn change(
        &self,
        id: EndpointId,
        change: Change,
        at: Timestamp,
    ) -> Result<Endpoint, EndpointRefusal> {
        let outcome = self.harness().endpoints().change(&ChangeEndpoint { id, change, at }, change_endpoint).await;
        assert!(!matches!(outcome, Err(EffectError::Store(_))), "{outcome:?}");
        outcome.map_err(|error| match error {
            EffectError::Refused(refusal) => refusal,
            EffectError::Store(_) => EndpointRefusal::NotFound,
        })
    }

    /// Makes something happen to a user in this minute; the event's name.
    pub(super) async fn happens(&self, user_id: UserId, minutes: i64) -> EventId {
        let command = self.adjustment(user_id, Bucket::Bonus, fen(5));
        let command = AdjustBalance { at: self.minute(minutes), ..command };
        self.harness().wallets().adjust_balance(&command, adjust_balance).await.unwrap();
        command.event_id
    }

    /// Makes deliveries of everything that is noted; how many events that was.
    pub(super) async fn fan_out_all(&self, minutes: i64) -> u32 {
        let mut all = 0_u32;
        loop {
            let command = FanOut { at: self.minute(minutes), limit: 3 };
            match self.harness().deliveries().fan_out(&command, fan_out).await.unwrap() {
                0 => return all,
                some => all = all.checked_add(some).unwrap(),
            }
        }
    }

    pub(super) async fn claim_at(&self, endpoint_id: EndpointId, at: Timestamp) -> Option<(DeliveryClaim, String)> {
        let command = ClaimDelivery { endpoint_id, at };
        self.harness().deliveries().claim(&command, claim_delivery).await.unwrap()
    }

    /// Records what was answered to a claim at once.
    pub(super) async fn answered(&self, claim: &DeliveryClaim, answer: Answer, at: Timestamp) -> Delivery {
        let command = RecordAnswer {
            endpoint_id: claim.endpoint.id,
            event_id: claim.delivery.event_id,
            number: claim.delivery.attempts,
            leased_until: claim.endpoint.leased_until.unwrap(),
            started_at: at,
            answer,
            at,
        };
        self.harness().deliveries().record(&command, record_answer).await.unwrap().unwrap()
    }

    /// All deliveries of an endpoint, the first queued first.
    pub(super) async fn deliveries_of(&self, endpoint_id: EndpointId) -> Vec<Delivery> {
        let mut all = self.harness().deliveries().list_deliveries(endpoint_id, None, None, 100_000).await.unwrap();
        all.reverse();
        all
    }
}

/// A status without any wish.
pub(super) fn status(status: u16) -> Answer {
    Answer::Status { status, retry_after: None }
}

/// So much after a moment.
pub(super) fn later(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap()
}
