//! An app with a chain of its own, at a fixed moment.

use std::sync::OnceLock;

use chrono::DateTime;
use edupay_appstore::dev::{ChainPlan, DevSigner, NotificationPlan, TransactionPlan};
use edupay_appstore::{AppStoreSettings, AppStoreVerifier};
use edupay_domain::app_store::StoreEnvironment;
use edupay_domain::clock::Timestamp;

pub(crate) const BUNDLE_ID: &str = "com.example.edupay";
pub(crate) const PRODUCT: &str = "com.example.coins6";
pub(crate) const TOKEN: &str = "7E3FB20B-4CDB-47CC-936D-99D65F608138";

/// 2026-03-01 12:00:00 UTC.
pub(crate) fn at() -> Timestamp {
    DateTime::from_timestamp(1_772_366_400, 0).unwrap()
}

/// The chain that all share.
pub(crate) fn signer() -> &'static DevSigner {
    static SIGNER: OnceLock<DevSigner> = OnceLock::new();
    SIGNER.get_or_init(|| DevSigner::generate(&ChainPlan::new(at())).unwrap())
}

/// A verifier of the sandbox that trusts this root.
pub(crate) fn trusting(root: Vec<u8>) -> AppStoreVerifier {
    let settings = AppStoreSettings {
        bundle_id: BUNDLE_ID.to_owned(),
        app_apple_id: None,
        environment: StoreEnvironment::Sandbox,
        roots: vec![root],
    };
    AppStoreVerifier::new(settings).unwrap()
}

/// One that trusts the shared chain.
pub(crate) fn verifier() -> AppStoreVerifier {
    trusting(signer().root().unwrap())
}

pub(crate) fn purchase() -> TransactionPlan {
    let mut plan = TransactionPlan::new("2000000123456789", BUNDLE_ID, PRODUCT, at());
    plan.app_account_token = Some(TOKEN.to_owned());
    plan.price = Some((6_000, "CNY".to_owned()));
    plan
}

/// A notification about a purchase, or about nothing.
pub(crate) fn notice(kind: &str, transaction: Option<&TransactionPlan>) -> NotificationPlan {
    let mut plan = NotificationPlan::new("c0ffee00-0000-4000-8000-000000000001", kind, BUNDLE_ID, at());
    plan.signed_transaction = transaction.map(|transaction| signer().sign(&transaction.payload()).unwrap());
    plan
}
