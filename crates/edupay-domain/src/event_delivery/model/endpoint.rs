//! An endpoint: where events go.

use super::secret::WebhookSecret;
use super::url::EndpointUrl;
use crate::clock::Timestamp;
use crate::events::EventBody;
use crate::ids::{EventId, IdError, UserId};
use std::collections::BTreeSet;
use std::fmt;

/// An endpoint's name: `ep_` and 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(EventId);

impl EndpointId {
    const PREFIX: &'static str = "ep_";

    /// A new name, from an id that was drawn for it.
    #[must_use]
    pub const fn from_drawn(id: EventId) -> Self {
        Self(id)
    }

    /// Reads a name.
    ///
    /// # Errors
    /// [`IdError`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        EventId::parse(text.strip_prefix(Self::PREFIX).unwrap_or_default()).map(Self)
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0)
    }
}

/// The type of an event, one of those there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKind(&'static str);

impl EventKind {
    /// Reads a type; `None` for one that no event has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        EventBody::KINDS.iter().find(|kind| **kind == text).map(|kind| Self(kind))
    }

    /// The type on the wire: `order.paid`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// Which events an endpoint wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedEvents {
    /// Every event, also of types that are new.
    All,
    /// Those of these types.
    Only(BTreeSet<EventKind>),
}

impl WantedEvents {
    /// Whether an event of this type is wanted. The type is text, since an older program may find one of
    /// a newer.
    #[must_use]
    pub fn include(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.iter().any(|wanted| wanted.as_str() == kind),
        }
    }
}

/// What an endpoint is for, in the words of whoever registered it; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointDescription(String);

impl EndpointDescription {
    /// The longest, in characters.
    pub const MAX: usize = 255;

    /// Reads a description; `None` when it is too long or has a control character.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.chars().count() <= Self::MAX && !text.chars().any(char::is_control);
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether events are sent to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// They are.
    Active,
    /// They are not: what waits goes on waiting, and what happens now is not noted for it.
    Disabled,
    /// Never again. Nobody sees it any more, and its deliveries are forgotten bit by bit.
    Removed,
}

impl EndpointState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Active, Self::Disabled, Self::Removed];

    /// The stable code: `active`, `disabled`, `removed`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Removed => "removed",
        }
    }
}

/// A secret with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointSecret {
    /// The secret.
    pub secret: WebhookSecret,
    /// Since when messages are signed with it.
    pub created_at: Timestamp,
    /// Until when; `None` for the newest.
    pub expires_at: Option<Timestamp>,
}

/// Sending again what happened from a moment on. It goes through the outbox by user, a bounded part at a
/// time, and remembers how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replay {
    /// From when on.
    pub since: Timestamp,
    /// When it was asked for. What is newer comes by itself.
    pub until: Timestamp,
    /// How far it has come.
    pub after: Option<(UserId, EventId)>,
}

/// An endpoint that staff registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name.
    pub id: EndpointId,
    /// Where it is.
    pub url: EndpointUrl,
    /// What it is for.
    pub description: EndpointDescription,
    /// What it wants.
    pub wants: WantedEvents,
    /// Whether anything is sent to it.
    pub state: EndpointState,
    /// What its messages are signed with, the newest first; expired ones may still be among them.
    pub secrets: Vec<EndpointSecret>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Until when somebody sends to it alone.
    pub leased_until: Option<Timestamp>,
    /// Until when it asked to be left in peace.
    pub paused_until: Option<Timestamp>,
    /// What is being sent again.
    pub replay: Option<Replay>,
}

impl Endpoint {
    /// The secrets that are good at this moment, the newest first.
    #[must_use]
    pub fn secrets_at(&self, at: Timestamp) -> Vec<WebhookSecret> {
        let good = |secret: &&EndpointSecret| secret.expires_at.is_none_or(|expires_at| at < expires_at);
        self.secrets.iter().filter(good).map(|secret| secret.secret.clone()).collect()
    }
}
