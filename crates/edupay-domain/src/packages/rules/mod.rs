//! The only place that knows what may be bought, for how much, and for which days.

mod catalogue;
mod confirm;
mod ending;
mod holdings;
mod people;
mod place;
mod quote;
mod rows;
mod terms;
mod texts;

pub use catalogue::{PutPackagesPlan, PutPackagesView, PutProjectView, put_packages, put_project};
pub use confirm::{ClosePurchasePlan, ConfirmPurchaseView, PaidPurchase, close_purchase, confirm_purchase_charge};
pub use ending::{EndedDays, end_days, is_upgraded};
pub use people::{
    NewStudentUser, PutStudentsPlan, PutStudentsView, ReplaceCardView, check_school, put_students, replace_card,
};
pub use place::{PlacePlan, PlaceView, UnpaidPurchase, place_purchase};
pub use quote::{OfferView, quotes, search};
pub use rows::{PACKAGE_FIELDS, STUDENT_FIELDS, package_row, parse_package_row, parse_student_row, student_row};
