//! What is done with a verified transaction.

use super::kept::TextSource;
use super::model::AppStoreTransaction;
use crate::clock::Timestamp;
use crate::ids::{AppAccountToken, EventId, UserId};
use crate::money::Money;

/// What becomes of a purchase that was made without a user's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingToken {
    /// It is refused: nothing says whose it is.
    Refused,
    /// It is the first user's who brings it: for old versions of an app.
    TakenByTheFirst,
}

/// What becomes of play money for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxCredit {
    /// It is recorded, and nothing is credited.
    Withheld,
    /// It is credited as a gift: for those who test an app, its reviewers among them.
    Granted,
}

/// What staff decided, for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditPolicy {
    /// The most pieces of one purchase.
    pub max_quantity: i64,
    /// What becomes of a purchase without a token.
    pub missing_token: MissingToken,
    /// What becomes of play money.
    pub sandbox: SandboxCredit,
}

/// Credits a purchase to a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditPurchase {
    /// Who wants it.
    pub user_id: UserId,
    /// What binds purchases to this user.
    pub token: AppAccountToken,
    /// The verified transaction.
    pub transaction: AppStoreTransaction,
    /// What the client believes it to credit: a cross-check.
    pub claimed: Option<Money>,
    /// Who brought it.
    pub source: TextSource,
    /// What staff decided.
    pub policy: CreditPolicy,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// Whether a transaction is remembered that nobody has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclaimed {
    /// It is, so that what it tells counts when somebody claims it.
    Remembered,
    /// It is not.
    Left,
}

/// Takes note of how a transaction is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObserveTransaction {
    /// The verified transaction.
    pub transaction: AppStoreTransaction,
    /// What to do when nobody has claimed it.
    pub unclaimed: Unclaimed,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}
