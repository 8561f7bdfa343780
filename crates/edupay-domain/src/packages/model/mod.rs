//! Days and terms, people, the catalogue, purchases, and the commands that move them.

mod catalogue;
mod claimed;
mod day;
mod import;
mod people;
mod purchase;
mod quote;

pub use catalogue::{
    Availability, Detail, Package, PackageDraft, PayeeAccounts, Project, ProjectDraft, ProjectKind, PutPackages,
    PutProject, Selection, UpgradePricing,
};
pub use claimed::ClaimedAmount;
pub use day::{Day, Period, Term, TermError};
pub use import::{ImportMode, RefusedRow, RowError, RowFault};
pub use people::{
    BindGuardian, Card, PutSchool, PutStudents, ReplaceCard, School, Student, StudentDraft, StudentTexts,
};
pub use purchase::{
    Basis, ClosePurchase, ConfirmPurchaseCharge, Holder, PaidRecord, PlacePurchase, Purchase, PurchaseKind,
    PurchaseQuery, PurchaseRecord, PurchaseState, ServicePeriod, Supersession,
};
pub use quote::{Quote, QuoteSheet, SearchKind};
