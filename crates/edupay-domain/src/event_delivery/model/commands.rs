//! What is wanted of endpoints and deliveries.

use super::delivery::Answer;
use super::endpoint::{EndpointDescription, EndpointId, WantedEvents};
use super::secret::WebhookSecret;
use super::url::{AddressPolicy, EndpointUrl};
use crate::clock::Timestamp;
use crate::ids::EventId;

/// Registers an endpoint.
#[derive(Debug, Clone)]
pub struct RegisterEndpoint {
    /// Its name.
    pub id: EndpointId,
    /// Where it is.
    pub url: EndpointUrl,
    /// What it is for.
    pub description: EndpointDescription,
    /// What it wants.
    pub wants: WantedEvents,
    /// What its messages are signed with.
    pub secret: WebhookSecret,
    /// Which addresses may be registered.
    pub addresses: AddressPolicy,
    /// When.
    pub at: Timestamp,
}

/// Changes an endpoint.
#[derive(Debug, Clone)]
pub struct ChangeEndpoint {
    /// Which.
    pub id: EndpointId,
    /// How.
    pub change: Change,
    /// When.
    pub at: Timestamp,
}

/// What is to be changed.
#[derive(Debug, Clone)]
pub enum Change {
    /// Everything that staff says of it.
    Describe {
        /// Where it is.
        url: EndpointUrl,
        /// What it is for.
        description: EndpointDescription,
        /// What it wants.
        wants: WantedEvents,
        /// Which addresses may be registered.
        addresses: AddressPolicy,
    },
    /// Events are sent to it.
    Enable,
    /// No events are sent to it.
    Disable,
    /// A further secret; the older ones are good until a moment, or until their own if that is sooner.
    RotateSecret {
        /// The new one.
        secret: WebhookSecret,
        /// Until when the older ones are good.
        older_until: Timestamp,
    },
    /// What happened from a moment on is sent again.
    Replay {
        /// From when on.
        since: Timestamp,
    },
    /// It is gone.
    Remove,
}

/// Makes deliveries of events that were noted.
#[derive(Debug, Clone, Copy)]
pub struct FanOut {
    /// When.
    pub at: Timestamp,
    /// Of how many events at most.
    pub limit: u32,
}

/// Takes the next delivery of an endpoint, and the endpoint for a while.
#[derive(Debug, Clone, Copy)]
pub struct ClaimDelivery {
    /// Of which endpoint.
    pub endpoint_id: EndpointId,
    /// When.
    pub at: Timestamp,
}

/// Records how an attempt ended.
#[derive(Debug, Clone, Copy)]
pub struct RecordAnswer {
    /// At which endpoint.
    pub endpoint_id: EndpointId,
    /// Of which event.
    pub event_id: EventId,
    /// The number of the attempt.
    pub number: u32,
    /// Until when the endpoint was taken.
    pub leased_until: Timestamp,
    /// When the attempt began.
    pub started_at: Timestamp,
    /// What was answered.
    pub answer: Answer,
    /// When it ended.
    pub at: Timestamp,
}

/// Sends a test.
#[derive(Debug, Clone, Copy)]
pub struct QueuePing {
    /// To which endpoint.
    pub endpoint_id: EndpointId,
    /// Under which name.
    pub event_id: EventId,
    /// When.
    pub at: Timestamp,
}

/// Sends an event again.
#[derive(Debug, Clone, Copy)]
pub struct ResendEvent {
    /// To which endpoint.
    pub endpoint_id: EndpointId,
    /// Which.
    pub event_id: EventId,
    /// When.
    pub at: Timestamp,
}

/// Goes on with an endpoint's replay.
#[derive(Debug, Clone, Copy)]
pub struct ReplayStep {
    /// Of which endpoint.
    pub endpoint_id: EndpointId,
    /// When.
    pub at: Timestamp,
    /// Through how many events at most.
    pub limit: u32,
}
