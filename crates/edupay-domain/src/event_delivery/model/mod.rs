//! Endpoints, deliveries, and what is wanted of them.

mod commands;
mod delivery;
mod endpoint;
mod secret;
mod url;

pub use commands::{
    Change, ChangeEndpoint, ClaimDelivery, FanOut, QueuePing, RecordAnswer, RegisterEndpoint, ReplayStep, ResendEvent,
};
pub use delivery::{
    Answer, Attempt, AttemptOutcome, Delivery, DeliveryCursor, DeliveryStage, DeliveryState, EventHead, EventMessage,
    SendFault,
};
pub use endpoint::{
    Endpoint, EndpointDescription, EndpointId, EndpointSecret, EndpointState, EventKind, Replay, WantedEvents,
};
pub use secret::WebhookSecret;
pub use url::{AddressPolicy, EndpointUrl, Host};
