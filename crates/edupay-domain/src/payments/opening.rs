//! When a charge is opened for something, and when an open one is given again.

use super::looking::first_look;
use super::model::{AttemptStatus, Channel, ChargeAttempt, ChargeSubject};
use crate::clock::Timestamp;
use crate::ids::{GatewayOrderNo, UserId};
use crate::money::Money;
use chrono::TimeDelta;

/// The shortest life of a charge that the gateway takes, and a little for its clock.
const SHORTEST_CHARGE: TimeDelta = TimeDelta::seconds(90);

/// The charge that is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCharge {
    /// How.
    pub channel: Channel,
    /// A gateway order number for a further attempt, drawn before the first try.
    pub candidate: GatewayOrderNo,
    /// When.
    pub at: Timestamp,
    /// Until when the charge can be paid; not longer than what it pays for.
    pub expires_at: Timestamp,
    /// The shortest life the gateway takes: a charge may outlive what it pays for by this much, and
    /// what is paid then goes back.
    pub min_expires_at: Timestamp,
    /// When to look for a missing answer.
    pub look_at: Timestamp,
}

impl OpenCharge {
    /// A charge of this life from now on.
    #[must_use]
    pub fn new(channel: Channel, candidate: GatewayOrderNo, at: Timestamp, lifetime: TimeDelta) -> Self {
        let later = |by| at.checked_add_signed(by).unwrap_or(at);
        Self {
            channel,
            candidate,
            at,
            expires_at: later(lifetime),
            min_expires_at: later(SHORTEST_CHARGE),
            look_at: first_look(at),
        }
    }
}

/// What a charge is to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payable {
    /// Whose.
    pub user_id: UserId,
    /// What.
    pub subject: ChargeSubject,
    /// Its own number at the gateway: that of its first attempt.
    pub own_number: GatewayOrderNo,
    /// How much.
    pub amount: Money,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

/// What is to be done for a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenChargePlan {
    /// Give the client this open charge again; nothing is written.
    Reuse(ChargeAttempt),
    /// Ask the gateway again for this attempt, whose answer is missing; nothing is written.
    AskAgain(ChargeAttempt),
    /// Store this attempt, then ask the gateway.
    Open(ChargeAttempt),
}

impl OpenChargePlan {
    /// What is to be done for an attempt that an earlier try of the same request has made; `None` when it came
    /// to nothing, since the gateway refused it or could not be asked: then another one is opened.
    #[must_use]
    pub fn resumed(attempt: ChargeAttempt) -> Option<Self> {
        match attempt.status {
            AttemptStatus::Requested => Some(Self::AskAgain(attempt)),
            AttemptStatus::Refused => None,
            AttemptStatus::Open | AttemptStatus::Closed | AttemptStatus::Paid => Some(Self::Reuse(attempt)),
        }
    }

    /// The attempt, new or old.
    #[must_use]
    pub fn attempt(&self) -> &ChargeAttempt {
        match self {
            Self::Reuse(attempt) | Self::AskAgain(attempt) | Self::Open(attempt) => attempt,
        }
    }
}

/// The open, unexpired charge of the same channel and amount is used again; an attempt without an
/// answer is asked for again; otherwise a new one is opened. The first uses the thing's own number.
/// `attempts` are those of the same subject, oldest first (contract section 4).
#[must_use]
pub fn open_charge(wish: &OpenCharge, payable: Payable, attempts: &[ChargeAttempt]) -> OpenChargePlan {
    let usable = |attempt: &&ChargeAttempt| {
        attempt.channel == wish.channel && attempt.amount == payable.amount && attempt.expires_at > wish.at
    };
    let mut candidates = attempts.iter().filter(usable);
    if let Some(attempt) =
        candidates.find(|attempt| matches!(attempt.status, AttemptStatus::Open | AttemptStatus::Requested))
    {
        return match attempt.status {
            AttemptStatus::Open => OpenChargePlan::Reuse(attempt.clone()),
            _ => OpenChargePlan::AskAgain(attempt.clone()),
        };
    }
    OpenChargePlan::Open(ChargeAttempt {
        user_id: payable.user_id,
        gateway_order_no: if attempts.is_empty() { payable.own_number } else { wish.candidate.clone() },
        subject: payable.subject,
        channel: wish.channel,
        amount: payable.amount,
        status: AttemptStatus::Requested,
        charge_id: None,
        document: None,
        requested_at: wish.at,
        expires_at: wish.expires_at.min(payable.expires_at).max(wish.min_expires_at),
        look_at: wish.look_at,
    })
}
