//! One event on its way to one endpoint.

use super::endpoint::EndpointId;
use super::secret::WebhookSecret;
use super::url::EndpointUrl;
use crate::clock::Timestamp;
use crate::ids::{EventId, UserId};
use chrono::TimeDelta;

/// An event of the outbox without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// Whom it concerns.
    pub user_id: UserId,
    /// Its name.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is sent, again or for the first time, from this moment on.
    Pending {
        /// When.
        due_at: Timestamp,
    },
    /// The endpoint took it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It is not tried any more, unless staff sends it again.
    Failed {
        /// Since when.
        at: Timestamp,
    },
}

impl DeliveryState {
    /// Which of the three it is.
    #[must_use]
    pub fn stage(self) -> DeliveryStage {
        match self {
            Self::Pending { .. } => DeliveryStage::Pending,
            Self::Delivered { .. } => DeliveryStage::Delivered,
            Self::Failed { .. } => DeliveryStage::Failed,
        }
    }

    /// When it is to be sent, unless it is settled.
    #[must_use]
    pub fn due_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending { due_at } => Some(due_at),
            Self::Delivered { .. } | Self::Failed { .. } => None,
        }
    }

    /// When it was delivered or given up.
    #[must_use]
    pub fn settled_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending { .. } => None,
            Self::Delivered { at } | Self::Failed { at } => Some(at),
        }
    }
}

/// How far a delivery has come, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStage {
    /// It is to be sent.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStage {
    /// Every stage.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The stable code: `pending`, `delivered`, `failed`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// Why an attempt got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFault {
    /// The address is one that nothing is sent to: not public, or not https.
    AddressRefused,
    /// The name leads nowhere.
    NameUnresolved,
    /// Nobody listens there, or the certificate does not hold.
    NotConnected,
    /// No answer in time.
    TimedOut,
    /// The exchange broke off, or its answer is not HTTP.
    Broken,
    /// Our own: the message could not be made or signed.
    NotSent,
}

impl SendFault {
    /// Every fault.
    pub const ALL: [Self; 6] =
        [Self::AddressRefused, Self::NameUnresolved, Self::NotConnected, Self::TimedOut, Self::Broken, Self::NotSent];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AddressRefused => "address_refused",
            Self::NameUnresolved => "name_unresolved",
            Self::NotConnected => "not_connected",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
            Self::NotSent => "not_sent",
        }
    }
}

/// What an endpoint said, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A status, and for how long it asked to be left in peace.
    Status {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` said.
        retry_after: Option<TimeDelta>,
    },
    /// Nothing. The message may have arrived all the same.
    None(SendFault),
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// With this HTTP status.
    Status(u16),
    /// Without an answer.
    Fault(SendFault),
}

impl From<Answer> for AttemptOutcome {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Status { status, .. } => Self::Status(status),
            Answer::None(fault) => Self::Fault(fault),
        }
    }
}

/// One attempt that ended. One that was cut off by the end of the program leaves none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The how manieth of its delivery, from 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub took: TimeDelta,
    /// How it ended.
    pub outcome: AttemptOutcome,
}

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where to.
    pub endpoint_id: EndpointId,
    /// What: the event's name, the same on every attempt.
    pub event_id: EventId,
    /// Whom the event concerns; nobody for a test.
    pub user_id: Option<UserId>,
    /// The event's type, or that of a test.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was begun since it was queued, or queued again.
    pub tries: u32,
    /// How often it was begun at all.
    pub attempts: u32,
    /// When it was first queued.
    pub queued_at: Timestamp,
    /// How the last attempt ended.
    pub last: Option<AttemptOutcome>,
}

/// Where a page of deliveries begins: below the one of this time and event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCursor {
    /// When the last one of the page before was queued.
    pub queued_at: Timestamp,
    /// Its event.
    pub event_id: EventId,
}

/// A message to be signed and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMessage {
    /// Where to.
    pub url: EndpointUrl,
    /// What it is signed with, the newest first; each gives a signature.
    pub secrets: Vec<WebhookSecret>,
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Whom it concerns.
    pub user_id: Option<UserId>,
    /// What it says: a JSON object, opaque here.
    pub payload: String,
    /// When this attempt is made.
    pub at: Timestamp,
}
