//! Names of things, each a newtype that was parsed once. No i64 past the edge is a user.

mod app_account_token;

pub use app_account_token::AppAccountToken;

use crate::clock::{Timestamp, beijing};
use std::fmt;
use thiserror::Error;

/// Why a text or number is not a name of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a valid {what}")]
pub struct IdError {
    what: &'static str,
}

impl IdError {
    /// What was expected: `order number`, `charge id`, …
    #[must_use]
    pub fn what(self) -> &'static str {
        self.what
    }
}

/// The highest number that a person may choose as an id: 2^53 - 1, which every reader of JSON can hold.
/// Stores give out the number above the highest one, so whoever took the last of all would leave none.
pub const MAX_CHOSEN_ID: i64 = 9_007_199_254_740_991;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// A number from 1 up.
            ///
            /// # Errors
            /// [`IdError`] below 1.
            pub fn try_new(number: i64) -> Result<Self, IdError> {
                if number < 1 { Err(IdError { what: $what }) } else { Ok(Self(number)) }
            }

            /// A number that a person chooses for something new: from 1 to [`MAX_CHOSEN_ID`].
            ///
            /// # Errors
            /// [`IdError`] outside of that.
            pub fn choose(number: i64) -> Result<Self, IdError> {
                if number > MAX_CHOSEN_ID { Err(IdError { what: $what }) } else { Self::try_new(number) }
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// A user. First in the key of every row that belongs to one.
    UserId, "user id"
}
number_id! {
    /// A course of the catalogue.
    CourseId, "course id"
}
number_id! {
    /// The ordinal of an order among its buyer's: the `pk` of the wire. Not unique over users.
    OrderPk, "order pk"
}
number_id! {
    /// A row of the App Store product table: the `pk` of the wire.
    ProductPk, "product pk"
}
number_id! {
    /// A school.
    SchoolId, "school id"
}
number_id! {
    /// A project: what a school offers packages of.
    ProjectId, "project id"
}
number_id! {
    /// A package: the item id of the campus wire, such as `10000001`.
    PackageId, "package id"
}
number_id! {
    /// A run of reconciliation.
    ReconciliationId, "reconciliation id"
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the text as it came.
            ///
            /// # Errors
            /// [`IdError`] when it is empty, too long, or has a character that does not belong.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let accepts: fn(u8) -> bool = $accepts;
                if text.is_empty() || text.len() > $max || !text.bytes().all(accepts) {
                    return Err(IdError { what: $what });
                }
                Ok(Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// An order's number: 1 to 20 ASCII digits. It may pass `i64` and 2^53, so it is text everywhere.
    OrderNo, "order number", 20, |byte| byte.is_ascii_digit()
}
text_id! {
    /// The order number a gateway knows a charge by: the first attempt of an order uses the order's
    /// own, later ones and top-ups have numbers of their own. Alphanumeric, at most 32.
    GatewayOrderNo, "gateway order number", 32, |byte| byte.is_ascii_alphanumeric()
}
text_id! {
    /// A top-up's number, which is also its gateway order number.
    TopUpNo, "top-up number", 20, |byte| byte.is_ascii_digit()
}
text_id! {
    /// A purchase's number, which is also the gateway order number of its first attempt: 1 to 20 ASCII
    /// digits, unique over all.
    PurchaseNo, "purchase number", 20, |byte| byte.is_ascii_digit()
}
text_id! {
    /// A record of a purchase: the purchase's number and a line of two digits. Unique over all.
    PurchaseRecordId, "purchase record id", 22, |byte| byte.is_ascii_digit()
}
text_id! {
    /// The number on a campus card: alphanumeric, at most 32.
    CardNo, "card number", 32, |byte| byte.is_ascii_alphanumeric()
}
text_id! {
    /// A charge at the gateway (`ch_…`).
    ChargeId, "charge id", 64, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// A refund at the gateway (`re_…`).
    RefundId, "refund id", 64, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// An event of the gateway (`evt_…`): what a callback is known by.
    GatewayEventId, "gateway event id", 64, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// A product of the App Store (`com.example.coins6`).
    ProductId, "product id", 255, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// A transaction of the App Store. Unique within its environment.
    TransactionId, "transaction id", 64, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// A notification of the App Store: a UUID, the same on every delivery of it.
    NotificationId, "notification id", 64, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// A payer's name inside WeChat, as the merchant's account knows it: what `wx_pub` asks for.
    OpenId, "open id", 128, |byte| byte.is_ascii_graphic()
}
text_id! {
    /// Our number of a refund: given by whoever asks for it, unique among the refunds of one user.
    /// Letters, digits, `-` and `_`, at most 40.
    RefundNo, "refund number", 40, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
text_id! {
    /// A log-in name: visible ASCII, at most 150.
    Username, "username", 150, |byte| byte.is_ascii_graphic()
}

/// The digit that a number begins with, so that numbers of two kinds never collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NumberKind {
    Order,
    Attempt,
    TopUp,
    Purchase,
}

fn numbered(kind: NumberKind, at: Timestamp, draw: Draw) -> String {
    let prefix = match kind {
        NumberKind::Order => '1',
        NumberKind::Attempt => '2',
        NumberKind::TopUp => '3',
        NumberKind::Purchase => '4',
    };
    format!("{prefix}{}{:05}", beijing(at).format("%Y%m%d%H%M%S"), draw.0)
}

impl OrderNo {
    /// A new number: `1`, the Beijing time to the second, five drawn digits (contract section 2).
    #[must_use]
    pub fn issue(at: Timestamp, draw: Draw) -> Self {
        Self(numbered(NumberKind::Order, at, draw))
    }
}

impl GatewayOrderNo {
    /// The number of an order's first attempt: the order's own.
    #[must_use]
    pub fn of_order(order_no: &OrderNo) -> Self {
        Self(order_no.0.clone())
    }

    /// The number of a top-up's only attempt: the top-up's own.
    #[must_use]
    pub fn of_top_up(top_up_no: &TopUpNo) -> Self {
        Self(top_up_no.0.clone())
    }

    /// The number of a purchase's first attempt: the purchase's own.
    #[must_use]
    pub fn of_purchase(purchase_no: &PurchaseNo) -> Self {
        Self(purchase_no.0.clone())
    }

    /// A new number for a further attempt: `2`, the Beijing time, five drawn digits.
    #[must_use]
    pub fn issue(at: Timestamp, draw: Draw) -> Self {
        Self(numbered(NumberKind::Attempt, at, draw))
    }
}

impl TopUpNo {
    /// A new number: `3`, the Beijing time to the second, five drawn digits.
    #[must_use]
    pub fn issue(at: Timestamp, draw: Draw) -> Self {
        Self(numbered(NumberKind::TopUp, at, draw))
    }
}

impl PurchaseNo {
    /// A new number: `4`, the Beijing time to the second, five drawn digits.
    #[must_use]
    pub fn issue(at: Timestamp, draw: Draw) -> Self {
        Self(numbered(NumberKind::Purchase, at, draw))
    }
}

impl PurchaseRecordId {
    /// The most records of one purchase: what two digits count.
    pub const MAX_LINE: u8 = 99;

    /// The id of a purchase's record.
    ///
    /// # Errors
    /// [`IdError`] when the line is not 1 to [`Self::MAX_LINE`].
    pub fn of(purchase_no: &PurchaseNo, line: u8) -> Result<Self, IdError> {
        if !(1..=Self::MAX_LINE).contains(&line) {
            return Err(IdError { what: "purchase record id" });
        }
        Ok(Self(format!("{purchase_no}{line:02}")))
    }

    /// Of which purchase it is; `None` when it is too short to be of any.
    #[must_use]
    pub fn purchase_no(&self) -> Option<PurchaseNo> {
        let (purchase_no, _) = self.0.split_at_checked(self.0.len().checked_sub(2)?)?;
        PurchaseNo::parse(purchase_no).ok()
    }
}

impl RefundNo {
    /// What numbers of the gateway's own refunds begin with. Nobody who asks for a refund may use it.
    const OF_GATEWAY: &str = "gw-";

    /// The number of a refund that nobody asked us for: of the gateway's id where that is short and plain
    /// enough, of an event id otherwise.
    #[must_use]
    pub fn of_gateway(id: &RefundId, event_id: EventId) -> Self {
        let numbered = |text: String| format!("{}{text}", Self::OF_GATEWAY);
        Self::parse(&numbered(id.0.clone())).unwrap_or_else(|_| Self(numbered(event_id.to_string())))
    }

    /// Whether it is the number of a refund that nobody asked us for.
    #[must_use]
    pub fn is_of_gateway(&self) -> bool {
        self.0.starts_with(Self::OF_GATEWAY)
    }
}

impl Username {
    /// The log-in name of a student's user that was made with the student: `student.10129580`.
    #[must_use]
    pub fn of_student(user_id: UserId) -> Self {
        Self(format!("student.{user_id}"))
    }
}

/// Five random digits: 0 to 99,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw(u32);

impl Draw {
    /// Below this a draw lies.
    pub const BOUND: u32 = 100_000;

    /// Five digits of a random number. The bias of the remainder is below 1 in 40,000.
    #[must_use]
    pub fn from_random(random: u32) -> Self {
        Self(random.checked_rem(Self::BOUND).unwrap_or_default())
    }
}

/// The name of an event that goes out: 32 hexadecimal digits, random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(u128);

impl EventId {
    /// From 128 random bits.
    #[must_use]
    pub const fn from_random(random: u128) -> Self {
        Self(random)
    }

    /// The id of the `n`th event of one plan, counted from 0, so that a rule which runs again
    /// gives the same ids.
    #[must_use]
    pub const fn nth(self, n: u128) -> Self {
        Self(self.0.wrapping_add(n))
    }

    /// Reads an id: 32 hexadecimal digits, the letters among them small.
    ///
    /// # Errors
    /// [`IdError`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let bits = u128::from_str_radix(text, 16).ok().filter(|_| plain);
        bits.map(Self).ok_or(IdError { what: "event id" })
    }

    /// Its 128 bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Where the services take random numbers from, before the first try of an effect.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait IdSource: Send + Sync {
    /// Five random digits. MUST be uniform enough that two in one second rarely meet.
    fn draw(&self) -> Draw;
    /// A new event id. MUST never repeat.
    fn event_id(&self) -> EventId;
    /// A new token of a user for the App Store. MUST never repeat.
    fn app_account_token(&self) -> AppAccountToken;
}

#[cfg(test)]
mod tests;
