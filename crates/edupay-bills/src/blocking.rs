//! The only place that leaves async: a large file is read on a thread that may block.

use edupay_domain::reconciliation::{Bill, BillError};

pub(crate) async fn run(work: impl FnOnce() -> Result<Bill, BillError> + Send + 'static) -> Result<Bill, BillError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BillError::Unreadable))
}
