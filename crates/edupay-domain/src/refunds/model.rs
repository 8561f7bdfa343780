//! A refund and the commands that move it.

use crate::clock::Timestamp;
use crate::ids::{ChargeId, EventId, RefundId, RefundNo, UserId};
use crate::money::Money;
use crate::payments::{ChargeSubject, GatewayRefund, RefundHeard};

/// Where a refund goes: the `to` of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundTarget {
    /// Back the way it came: through the gateway, or into the balances that paid.
    Source,
    /// Into the user's balances, whatever paid.
    Balance,
}

impl RefundTarget {
    /// Every target.
    pub const ALL: [Self; 2] = [Self::Source, Self::Balance];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Balance => "balance",
        }
    }
}

/// How far a refund has come. It only moves forward, but for one that failed: that may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStage {
    /// Its amount is reserved; a second member of staff must approve it.
    AwaitingApproval,
    /// The gateway is to be asked, is being asked, or its answer was lost.
    Requested,
    /// The gateway works on it.
    Pending,
    /// The money went back, and is booked.
    Succeeded,
    /// The gateway did not refund. Nothing is reserved any more.
    Failed,
    /// Staff turned it down. Nothing is reserved any more.
    Rejected,
}

impl RefundStage {
    /// Every stage.
    pub const ALL: [Self; 6] =
        [Self::AwaitingApproval, Self::Requested, Self::Pending, Self::Succeeded, Self::Failed, Self::Rejected];

    /// The stable name: the `status` of the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "awaiting_approval",
            Self::Requested => "requested",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
        }
    }

    /// Whether its amount is taken from what may go back.
    #[must_use]
    pub fn reserves(self) -> bool {
        !matches!(self, Self::Failed | Self::Rejected)
    }

    /// Whether the gateway has work on it, and so have we.
    #[must_use]
    pub fn is_at_gateway(self) -> bool {
        matches!(self, Self::Requested | Self::Pending)
    }
}

/// Who asked for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOrigin {
    /// A member of staff.
    Staff {
        /// Who.
        by: UserId,
    },
    /// Nobody here: it was made at the gateway itself.
    Gateway,
}

impl RefundOrigin {
    /// The stable name: `staff` or `gateway`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Staff { .. } => "staff",
            Self::Gateway => "gateway",
        }
    }

    /// The member of staff.
    #[must_use]
    pub fn staff(self) -> Option<UserId> {
        match self {
            Self::Staff { by } => Some(by),
            Self::Gateway => None,
        }
    }
}

/// Why money goes back, in the words of who asks: 1 to [`RefundReason::MAX`] characters. The gateway
/// shows it to the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReason(String);

impl RefundReason {
    /// The most characters.
    pub const MAX: usize = 255;

    /// Reads a reason; `None` when it is empty or too long.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (1..=Self::MAX).contains(&text.chars().count()).then(|| Self(text.to_owned()))
    }

    /// The reason of a refund that nobody here asked for.
    #[must_use]
    pub fn of_gateway() -> Self {
        Self("made at the gateway".to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Money that goes back, or has gone back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Whose order, purchase or top-up it is; for a purchase the student.
    pub user_id: UserId,
    /// Its number, unique among the user's.
    pub refund_no: RefundNo,
    /// What it is a refund of.
    pub subject: ChargeSubject,
    /// How much.
    pub amount: Money,
    /// How much of it comes from the user, and not from what was earned: all of a top-up; of anything
    /// else what the gateway gave back beyond what was left.
    pub recovered: Money,
    /// Where it goes.
    pub to: RefundTarget,
    /// Why.
    pub reason: RefundReason,
    /// Who asked for it.
    pub origin: RefundOrigin,
    /// The charge through which the gateway refunds; none when it goes into the balances.
    pub charge_id: Option<ChargeId>,
    /// The gateway's name of it, once known.
    pub refund_id: Option<RefundId>,
    /// How far it has come.
    pub stage: RefundStage,
    /// Why it failed, in the gateway's own word.
    pub failure: Option<String>,
    /// Who approved or rejected it.
    pub decided_by: Option<UserId>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the gateway was asked first, in this try: from then on its answer may be lost.
    pub asked_at: Option<Timestamp>,
    /// When it may be worked on next; in the future while somebody works on it.
    pub next_try_at: Timestamp,
    /// When it succeeded, failed or was rejected.
    pub settled_at: Option<Timestamp>,
}

impl Refund {
    /// What it takes, or would take, out of what was earned; nothing once it reserves nothing.
    #[must_use]
    pub fn reserved(&self) -> Money {
        match self.stage.reserves() {
            true => self.amount.checked_sub(self.recovered).unwrap_or_default(),
            false => Money::ZERO,
        }
    }

    /// What it has taken out of what was earned.
    #[must_use]
    pub fn succeeded(&self) -> Money {
        if self.stage == RefundStage::Succeeded { self.reserved() } else { Money::ZERO }
    }
}

/// Asks for a refund, or tries one again that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRefund {
    /// Whose it is.
    pub user_id: UserId,
    /// Of what: an order or a purchase.
    pub subject: ChargeSubject,
    /// Its number: the same again is the same refund.
    pub refund_no: RefundNo,
    /// How much; everything that is left when it is not said.
    pub amount: Option<Money>,
    /// Where it goes.
    pub to: RefundTarget,
    /// Why.
    pub reason: RefundReason,
    /// Who asks.
    pub by: UserId,
    /// Above this a second member of staff must approve.
    pub approval_above: Option<Money>,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// Approves or rejects a refund that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecideRefund {
    /// Whose it is.
    pub user_id: UserId,
    /// Of what.
    pub subject: ChargeSubject,
    /// Which.
    pub refund_no: RefundNo,
    /// Who decides.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// Takes a due refund to work on it, so that nobody else does until `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRefundWork {
    /// Whose it is.
    pub user_id: UserId,
    /// Which.
    pub refund_no: RefundNo,
    /// Now.
    pub at: Timestamp,
    /// The end of the claim.
    pub until: Timestamp,
}

/// What the gateway says of a refund of a charge that was applied, to be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordGatewayRefund {
    /// Whose charge it was.
    pub user_id: UserId,
    /// What the charge paid for.
    pub subject: ChargeSubject,
    /// What the gateway says.
    pub refund: GatewayRefund,
    /// How we heard of it.
    pub heard: RefundHeard,
    /// When we heard.
    pub at: Timestamp,
    /// When to look again, if it is not done.
    pub next_try_at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// The gateway refuses a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailRefund {
    /// Whose it is.
    pub user_id: UserId,
    /// Of what.
    pub subject: ChargeSubject,
    /// Which.
    pub refund_no: RefundNo,
    /// The gateway's own word for why.
    pub failure: String,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}
