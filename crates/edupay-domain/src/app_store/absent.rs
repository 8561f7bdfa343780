//! What stands for the App Store where no app is configured.

use super::model::{AppStoreNotification, AppStoreTransaction};
use super::ports::{AppStoreSignatures, SignatureRefusal};
use crate::clock::Timestamp;

/// No app in the App Store: believes nothing, so nothing is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAppStore;

impl AppStoreSignatures for NoAppStore {
    fn transaction(&self, _signed: &str, _at: Timestamp) -> Result<AppStoreTransaction, SignatureRefusal> {
        Err(SignatureRefusal::NotConfigured)
    }

    fn notification(&self, _signed: &str, _at: Timestamp) -> Result<AppStoreNotification, SignatureRefusal> {
        Err(SignatureRefusal::NotConfigured)
    }
}
