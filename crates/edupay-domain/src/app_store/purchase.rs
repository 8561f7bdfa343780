//! A transaction as this service has it: whose it is, what it credited, and how it was last seen.

use super::model::{AppStoreNotification, AppStorePrice, AppStoreTransaction, NotificationKind};
use super::model::{RefundedShare, SignedText, StoreEnvironment};
use crate::clock::Timestamp;
use crate::ids::{ProductId, TransactionId, UserId};
use crate::money::Money;
use std::fmt;

/// What a transaction is known by: its id is unique within its environment only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionKey {
    /// Where it was made.
    pub environment: StoreEnvironment,
    /// The App Store's id of it.
    pub id: TransactionId,
}

/// `production/2000000123456789`: the reference of its entries, too.
impl fmt::Display for TransactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.environment.code(), self.id)
    }
}

/// What one signed text tells of how a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When the App Store signed it: the newer one of two counts.
    pub signed_at: Timestamp,
    /// How much was given back as of then.
    pub refunded: RefundedShare,
}

impl Observation {
    /// The one that counts; of two of the same moment, this one.
    #[must_use]
    pub fn or_newer(self, other: Self) -> Self {
        if other.signed_at > self.signed_at { other } else { self }
    }
}

impl AppStoreTransaction {
    /// What it is known by.
    #[must_use]
    pub fn key(&self) -> TransactionKey {
        TransactionKey { environment: self.environment, id: self.id.clone() }
    }

    /// What its text tells of how it is.
    #[must_use]
    pub fn observation(&self) -> Observation {
        Observation { signed_at: self.signed_at, refunded: self.refunded }
    }
}

impl AppStoreNotification {
    /// The transaction as this notification tells it: a refund that does not say how much is a refund of
    /// all, and after a reversed refund nothing is given back any more, both as of the notification.
    #[must_use]
    pub fn told(&self) -> Option<AppStoreTransaction> {
        let transaction = self.transaction.clone()?;
        let refunded = match self.kind {
            NotificationKind::Refund if transaction.refunded == RefundedShare::NONE => RefundedShare::FULL,
            NotificationKind::RefundReversed => RefundedShare::NONE,
            _ => return Some(transaction),
        };
        Some(AppStoreTransaction { refunded, signed_at: self.signed_at.max(transaction.signed_at), ..transaction })
    }
}

/// The row that a transaction has once over all users, for ever. It belongs to nobody as long as it is
/// only known that the transaction is there: a refund that comes before its credit waits here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStoreClaim {
    /// Which transaction.
    pub key: TransactionKey,
    /// Whose it is, once it was credited.
    pub user_id: Option<UserId>,
    /// How it was last seen.
    pub newest: Observation,
}

/// A purchase that was credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStorePurchase {
    /// Whose.
    pub user_id: UserId,
    /// Which transaction.
    pub key: TransactionKey,
    /// What was bought.
    pub product_id: ProductId,
    /// How many.
    pub quantity: i64,
    /// The price of one, of the time of the purchase.
    pub unit_price: Money,
    /// What was credited; a debt may have taken a part of it.
    pub credited: Money,
    /// How much of it is taken back as of now: never more than was credited.
    pub clawed_back: Money,
    /// When it was bought.
    pub purchased_at: Timestamp,
    /// When it was credited.
    pub credited_at: Timestamp,
    /// What the App Store recorded as its price.
    pub price: Option<AppStorePrice>,
    /// The text that was credited, as it came.
    pub signed: SignedText,
}
