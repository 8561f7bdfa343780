//! Why a run could not be carried out.

use crate::payments::GatewayError;
use crate::store::StoreError;
use thiserror::Error;

/// Why a run ended before its time. What it had found is kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// The gateway's lists could not be read.
    #[error("the gateway's lists could not be read")]
    Gateway(#[from] GatewayError),
    /// Our side could not be read, or the result not stored.
    #[error("our side could not be read, or the result not stored")]
    Store(#[from] StoreError),
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// The run has not ended yet.
    #[error("the run has not ended yet")]
    StillRunning,
}

impl ReconcileError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gateway(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::NotFound => "not_found",
            Self::StillRunning => "reconciliation_running",
        }
    }
}
