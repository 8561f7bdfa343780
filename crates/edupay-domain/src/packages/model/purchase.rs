//! Purchases, their records, and the periods that they give.

use super::claimed::ClaimedAmount;
use super::day::{Day, Period, Term};
use crate::clock::Timestamp;
use crate::idempotency::KeyClaim;
use crate::ids::{
    CardNo, ChargeId, EventId, GatewayOrderNo, PackageId, ProjectId, PurchaseNo, PurchaseRecordId, UserId,
};
use crate::money::Money;
use crate::payments::{Channel, Charge, ChargeRoute, Merchant, OpenCharge};
use std::fmt;

/// How packages are bought: the `type` of PayMoney.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurchaseKind {
    /// 0: a package where none of the project is held.
    New,
    /// 1: a dearer package in the place of the one that is held, to the same last day.
    Upgrade,
    /// 2: the same package for another term.
    Renewal,
}

impl PurchaseKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::New, Self::Upgrade, Self::Renewal];

    /// The `type` of the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Upgrade => 1,
            Self::Renewal => 2,
        }
    }

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Upgrade => "upgrade",
            Self::Renewal => "renewal",
        }
    }

    /// The kind of this `type`.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| i64::from(kind.number()) == number)
    }
}

/// What a record was quoted on. When it is paid, it must still be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Nothing of the project was held.
    New,
    /// This period was held.
    Upgrade {
        /// The record that gave it.
        replaces: PurchaseRecordId,
    },
    /// What was held, or last held, ended on this day.
    Renewal {
        /// The last day before the new term.
        after: Day,
    },
}

/// Whom a purchase was for, as the school knew them when it was made.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// The name: `empName`.
    pub name: String,
    /// The card, if there was one.
    pub card_no: Option<CardNo>,
    /// The number of the device in the card.
    pub imei: String,
    /// The number of the SIM in the card.
    pub sim: String,
    /// The name of the grade.
    pub grade_name: String,
    /// The name of the class.
    pub class_name: String,
    /// The phone number that SMS packages are for.
    pub mobile: String,
}

/// Personal: never in a log.
impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder(…)")
    }
}

/// One package of a purchase, with everything as it was when the purchase was made: what staff changes
/// later touches it no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseRecord {
    /// Its id, unique over all.
    pub id: PurchaseRecordId,
    /// Which package.
    pub package_id: PackageId,
    /// The package's name then.
    pub item_name: String,
    /// The package's list price then.
    pub list_price: Money,
    /// What is asked for it.
    pub price: Money,
    /// For how long it is bought. An upgrade gives the rest of the held term instead.
    pub term: Term,
    /// What it was quoted on.
    pub basis: Basis,
    /// What it gave: that of its [`ServicePeriod`], once the purchase is paid.
    pub period: Option<Period>,
}

/// How far a purchase has come. A paid one never goes back to unpaid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurchaseState {
    /// Waiting for payment.
    Unpaid,
    /// Paid.
    Paid {
        /// When it was booked.
        at: Timestamp,
        /// Through which channel.
        channel: Channel,
        /// By which charge.
        charge_id: ChargeId,
        /// How much of it went back. A purchase that was refunded stays one that was paid.
        refunded: Money,
    },
    /// Its time ran out before it was paid.
    Closed,
}

impl PurchaseState {
    /// The stable name: `unpaid`, `paid` or `closed`. Of refunds it says nothing: see
    /// [`Purchase::status_code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Paid { .. } => "paid",
            Self::Closed => "closed",
        }
    }
}

/// Packages of one project, bought for one student by one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The student: all rows of the purchase are the student's, also when a guardian pays.
    pub user_id: UserId,
    /// Its number, unique over all.
    pub purchase_no: PurchaseNo,
    /// Who asked for it: the student or a guardian.
    pub buyer: UserId,
    /// How it is bought.
    pub kind: PurchaseKind,
    /// Of which project.
    pub project_id: ProjectId,
    /// The project's name then.
    pub project_name: String,
    /// The student as of then.
    pub holder: Holder,
    /// Its packages; at least one.
    pub records: Vec<PurchaseRecord>,
    /// The sum of what is asked for them.
    pub amount: Money,
    /// How far it has come.
    pub state: PurchaseState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
}

impl Purchase {
    /// The most packages of one purchase.
    pub const MAX_RECORDS: usize = 20;

    /// The ids of its records, comma-joined: the `recordIDs` of the wire.
    #[must_use]
    pub fn record_ids(&self) -> String {
        self.records.iter().map(|record| record.id.as_str()).collect::<Vec<_>>().join(",")
    }

    /// How much of it went back.
    #[must_use]
    pub fn refunded(&self) -> Money {
        match self.state {
            PurchaseState::Paid { refunded, .. } => refunded,
            PurchaseState::Unpaid | PurchaseState::Closed => Money::ZERO,
        }
    }

    /// How far it has come, refunds included: `unpaid`, `paid`, `closed`, `partly_refunded` or
    /// `refunded`.
    #[must_use]
    pub fn status_code(&self) -> &'static str {
        match self.refunded() {
            refunded if refunded.is_zero() => self.state.code(),
            refunded if refunded < self.amount => "partly_refunded",
            _ => "refunded",
        }
    }

    /// The names of its packages, comma-joined.
    #[must_use]
    pub fn item_names(&self) -> String {
        self.records.iter().map(|record| record.item_name.as_str()).collect::<Vec<_>>().join(",")
    }
}

/// One record of a paid purchase, as SearchSuccessData tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidRecord {
    /// Of which purchase.
    pub purchase_no: PurchaseNo,
    /// The project's name when it was bought.
    pub project_name: String,
    /// The student as of then.
    pub holder: Holder,
    /// The record, with its period.
    pub record: PurchaseRecord,
}

/// By what an upgrade has replaced a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supersession {
    /// The record of the upgrade.
    pub by: PurchaseRecordId,
    /// From which day on; the days before were the period's.
    pub on: Day,
    /// From which day on the period goes on, since the upgrade was refunded.
    pub until: Option<Day>,
}

/// The days for which a student has a package. Of the periods of one student and project, as far as they
/// are [held](ServicePeriod::held), no two share a day; in a project of [`Multi`](super::Selection::Multi) selection, no
/// two of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePeriod {
    /// The student.
    pub user_id: UserId,
    /// Of which project.
    pub project_id: ProjectId,
    /// The record that gave it; at most one period per record.
    pub record_id: PurchaseRecordId,
    /// Which package.
    pub package_id: PackageId,
    /// The days. An upgrade starts in the midst of a term and ends with it.
    pub period: Period,
    /// The first day of the term: that of the period, or of the one which an upgrade replaced.
    pub term_starts: Day,
    /// The package's list price when it was bought.
    pub list_price: Money,
    /// The upgrade that took its place.
    pub superseded: Option<Supersession>,
    /// The day from which on it is no longer the student's, since its purchase was refunded in full.
    pub ended: Option<Day>,
}

impl ServicePeriod {
    /// Whether an upgrade has its place now.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        self.superseded.as_ref().is_some_and(|superseded| superseded.until.is_none())
    }

    /// The days that count for what can be bought next: all of them; none while an upgrade has its place;
    /// those after the upgrade once that was refunded; those before its own refund. `None` when no day is
    /// left.
    #[must_use]
    pub fn held(&self) -> Option<Period> {
        if self.is_superseded() {
            return None;
        }
        let resumed = self.superseded.as_ref().and_then(|superseded| superseded.until);
        let starts = resumed.map_or(self.period.starts, |day| day.max(self.period.starts));
        let ends = match self.ended {
            Some(day) => day.previous()?.min(self.period.ends),
            None => self.period.ends,
        };
        (starts <= ends).then_some(Period { starts, ends })
    }
}

/// Which purchases are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PurchaseQuery {
    /// Those of these records.
    Records(Vec<PurchaseRecordId>),
    /// The one that the gateway knows by this number: its own, or that of a further attempt.
    Number(GatewayOrderNo),
}

/// Makes a purchase and opens its charge, or finds the one that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacePurchase {
    /// Who asks: the student or a guardian.
    pub buyer: UserId,
    /// The student.
    pub user_id: UserId,
    /// The number, drawn before the first try.
    pub purchase_no: PurchaseNo,
    /// How it is bought.
    pub kind: PurchaseKind,
    /// The packages.
    pub package_ids: Vec<PackageId>,
    /// What the client believes the total to be.
    pub claimed: Option<ClaimedAmount>,
    /// The charge that is wished for; it carries the time.
    pub charge: OpenCharge,
    /// Until when the purchase can be paid.
    pub expires_at: Timestamp,
    /// The claim under which it is made, if it is made once per key.
    pub claim: Option<KeyClaim>,
}

/// Books a paid charge of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmPurchaseCharge {
    /// Whose attempt it is.
    pub route: ChargeRoute,
    /// The purchase.
    pub purchase_no: PurchaseNo,
    /// The paid charge.
    pub charge: Charge,
    /// Who we are at the gateway.
    pub merchant: Merchant,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}

/// Closes a purchase whose time has run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosePurchase {
    /// The student.
    pub user_id: UserId,
    /// Which.
    pub purchase_no: PurchaseNo,
    /// When.
    pub at: Timestamp,
    /// The first event's id.
    pub event_id: EventId,
}
