//! Showing, buying and telling of packages; what staff does with them.

mod admin;
mod confirm;
mod pay;
mod purchases;

pub use admin::{CampusAdmin, CampusService};
pub use confirm::ConfirmPurchases;
pub use purchases::{PackagePolicy, PackageService, Packages, PayForPackages, PlacedCharge, PurchaseStatus};
