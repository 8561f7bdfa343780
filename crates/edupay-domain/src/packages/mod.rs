//! Packages of the campus (seed 002): bought, upgraded and renewed for a student, who has them for a
//! period of days.
//!
//! What a purchase promises is copied when it is made. It is kept when it is paid, as long as the
//! packages are still offered and the student still holds what was quoted on; whatever is paid
//! otherwise goes back. The balance pays no packages.

mod campus_ports;
mod error;
mod model;
mod ports;
mod rules;
#[cfg(test)]
mod rules_tests;
mod service;

pub use campus_ports::{
    CampusStore, CatalogueStore, PutPackagesRule, PutProjectRule, PutRows, PutStudentsRule, ReplaceCardRule,
};
pub use error::{CampusRefusal, CatalogueRefusal, PlaceRefusal, SearchRefusal, SuccessRefusal};
pub use model::{
    Availability, Basis, BindGuardian, Card, ClaimedAmount, ClosePurchase, ConfirmPurchaseCharge, Day, Detail, Holder,
    ImportMode, Package, PackageDraft, PaidRecord, PayeeAccounts, Period, PlacePurchase, Project, ProjectDraft,
    ProjectKind, Purchase, PurchaseKind, PurchaseQuery, PurchaseRecord, PurchaseState, PutPackages, PutProject,
    PutSchool, PutStudents, Quote, QuoteSheet, RefusedRow, ReplaceCard, RowError, RowFault, School, SearchKind,
    Selection, ServicePeriod, Student, StudentDraft, StudentTexts, Supersession, Term, TermError, UpgradePricing,
};
pub use ports::{ClosePurchaseRule, ConfirmPurchaseRule, PackageStore, PlacePurchaseRule, PlacedPurchase};
pub use rules::{
    ClosePurchasePlan, ConfirmPurchaseView, EndedDays, NewStudentUser, OfferView, PACKAGE_FIELDS, PaidPurchase,
    PlacePlan, PlaceView, PutPackagesPlan, PutPackagesView, PutProjectView, PutStudentsPlan, PutStudentsView,
    ReplaceCardView, STUDENT_FIELDS, UnpaidPurchase, check_school, close_purchase, confirm_purchase_charge, end_days,
    is_upgraded, package_row, parse_package_row, parse_student_row, place_purchase, put_packages, put_project,
    put_students, quotes, replace_card, search, student_row,
};
pub use service::{
    CampusAdmin, CampusService, ConfirmPurchases, PackagePolicy, PackageService, Packages, PayForPackages,
    PlacedCharge, PurchaseStatus,
};

#[cfg(feature = "mocks")]
pub use campus_ports::{MockCampusStore, MockCatalogueStore};
#[cfg(feature = "mocks")]
pub use ports::MockPackageStore;
