//! Registering endpoints, and bringing events to them.

use super::error::{DeliveryRefusal, EndpointRefusal};
use super::model::{
    AddressPolicy, Attempt, AttemptOutcome, Change, ChangeEndpoint, ClaimDelivery, Delivery, DeliveryCursor,
    DeliveryStage, DeliveryState, Endpoint, EndpointDescription, EndpointId, EndpointState, EndpointUrl, EventMessage,
    FanOut, QueuePing, RecordAnswer, RegisterEndpoint, ReplayStep, ResendEvent, WantedEvents, WebhookSecret,
};
use super::ports::{DeliveryStore, EndpointStore, EventSender, SecretSource};
use super::rules::{
    change_endpoint, claim_delivery, fan_out, queue_ping, record_answer, register_endpoint, replay_step, resend_event,
};
use crate::clock::{Clock, Timestamp};
use crate::ids::{EventId, IdSource};
use crate::store::{EffectError, StoreError};
use chrono::TimeDelta;
use std::sync::Arc;

/// For how long it is remembered that something was delivered.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// The parts of [`EventDeliveryService`].
pub struct EventDelivery {
    /// Endpoints.
    pub endpoints: Arc<dyn EndpointStore>,
    /// Deliveries.
    pub deliveries: Arc<dyn DeliveryStore>,
    /// Who sends.
    pub sender: Arc<dyn EventSender>,
    /// New secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// Which addresses may be registered.
    pub addresses: AddressPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

/// What one delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// The number of the attempt.
    pub attempt: u32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// How far the delivery has come; `None` when it was forgotten meanwhile.
    pub state: Option<DeliveryState>,
    /// Whether the endpoint said that it is gone, and was disabled.
    pub disabled: bool,
}

/// Tells others what happened.
///
/// ```
/// # use edupay_domain::{clock::*, event_delivery::*, ids::*, store::EffectError}; use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut endpoints = MockEndpointStore::new();
/// endpoints.expect_register().returning(|command, rule| rule(command, 0).map_err(EffectError::Refused));
/// let mut secrets = MockSecretSource::new();
/// secrets.expect_draw_secret().returning(|| WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
/// # let mut clock = MockClock::new(); clock.expect_now().returning(Timestamp::default);
/// # let mut ids = MockIdSource::new(); ids.expect_event_id().returning(|| EventId::from_random(7));
/// let events = EventDeliveryService::new(EventDelivery {
///     endpoints: Arc::new(endpoints),
///     deliveries: Arc::new(MockDeliveryStore::new()),
///     sender: Arc::new(MockEventSender::new()),
///     secrets: Arc::new(secrets),
///     addresses: AddressPolicy::PublicOnly,
///     clock: Arc::new(clock),
///     ids: Arc::new(ids),
/// });
/// let register = async |url| {
///     let url = EndpointUrl::parse(url).unwrap();
///     events.register(url, EndpointDescription::default(), WantedEvents::All).await
/// };
/// assert!(register("https://hooks.example.com/edupay").await.is_ok());
/// let refused = register("https://169.254.169.254/latest").await;
/// assert!(matches!(refused, Err(EffectError::Refused(EndpointRefusal::Url(UrlRefusal::NotPublic)))));
/// # }
/// ```
#[derive(Clone)]
pub struct EventDeliveryService {
    parts: Arc<EventDelivery>,
}

impl EventDeliveryService {
    /// A service of these parts.
    #[must_use]
    pub fn new(parts: EventDelivery) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Registers an endpoint: every event that is written from now on is delivered to it. Its secret is told
    /// here and nowhere else. A repeat registers another one.
    ///
    /// # Errors
    /// [`EndpointRefusal::TooMany`], [`EndpointRefusal::Url`].
    pub async fn register(
        &self,
        url: EndpointUrl,
        description: EndpointDescription,
        wants: WantedEvents,
    ) -> Result<(Endpoint, WebhookSecret), EffectError<EndpointRefusal>> {
        let command = RegisterEndpoint {
            id: EndpointId::from_drawn(self.parts.ids.event_id()),
            url,
            description,
            wants,
            secret: self.parts.secrets.draw_secret(),
            addresses: self.parts.addresses,
            at: self.parts.clock.now(),
        };
        let endpoint = self.parts.endpoints.register(&command, register_endpoint).await?;
        Ok((endpoint, command.secret))
    }

    /// One endpoint.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.parts.endpoints.find(id).await
    }

    /// All endpoints, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<Endpoint>, StoreError> {
        self.parts.endpoints.list().await
    }

    /// Gives an endpoint another address, description and choice of events. A repeat changes nothing.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`], [`EndpointRefusal::Url`].
    pub async fn describe(
        &self,
        id: EndpointId,
        url: EndpointUrl,
        description: EndpointDescription,
        wants: WantedEvents,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        let addresses = self.parts.addresses;
        self.change(id, Change::Describe { url, description, wants, addresses }).await
    }

    /// Sends to an endpoint again, and what waits for it at once. A repeat changes nothing.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`].
    pub async fn enable(&self, id: EndpointId) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        self.change(id, Change::Enable).await
    }

    /// Sends nothing more to an endpoint. A repeat changes nothing.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`].
    pub async fn disable(&self, id: EndpointId) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        self.change(id, Change::Disable).await
    }

    /// Removes an endpoint with its secrets; its deliveries are forgotten.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`], also on a repeat.
    pub async fn remove(&self, id: EndpointId) -> Result<(), EffectError<EndpointRefusal>> {
        self.change(id, Change::Remove).await.map(drop)
    }

    /// Gives an endpoint a further secret, which is told here and nowhere else. Messages are signed with the
    /// older ones too for as long as `overlap` says. A repeat gives yet another.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`], [`EndpointRefusal::TooManySecrets`].
    pub async fn rotate_secret(
        &self,
        id: EndpointId,
        overlap: TimeDelta,
    ) -> Result<(Endpoint, WebhookSecret), EffectError<EndpointRefusal>> {
        let secret = self.parts.secrets.draw_secret();
        let now = self.parts.clock.now();
        let older_until = now.checked_add_signed(overlap).unwrap_or(now);
        let endpoint = self.change(id, Change::RotateSecret { secret: secret.clone(), older_until }).await?;
        Ok((endpoint, secret))
    }

    /// Sends what happened from a moment on again, bit by bit in the background, also what was delivered and
    /// what happened before the endpoint was there.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`], [`EndpointRefusal::SinceInFuture`], [`EndpointRefusal::Replaying`].
    pub async fn resend_since(
        &self,
        id: EndpointId,
        since: Timestamp,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        self.change(id, Change::Replay { since }).await
    }

    /// Sends one event again, also one that was delivered. A repeat changes nothing until it was sent.
    ///
    /// # Errors
    /// [`DeliveryRefusal::NotFound`].
    pub async fn resend(
        &self,
        endpoint_id: EndpointId,
        event_id: EventId,
    ) -> Result<Delivery, EffectError<DeliveryRefusal>> {
        let command = ResendEvent { endpoint_id, event_id, at: self.parts.clock.now() };
        self.parts.deliveries.resend(&command, resend_event).await
    }

    /// Sends a test to an endpoint, in the line of its events. A repeat sends another.
    ///
    /// # Errors
    /// [`EndpointRefusal::NotFound`], [`EndpointRefusal::Disabled`].
    pub async fn ping(&self, endpoint_id: EndpointId) -> Result<Delivery, EffectError<EndpointRefusal>> {
        let command = QueuePing { endpoint_id, event_id: self.parts.ids.event_id(), at: self.parts.clock.now() };
        self.parts.deliveries.ping(&command, queue_ping).await
    }

    /// One delivery with its attempts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_delivery(
        &self,
        endpoint_id: EndpointId,
        event_id: EventId,
    ) -> Result<Option<(Delivery, Vec<Attempt>)>, StoreError> {
        self.parts.deliveries.find_delivery(endpoint_id, event_id).await
    }

    /// The deliveries of an endpoint, the last queued first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_deliveries(
        &self,
        endpoint_id: EndpointId,
        stage: Option<DeliveryStage>,
        below: Option<DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.parts.deliveries.list_deliveries(endpoint_id, stage, below, limit).await
    }

    /// Makes deliveries of at most so many events that were noted; answers of how many. Several workers
    /// share the work.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn fan_out(&self, limit: u32) -> Result<u32, StoreError> {
        self.parts.deliveries.fan_out(&FanOut { at: self.parts.clock.now(), limit }, fan_out).await
    }

    /// Endpoints for which there is something to do.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waiting(&self) -> Result<Vec<EndpointId>, StoreError> {
        self.parts.deliveries.waiting(self.parts.clock.now()).await
    }

    /// Sends what is the longest due at an endpoint, if nobody else is sending there; `None` when there is
    /// nothing to do now.
    ///
    /// # Errors
    /// [`StoreError`]. What was sent and could not be recorded is sent again.
    pub async fn deliver_next(&self, endpoint_id: EndpointId) -> Result<Option<DeliveryReport>, StoreError> {
        let started_at = self.parts.clock.now();
        let command = ClaimDelivery { endpoint_id, at: started_at };
        let Some((claim, payload)) = self.parts.deliveries.claim(&command, claim_delivery).await? else {
            return Ok(None);
        };
        let (endpoint, delivery) = (claim.endpoint, claim.delivery);
        let message = EventMessage {
            secrets: endpoint.secrets_at(started_at),
            url: endpoint.url,
            event_id: delivery.event_id,
            kind: delivery.kind.clone(),
            occurred_at: delivery.occurred_at,
            user_id: delivery.user_id,
            payload,
            at: started_at,
        };
        let answer = self.parts.sender.send(&message).await;
        let command = RecordAnswer {
            endpoint_id,
            event_id: delivery.event_id,
            number: delivery.attempts,
            leased_until: endpoint.leased_until.unwrap_or(started_at),
            started_at,
            answer,
            at: self.parts.clock.now(),
        };
        let recorded = self.parts.deliveries.record(&command, record_answer).await?;
        let outcome = AttemptOutcome::from(answer);
        Ok(Some(DeliveryReport {
            event_id: delivery.event_id,
            kind: delivery.kind,
            attempt: delivery.attempts,
            outcome,
            state: recorded.map(|delivery| delivery.state),
            disabled: outcome == AttemptOutcome::Status(410) && endpoint.state == EndpointState::Active,
        }))
    }

    /// Goes on with an endpoint's replay, through at most so many events; answers whether it goes on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replay(&self, endpoint_id: EndpointId, limit: u32) -> Result<bool, StoreError> {
        let command = ReplayStep { endpoint_id, at: self.parts.clock.now(), limit };
        self.parts.deliveries.replay(&command, replay_step).await
    }

    /// Forgets what was delivered long ago, and what belonged to removed endpoints; answers how many
    /// deliveries that were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget(&self, limit: u32) -> Result<u32, StoreError> {
        let now = self.parts.clock.now();
        self.parts.deliveries.forget(now.checked_sub_signed(REMEMBERED).unwrap_or(now), limit).await
    }

    async fn change(&self, id: EndpointId, change: Change) -> Result<Endpoint, EffectError<EndpointRefusal>> {
        let command = ChangeEndpoint { id, change, at: self.parts.clock.now() };
        self.parts.endpoints.change(&command, change_endpoint).await
    }
}
