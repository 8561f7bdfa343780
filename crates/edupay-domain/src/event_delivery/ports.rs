//! Where endpoints and deliveries are kept, who sends, and where secrets come from.

use super::error::{DeliveryRefusal, EndpointRefusal};
use super::model::{
    Answer, Attempt, ChangeEndpoint, ClaimDelivery, Delivery, DeliveryCursor, DeliveryStage, Endpoint, EndpointId,
    EventHead, EventMessage, FanOut, QueuePing, RecordAnswer, RegisterEndpoint, ReplayStep, ResendEvent, WebhookSecret,
};
use super::rules::{AnsweredPlan, DeliveryClaim, ReplayPlan};
use crate::clock::Timestamp;
use crate::ids::EventId;
use crate::store::{EffectError, StoreError};
use async_trait::async_trait;

/// The pure rule of registering, told how many endpoints there are.
pub type RegisterEndpointRule = fn(&RegisterEndpoint, usize) -> Result<Endpoint, EndpointRefusal>;
/// The pure rule of changing an endpoint.
pub type ChangeEndpointRule = fn(&ChangeEndpoint, &Endpoint) -> Result<Endpoint, EndpointRefusal>;
/// Who gets which events.
pub type FanOutRule = fn(&FanOut, &[EventHead], &[Endpoint]) -> Vec<Delivery>;
/// Whether an endpoint and what is due there may be taken.
pub type ClaimDeliveryRule = fn(&ClaimDelivery, &Endpoint, Option<&Delivery>) -> Option<DeliveryClaim>;
/// What an answer makes of a delivery.
pub type RecordAnswerRule = fn(&RecordAnswer, &Endpoint, &Delivery) -> AnsweredPlan;
/// The pure rule of sending a test.
pub type QueuePingRule = fn(&QueuePing, &Endpoint) -> Result<Delivery, EndpointRefusal>;
/// The pure rule of sending again.
pub type ResendEventRule = fn(&ResendEvent, &Delivery) -> Delivery;
/// The pure rule of a replay's next step.
pub type ReplayRule = fn(&ReplayStep, &Endpoint, &[(EventHead, Option<Delivery>)]) -> ReplayPlan;

/// Endpoints with their secrets. Each effect locks the endpoint, applies the rule, and writes what it
/// answers whole.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EndpointStore: Send + Sync {
    /// Applies the rule to the count of endpoints that are not removed, and stores what it makes.
    async fn register(
        &self,
        command: &RegisterEndpoint,
        rule: RegisterEndpointRule,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>>;

    /// Applies the rule to the endpoint; [`EndpointRefusal::NotFound`] when there is none.
    async fn change(
        &self,
        command: &ChangeEndpoint,
        rule: ChangeEndpointRule,
    ) -> Result<Endpoint, EffectError<EndpointRefusal>>;

    /// An endpoint that is not removed.
    async fn find(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError>;

    /// All that are not removed, oldest first.
    async fn list(&self) -> Result<Vec<Endpoint>, StoreError>;
}

/// Events that wait for their deliveries, and deliveries.
///
/// What every implementation MUST hold: an event that was written while an endpoint was active is noted in
/// the same transaction, and stays noted until [`DeliveryStore::fan_out`] has made its deliveries, whenever
/// and in whatever order transactions end. Where no endpoint is active nothing is noted, and writing events
/// costs no more than finding that out. Of two workers one gets a claim.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Takes at most as many noted events as the command says, the longest noted first, those that another
    /// worker is taking left out; stores the deliveries that the rule makes of them and the endpoints, each
    /// once per endpoint and event, and forgets the notes. Answers how many notes that were.
    async fn fan_out(&self, command: &FanOut, rule: FanOutRule) -> Result<u32, StoreError>;

    /// Active endpoints that nobody has taken, with a delivery that is due or a replay that goes on.
    async fn waiting(&self, now: Timestamp) -> Result<Vec<EndpointId>, StoreError>;

    /// Locks the endpoint and applies the rule to it and to its delivery that is the longest due; what it
    /// answers is stored before it is returned, with what the event says (a JSON object, empty for a test).
    async fn claim(
        &self,
        command: &ClaimDelivery,
        rule: ClaimDeliveryRule,
    ) -> Result<Option<(DeliveryClaim, String)>, StoreError>;

    /// Locks the endpoint, applies the rule, writes the plan; answers the delivery after it, `None` when it
    /// is forgotten.
    async fn record(&self, command: &RecordAnswer, rule: RecordAnswerRule) -> Result<Option<Delivery>, StoreError>;

    /// Locks the endpoint, applies the rule, stores the delivery.
    async fn ping(&self, command: &QueuePing, rule: QueuePingRule) -> Result<Delivery, EffectError<EndpointRefusal>>;

    /// Locks the endpoint, applies the rule to its delivery, writes it; [`DeliveryRefusal::NotFound`] when
    /// there is none.
    async fn resend(
        &self,
        command: &ResendEvent,
        rule: ResendEventRule,
    ) -> Result<Delivery, EffectError<DeliveryRefusal>>;

    /// Locks the endpoint, reads at most as many events of the outbox as the command says from where its
    /// replay has come to, by user and event, applies the rule, writes the plan. Answers whether the replay
    /// goes on.
    async fn replay(&self, command: &ReplayStep, rule: ReplayRule) -> Result<bool, StoreError>;

    /// One delivery with its attempts, oldest first, of an endpoint that is not removed.
    async fn find_delivery(
        &self,
        endpoint_id: EndpointId,
        event_id: EventId,
    ) -> Result<Option<(Delivery, Vec<Attempt>)>, StoreError>;

    /// The deliveries of an endpoint, of this stage or of every stage, below the cursor, the last queued
    /// first.
    async fn list_deliveries(
        &self,
        endpoint_id: EndpointId,
        stage: Option<DeliveryStage>,
        below: Option<DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Forgets at most `limit` deliveries that were delivered before a moment or whose endpoint is removed,
    /// and removed endpoints without deliveries. Answers how many deliveries.
    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;
}

/// Signs and sends messages. An exchange MUST end within 15 seconds, follow no redirect, use no proxy, and
/// go to no address but those that the policy it was made with allows, whatever a name leads to.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait EventSender: Send + Sync {
    /// Sends a message once. The message may have arrived whatever is answered.
    async fn send(&self, message: &EventMessage) -> Answer;
}

/// Where secrets of endpoints come from.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait SecretSource: Send + Sync {
    /// A new secret, which MUST be unguessable.
    fn draw_secret(&self) -> WebhookSecret;
}
