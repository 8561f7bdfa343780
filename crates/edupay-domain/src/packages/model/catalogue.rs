//! Projects and their packages: what a student can buy, and how.

use super::day::Term;
use super::import::ImportMode;
use crate::clock::Timestamp;
use crate::ids::{PackageId, ProjectId, SchoolId};
use crate::money::Money;
use crate::payments::Channel;

/// What the packages of a project are for: the `type` of the campus wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectKind {
    /// 0: the campus card.
    Card,
    /// 1: short messages.
    Sms,
}

impl ProjectKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Card, Self::Sms];

    /// The `type` of the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Card => 0,
            Self::Sms => 1,
        }
    }

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Sms => "sms",
        }
    }

    /// The kind of this `type`.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| i64::from(kind.number()) == number)
    }
}

/// How many packages one purchase of a project may have: the `selectType` of the campus wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    /// 0: exactly one.
    Single,
    /// 1: one or more.
    Multi,
}

impl Selection {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Single, Self::Multi];

    /// The `selectType` of the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Single => 0,
            Self::Multi => 1,
        }
    }

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multi => "multi",
        }
    }
}

/// What an upgrade within a term costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UpgradePricing {
    /// The difference of the list prices (contract section 5).
    Difference,
    /// That difference for the days that are left, half up to the fen, at least 1 fen.
    Prorated,
}

impl UpgradePricing {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Difference, Self::Prorated];

    /// The stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Difference => "difference",
            Self::Prorated => "prorated",
        }
    }
}

/// Whether a project or a package can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Offered,
    /// It can't any more, also by a charge that is open: what is paid later goes back.
    Withdrawn {
        /// Since when. Who paid before has bought.
        since: Timestamp,
    },
}

impl Availability {
    /// Whether it can be bought at this moment.
    #[must_use]
    pub fn is_offered_at(self, at: Timestamp) -> bool {
        match self {
            Self::Offered => true,
            Self::Withdrawn { since } => at < since,
        }
    }

    /// The stable name: `offered` or `withdrawn`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

/// Whom the payer pays, as the campus wire shows it; each empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PayeeAccounts {
    /// `wxAccount`.
    pub wx: String,
    /// `alipayAccount`.
    pub alipay: String,
    /// `unionPayAccount`.
    pub union_pay: String,
}

/// What a school, or every school, offers packages of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id. Where several answer one question, the lower id comes first.
    pub id: ProjectId,
    /// Whose; `None` is every school's. Never changes.
    pub school_id: Option<SchoolId>,
    /// Its name.
    pub name: String,
    /// What for. Never changes.
    pub kind: ProjectKind,
    /// How many packages at once. Never changes: what is held depends on it.
    pub selection: Selection,
    /// Through which channels it can be paid, in the order they are shown; at least one.
    pub channels: Vec<Channel>,
    /// Whom the payer pays.
    pub accounts: PayeeAccounts,
    /// `projectDescription`.
    pub description: String,
    /// `protocolUrl`.
    pub protocol_url: String,
    /// What an upgrade costs.
    pub upgrade_pricing: UpgradePricing,
    /// Whether its packages can be bought.
    pub availability: Availability,
}

impl Project {
    /// The longest name and account text, in characters.
    pub const MAX_NAME: usize = 100;
    /// The longest description and address, in characters.
    pub const MAX_TEXT: usize = 2_000;
    /// The channels of a project when nothing else is said (contract section 5).
    pub const DEFAULT_CHANNELS: [Channel; 8] = [
        Channel::Wx,
        Channel::Alipay,
        Channel::AlipayWap,
        Channel::WxPub,
        Channel::WxWap,
        Channel::Upacp,
        Channel::AlipayQr,
        Channel::WxPubQr,
    ];

    /// Whether students of this school can buy of it.
    #[must_use]
    pub fn is_open_to(&self, school_id: SchoolId) -> bool {
        self.school_id.is_none_or(|own| own == school_id)
    }
}

/// A project as staff gives one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectDraft {
    /// Which; `None` gives it the next id. An id that nobody has makes a project of this id.
    pub id: Option<ProjectId>,
    /// Whose; `None` is every school's.
    pub school_id: Option<SchoolId>,
    /// Its name.
    pub name: String,
    /// What for.
    pub kind: ProjectKind,
    /// How many packages at once.
    pub selection: Selection,
    /// Through which channels it can be paid.
    pub channels: Vec<Channel>,
    /// Whom the payer pays.
    pub accounts: PayeeAccounts,
    /// `projectDescription`.
    pub description: String,
    /// `protocolUrl`.
    pub protocol_url: String,
    /// What an upgrade costs.
    pub upgrade_pricing: UpgradePricing,
}

/// Stores a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutProject {
    /// The project.
    pub draft: ProjectDraft,
}

/// One thing that a package has, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The address of a picture.
    pub icon: String,
    /// What it is.
    pub title: String,
    /// More about it.
    pub content: String,
}

/// A package: what a student buys for a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its id: the item id of the wire.
    pub id: PackageId,
    /// Of which project. Never changes.
    pub project_id: ProjectId,
    /// Its name, as purchases copy it.
    pub name: String,
    /// Its price as people read it (`¥158元/年`): display only, never parsed.
    pub price_text: String,
    /// Its price for the whole term. The dearer of two packages is the one whose list price is higher.
    pub list_price: Money,
    /// For how long it is bought.
    pub term: Term,
    /// Its place in lists: the lowest first, then by id.
    pub rank: i32,
    /// What people read about it.
    pub description: String,
    /// What it has.
    pub details: Vec<Detail>,
    /// Whether it can be bought.
    pub availability: Availability,
}

impl Package {
    /// The first id that a package without one gets.
    pub const FIRST_ID: i64 = 10_000_001;
    /// The longest name and price text, in characters.
    pub const MAX_NAME: usize = 100;
    /// The longest description, icon, title and content, in characters.
    pub const MAX_TEXT: usize = 2_000;
    /// The most details.
    pub const MAX_DETAILS: usize = 50;
}

/// A package as staff gives one: by hand or as a row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageDraft {
    /// Which; `None` gives it the next id. An id that nobody has makes a package of this id.
    pub id: Option<PackageId>,
    /// Of which project.
    pub project_id: ProjectId,
    /// Its name.
    pub name: String,
    /// Its price as people read it.
    pub price_text: String,
    /// Its price for the whole term.
    pub list_price: Money,
    /// For how long it is bought.
    pub term: Term,
    /// Its place in lists.
    pub rank: i32,
    /// What people read about it.
    pub description: String,
    /// What it has.
    pub details: Vec<Detail>,
}

/// Stores a chunk of packages. A price that changes touches no purchase that was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPackages {
    /// The rows.
    pub rows: Vec<PackageDraft>,
    /// No price is above this.
    pub max_price: Money,
    /// Whether to write.
    pub mode: ImportMode,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_wire_are_those_of_the_contract() {
        assert_eq!([ProjectKind::Card, ProjectKind::Sms].map(ProjectKind::number), [0, 1]);
        assert_eq!([Selection::Single, Selection::Multi].map(Selection::number), [0, 1]);
        let kinds = [-1, 0, 1, 2].map(ProjectKind::from_number);
        assert_eq!(kinds, [None, Some(ProjectKind::Card), Some(ProjectKind::Sms), None]);
    }
}
