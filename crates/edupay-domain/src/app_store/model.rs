//! What the App Store signs, decoded for the rules.

use crate::clock::Timestamp;
use crate::ids::{AppAccountToken, NotificationId, ProductId, TransactionId};
use std::fmt;

/// A text that the App Store signed, as it came. It is evidence, and never in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedText(pub String);

impl fmt::Debug for SignedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedText(…)")
    }
}

/// Where a purchase was made. Others (Xcode, local testing) are not signed by the App Store, and can't
/// be written down here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoreEnvironment {
    /// Real money.
    Production,
    /// Play money: TestFlight, testers, and the reviewers of an app.
    Sandbox,
}

impl StoreEnvironment {
    /// Every environment.
    pub const ALL: [Self; 2] = [Self::Production, Self::Sandbox];

    /// The stable name: `production` or `sandbox`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
        }
    }
}

/// What kind of thing was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductType {
    /// Used up by its purchase: the only kind that fills a balance.
    Consumable,
    /// Another kind, by the App Store's name of it; empty where it gave none.
    Other(String),
}

/// How the payer's user came to the purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// By buying it.
    Purchased,
    /// Otherwise (family sharing), by the App Store's name of it; empty where it gave none.
    Other(String),
}

/// How much of a purchase the App Store gave back, in thousandths of a per cent: 0 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RefundedShare(u32);

impl RefundedShare {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const FULL: Self = Self(100_000);

    /// Thousandths of a per cent; more than all is all.
    #[must_use]
    pub fn from_milli_percent(share: u32) -> Self {
        Self(share.min(Self::FULL.0))
    }

    /// Thousandths of a per cent.
    #[must_use]
    pub const fn milli_percent(self) -> u32 {
        self.0
    }
}

/// The price that the App Store recorded. Evidence only: no amount is ever computed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStorePrice {
    /// In thousandths of the currency.
    pub milli_units: i64,
    /// The ISO code.
    pub currency: String,
}

/// A transaction that the App Store signed, for our app. Everything but the signature, the app and the
/// environment is still to be looked at: one that was refunded is signed as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStoreTransaction {
    /// Its name.
    pub id: TransactionId,
    /// Where it was made.
    pub environment: StoreEnvironment,
    /// What was bought.
    pub product_id: ProductId,
    /// What kind of thing that is.
    pub product_type: ProductType,
    /// How many: 1 where nothing is said.
    pub quantity: i64,
    /// How the user came to it.
    pub ownership: Ownership,
    /// The token that the app gave, if it gave one.
    pub app_account_token: Option<AppAccountToken>,
    /// When it was bought.
    pub purchased_at: Timestamp,
    /// When the App Store signed this: of two, the newer one tells how it is.
    pub signed_at: Timestamp,
    /// How much of it was given back as of then.
    pub refunded: RefundedShare,
    /// What the App Store recorded as its price.
    pub price: Option<AppStorePrice>,
    /// The signed text, as it came.
    pub signed: String,
}

/// What a notification tells. Types that are not named here are kept as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotificationKind {
    /// Something was bought once.
    OneTimeCharge,
    /// A purchase was given back.
    Refund,
    /// A refund was taken back.
    RefundReversed,
    /// A refund was asked for and declined.
    RefundDeclined,
    /// The App Store asks how much of a purchase was used, before it decides on a refund.
    ConsumptionRequest,
    /// A trial of the connection.
    Test,
    /// Any other, by the App Store's name of it.
    Other(String),
}

impl NotificationKind {
    /// The App Store's name of it, such as `REFUND`.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::OneTimeCharge => "ONE_TIME_CHARGE",
            Self::Refund => "REFUND",
            Self::RefundReversed => "REFUND_REVERSED",
            Self::RefundDeclined => "REFUND_DECLINED",
            Self::ConsumptionRequest => "CONSUMPTION_REQUEST",
            Self::Test => "TEST",
            Self::Other(name) => name,
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let known = [
            Self::OneTimeCharge,
            Self::Refund,
            Self::RefundReversed,
            Self::RefundDeclined,
            Self::ConsumptionRequest,
            Self::Test,
        ];
        known.into_iter().find(|kind| kind.code() == name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

/// A notification that the App Store signed, for our app; its transaction is signed for itself, and
/// was verified too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppStoreNotification {
    /// Its name, the same on every delivery. A repeated request for consumption has a new one.
    pub id: NotificationId,
    /// What it tells.
    pub kind: NotificationKind,
    /// More of what it tells; empty where nothing is.
    pub subtype: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// Which transaction it is about.
    pub transaction: Option<AppStoreTransaction>,
    /// Why the payer wants the money back, in the App Store's words; empty where nothing is said.
    pub consumption_reason: String,
    /// The signed text, as it came.
    pub signed: String,
}

/// A page of what the App Store's server has signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryPage {
    /// The signed texts.
    pub signed: Vec<String>,
    /// Where the next page begins; nothing after the last one.
    pub next: Option<String>,
}
