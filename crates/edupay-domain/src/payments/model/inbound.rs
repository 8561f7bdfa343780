//! The gateway's callbacks.

use super::charge::Charge;
use super::refund::GatewayRefund;
use crate::clock::Timestamp;
use crate::ids::GatewayEventId;

/// What a verified callback is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboundObject {
    /// A charge.
    Charge(Charge),
    /// A refund.
    Refund(GatewayRefund),
    /// Something we have no use for.
    Other,
    /// Signed by the gateway, but not readable by this program: kept, for a newer one or a person.
    Unreadable,
}

/// A callback whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundEvent {
    /// The gateway's name of it.
    pub id: GatewayEventId,
    /// Its type, such as `charge.succeeded`.
    pub kind: String,
    /// What it is about.
    pub object: InboundObject,
    /// The body, as it came.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// Takes a callback that is due to work on it, so that nobody else does for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimInbound {
    /// Which.
    pub id: GatewayEventId,
    /// Now.
    pub at: Timestamp,
    /// The end of the lease.
    pub until: Timestamp,
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InboundStatus {
    /// Stored; not worked on to the end.
    Kept,
    /// It names a charge that we do not know yet.
    Unmatched,
    /// Done.
    Processed,
    /// Of no use to us.
    Ignored,
}

impl InboundStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Kept, Self::Unmatched, Self::Processed, Self::Ignored];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unmatched => "unmatched",
            Self::Processed => "processed",
            Self::Ignored => "ignored",
        }
    }
}
