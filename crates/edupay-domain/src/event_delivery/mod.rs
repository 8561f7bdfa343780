//! Events on their way out: endpoints that staff registers, and the delivery of each event to each
//! endpoint that wants it, at least once.
//!
//! A store notes each event in the transaction that causes it, but only while an endpoint is active. From
//! there `fan_out` makes one delivery per endpoint, and each endpoint has its deliveries sent one at a
//! time, so that one that is slow or broken holds up nobody else.
//!
//! What is absent: how a message is signed and sent ([`EventSender`]), and an order of deliveries that
//! could be relied upon.

mod error;
mod model;
mod ports;
mod rules;
mod service;

#[cfg(test)]
mod rules_tests;

pub use error::{DeliveryRefusal, EndpointRefusal, UrlRefusal};
pub use model::{
    AddressPolicy, Answer, Attempt, AttemptOutcome, Change, ChangeEndpoint, ClaimDelivery, Delivery, DeliveryCursor,
    DeliveryStage, DeliveryState, Endpoint, EndpointDescription, EndpointId, EndpointSecret, EndpointState,
    EndpointUrl, EventHead, EventKind, EventMessage, FanOut, Host, QueuePing, RecordAnswer, RegisterEndpoint, Replay,
    ReplayStep, ResendEvent, SendFault, WantedEvents, WebhookSecret,
};
pub use ports::{
    ChangeEndpointRule, ClaimDeliveryRule, DeliveryStore, EndpointStore, EventSender, FanOutRule, QueuePingRule,
    RecordAnswerRule, RegisterEndpointRule, ReplayRule, ResendEventRule, SecretSource,
};
pub use rules::{
    AnsweredPlan, DeliveryClaim, MAX_ENDPOINTS, MAX_SECRETS, PAUSES, PING, ReplayPlan, change_endpoint, claim_delivery,
    fan_out, is_public, pause_before, queue_ping, record_answer, register_endpoint, replay_step, resend_event,
};
pub use service::{DeliveryReport, EventDelivery, EventDeliveryService};

#[cfg(feature = "mocks")]
pub use ports::{MockDeliveryStore, MockEndpointStore, MockEventSender, MockSecretSource};
