//! A top-up and the commands that move it.

use super::campaign::Campaign;
use crate::clock::Timestamp;
use crate::idempotency::KeyClaim;
use crate::ids::{ChargeId, EventId, OpenId, TopUpNo, UserId};
use crate::money::Money;
use crate::payments::{Channel, Charge, ChargeAttempt, ChargeRoute, Merchant};

/// How far a top-up has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopUpState {
    /// Waiting for its charge.
    Pending,
    /// In the balance.
    Credited {
        /// When.
        at: Timestamp,
        /// By which charge.
        charge_id: ChargeId,
    },
}

/// Money on its way into a cash balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// Whose.
    pub user_id: UserId,
    /// Its number, which is also its gateway order number.
    pub top_up_no: TopUpNo,
    /// How much.
    pub amount: Money,
    /// What is given to it once it is paid.
    pub bonus: Money,
    /// How far it has come.
    pub state: TopUpState,
    /// When it was started.
    pub created_at: Timestamp,
}

/// A top-up as its user wishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUpWish {
    /// How much.
    pub amount: Money,
    /// How it will be paid.
    pub channel: Channel,
    /// The payer's name inside WeChat; [`Channel::asks_for_open_id`] tells when it is needed.
    pub open_id: Option<OpenId>,
}

/// A top-up that waits for its payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedTopUp {
    /// Its only attempt.
    pub attempt: ChargeAttempt,
    /// What is given to it once it is paid.
    pub bonus: Money,
}

/// Starts a top-up with its only attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTopUp {
    /// Whose.
    pub user_id: UserId,
    /// The number, drawn before the first try.
    pub top_up_no: TopUpNo,
    /// How much.
    pub amount: Money,
    /// The most that one top-up may be.
    pub max_amount: Money,
    /// What is given to top-ups now.
    pub campaign: Campaign,
    /// How.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When to look for a missing answer.
    pub look_at: Timestamp,
    /// The claim under which it is started, if it is started once per key.
    pub claim: Option<KeyClaim>,
}

/// Books a paid charge of a top-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmTopUp {
    /// Whose attempt it is.
    pub route: ChargeRoute,
    /// The number of the top-up.
    pub top_up_no: TopUpNo,
    /// The paid charge.
    pub charge: Charge,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}
