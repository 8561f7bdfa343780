//! How the catalogue, purchases and periods lie in rows: for the port, and for the rows of a batch.

mod catalogue;
mod periods;
mod purchases;

pub(crate) use catalogue::{PackageRow, ProjectRow};
pub(crate) use periods::{PeriodRow, end_period, insert_period};
pub(crate) use purchases::{PurchaseRow, RecordRow, joined_purchase};

/// The status of a purchase that waits for payment.
pub(crate) const UNPAID: &str = "unpaid";
