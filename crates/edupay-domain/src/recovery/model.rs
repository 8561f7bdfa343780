//! What is unfinished, what waits for a person, and what a person decides.

use crate::clock::Timestamp;
use crate::ids::{EventId, UserId};
use crate::money::Money;
use std::fmt;

/// What the background work finishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkKind {
    /// Orders whose time has run out.
    Orders,
    /// Purchases whose time has run out.
    Purchases,
    /// Attempts whose charge may still be paid, or whose answer was lost.
    Charges,
    /// Callbacks that were not worked on to the end.
    Callbacks,
    /// Receipts that go back.
    Receipts,
    /// Refunds that are at the gateway.
    Refunds,
    /// Notifications of the App Store that were not worked on to the end.
    Notifications,
}

impl WorkKind {
    /// Every kind, in the order in which a run takes them: what brings money in is first.
    pub const ALL: [Self; 7] = [
        Self::Callbacks,
        Self::Notifications,
        Self::Charges,
        Self::Orders,
        Self::Purchases,
        Self::Receipts,
        Self::Refunds,
    ];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Purchases => "purchases",
            Self::Charges => "charges",
            Self::Callbacks => "callbacks",
            Self::Receipts => "receipts",
            Self::Refunds => "refunds",
            Self::Notifications => "notifications",
        }
    }
}

/// How much of one kind is unfinished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedCount {
    /// What.
    pub kind: WorkKind,
    /// How many there are.
    pub count: u64,
    /// How many of them are due.
    pub due: u64,
    /// When the oldest of them began.
    pub oldest: Option<Timestamp>,
}

/// One thing that is unfinished since long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedRow {
    /// What.
    pub kind: WorkKind,
    /// Its number or id.
    pub key: String,
    /// Since when it should be finished.
    pub since: Timestamp,
}

/// How much of one kind waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCount {
    /// What.
    pub kind: ReviewKind,
    /// How many there are.
    pub count: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// What is unfinished, and what waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overview {
    /// By kind; a kind of which nothing is unfinished may be missing.
    pub unfinished: Vec<UnfinishedCount>,
    /// By kind; a kind of which nothing waits may be missing.
    pub review: Vec<ReviewCount>,
}

/// What may wait for a person. In the order of their names, which is the order of the list at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewKind {
    /// A callback that matches nothing, or that can't be read.
    Callback,
    /// An attempt of which nobody knows whether it was paid.
    Charge,
    /// A notification of the App Store that can't be worked on.
    Notification,
    /// A period that was left when its purchase was refunded in full.
    Period,
    /// A receipt that is neither applied nor goes back by itself.
    Receipt,
    /// A refund that failed, or of which nobody knows what came of it.
    Refund,
}

impl ReviewKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Callback, Self::Charge, Self::Notification, Self::Period, Self::Receipt, Self::Refund];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Charge => "charge",
            Self::Notification => "notification",
            Self::Period => "period",
            Self::Receipt => "receipt",
            Self::Refund => "refund",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The name of something in the list: its kind, and its number or id among its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReviewId {
    /// What it is.
    pub kind: ReviewKind,
    key: String,
}

impl ReviewId {
    /// The longest number or id.
    pub const MAX_KEY: usize = 128;

    /// The name of this thing; `None` when the key is none.
    #[must_use]
    pub fn try_new(kind: ReviewKind, key: &str) -> Option<Self> {
        let is_key = !key.is_empty() && key.len() <= Self::MAX_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
        is_key.then(|| Self { kind, key: key.to_owned() })
    }

    /// Reads a name as it is written: `receipt-ch_…`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, key) = text.split_once('-')?;
        Self::try_new(ReviewKind::parse(kind)?, key)
    }

    /// The number or id. Of a refund, whose numbers are its user's: the user and the number.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ReviewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.code(), self.key)
    }
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewItem {
    /// Its name.
    pub id: ReviewId,
    /// What it is about: a number of an order, a purchase or a top-up, or the type of a callback.
    pub subject: String,
    /// Whom it concerns, where that is known.
    pub user_id: Option<UserId>,
    /// How much money it is about, where that is known.
    pub amount: Option<Money>,
    /// Why it is here: a stable code.
    pub reason: String,
    /// Since when it is as it is.
    pub since: Timestamp,
    /// Since when it is in the list.
    pub listed_at: Timestamp,
}

/// What a person may do about something in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewAction {
    /// Send it back to its source, as what could not be applied goes back by itself.
    Refund,
    /// Try it again, as it was tried before.
    Retry,
    /// Leave it as it is: it was settled elsewhere, or nothing is to be done.
    Close,
}

impl ReviewAction {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Refund, Self::Retry, Self::Close];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Refund => "refund",
            Self::Retry => "retry",
            Self::Close => "close",
        }
    }

    /// The action of this name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

/// Why a person decided so, in the person's words: 1 to [`DecisionReason::MAX`] characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionReason(String);

impl DecisionReason {
    /// The most characters.
    pub const MAX: usize = 255;

    /// Reads a reason; `None` when it is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (1..=Self::MAX).contains(&text.chars().count()).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person decided, for ever on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDecision {
    /// On what.
    pub id: ReviewId,
    /// What.
    pub action: ReviewAction,
    /// Who.
    pub by: UserId,
    /// Why.
    pub reason: DecisionReason,
    /// When.
    pub at: Timestamp,
}

/// Decides on something in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecideReview {
    /// On what.
    pub id: ReviewId,
    /// What.
    pub action: ReviewAction,
    /// Who.
    pub by: UserId,
    /// Why.
    pub reason: DecisionReason,
    /// When.
    pub at: Timestamp,
    /// The event's id.
    pub event_id: EventId,
}
