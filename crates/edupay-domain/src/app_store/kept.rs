//! What is kept besides purchases: refused proofs, notifications, and what the App Store wants to know.

use super::model::{AppStoreNotification, SignedText};
use super::purchase::TransactionKey;
use crate::clock::Timestamp;
use crate::ids::{NotificationId, UserId};

/// Who brought a signed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextSource {
    /// A user's device.
    Client,
    /// A notification of the App Store.
    Notification,
    /// The App Store's server, which was asked.
    Server,
}

impl TextSource {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Client, Self::Notification, Self::Server];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Notification => "notification",
            Self::Server => "server",
        }
    }
}

/// Why a verified transaction is on record for staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordVerdict {
    /// It is another user's: claimed by one, or bought with the token of one.
    OtherUser,
    /// It is play money, and its user may have none.
    SandboxNotCredited,
    /// It was credited, but the App Store recorded another price than ours.
    PriceDiffers,
}

impl RecordVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::OtherUser, Self::SandboxNotCredited, Self::PriceDiffers];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OtherUser => "other_user",
            Self::SandboxNotCredited => "sandbox_not_credited",
            Self::PriceDiffers => "price_differs",
        }
    }
}

/// A verified transaction that somebody should look at. The same one of the same user and verdict is
/// recorded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStoreRecord {
    /// Which transaction.
    pub key: TransactionKey,
    /// For whom it was to be credited.
    pub user_id: UserId,
    /// Why it is here.
    pub verdict: RecordVerdict,
    /// Who brought it.
    pub source: TextSource,
    /// When it came first.
    pub received_at: Timestamp,
    /// The text, as it came.
    pub signed: SignedText,
}

/// Takes a kept notification that is due to work on it, so that nobody else does for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNotification {
    /// Which.
    pub id: NotificationId,
    /// Now.
    pub at: Timestamp,
    /// The end of the lease.
    pub until: Timestamp,
}

/// How far a notification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationStatus {
    /// Stored; to be worked on.
    Kept,
    /// Worked on.
    Processed,
    /// Of no use to us.
    Ignored,
}

impl NotificationStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Kept, Self::Processed, Self::Ignored];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Processed => "processed",
            Self::Ignored => "ignored",
        }
    }
}

/// A verified notification, as it is stored for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNotification {
    /// Its name, the same on every delivery.
    pub id: NotificationId,
    /// What it tells, by the App Store's name.
    pub kind: String,
    /// More of what it tells.
    pub subtype: String,
    /// Which transaction it is about.
    pub key: Option<TransactionKey>,
    /// The text, as it came.
    pub signed: SignedText,
    /// When it came first.
    pub received_at: Timestamp,
}

impl KeptNotification {
    /// What is stored of a notification.
    #[must_use]
    pub fn of(notification: &AppStoreNotification, received_at: Timestamp) -> Self {
        Self {
            id: notification.id.clone(),
            kind: notification.kind.code().to_owned(),
            subtype: notification.subtype.clone(),
            key: notification.transaction.as_ref().map(super::AppStoreTransaction::key),
            signed: SignedText(notification.signed.clone()),
            received_at,
        }
    }
}

/// The App Store wants to know how much of a purchase was used, before it decides on a refund. A person
/// answers, with the payer's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumptionRequest {
    /// The notification that asked.
    pub id: NotificationId,
    /// Which transaction.
    pub key: TransactionKey,
    /// Whose it is, where that is known.
    pub user_id: Option<UserId>,
    /// Why the payer wants the money back, in the App Store's words; empty where nothing is said.
    pub reason: String,
    /// When it came.
    pub requested_at: Timestamp,
    /// Until when the App Store waits for an answer.
    pub deadline: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}
