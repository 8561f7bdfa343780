//! A production service, which from outside accepts nothing but what Apple signed.

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::dev::{ChainPlan, DevSigner, NotificationPlan, TransactionPlan};

const BUNDLE_ID: &str = "com.example.edupay";
const APP: i64 = 1_234_567_890;

struct Shop {
    signer: DevSigner,
    verifier: AppStoreVerifier,
    at: Timestamp,
}

impl Shop {
    fn in_production() -> Self {
        let at = DateTime::from_timestamp(1_772_366_400, 0).unwrap();
        let signer = DevSigner::generate(&ChainPlan::new(at)).unwrap();
        let roots = [signer.root().unwrap()];
        let verifier = AppStoreVerifier::trusting(&roots, StoreEnvironment::Production, BUNDLE_ID, Some(APP)).unwrap();
        Self { signer, verifier, at }
    }

    fn transaction(&self, environment: &str) -> String {
        let mut plan = TransactionPlan::new("2000000000000001", BUNDLE_ID, "com.example.coins6", self.at);
        plan.environment = environment.to_owned();
        self.signer.sign(&plan.payload()).unwrap()
    }

    fn notification(&self, environment: &str, app: Option<i64>, inner: Option<String>) -> String {
        let mut plan = NotificationPlan::new("c0ffee00-0000-4000-8000-000000000001", "REFUND", BUNDLE_ID, self.at);
        plan.environment = environment.to_owned();
        plan.app_apple_id = app;
        plan.signed_transaction = inner;
        self.signer.sign(&plan.payload()).unwrap()
    }

    fn environment_of(&self, signed: &str) -> Result<StoreEnvironment, SignatureRefusal> {
        self.verifier.transaction(signed, self.at).map(|transaction| transaction.environment)
    }

    fn told_by(&self, signed: &str) -> Result<AppStoreNotification, SignatureRefusal> {
        self.verifier.notification(signed, self.at)
    }
}

#[test]
fn production_takes_both_environments_and_says_which() {
    let shop = Shop::in_production();
    assert_eq!(shop.environment_of(&shop.transaction("Production")), Ok(StoreEnvironment::Production));
    assert_eq!(shop.environment_of(&shop.transaction("Sandbox")), Ok(StoreEnvironment::Sandbox));
    for nobodys in ["Xcode", "LocalTesting", "production", ""] {
        assert_eq!(shop.environment_of(&shop.transaction(nobodys)), Err(SignatureRefusal::OtherEnvironment));
    }
}

#[test]
fn a_production_notification_names_the_app_by_its_number() {
    let shop = Shop::in_production();
    assert!(shop.told_by(&shop.notification("Production", Some(APP), None)).is_ok());
    for other in [Some(APP + 1), None] {
        let refused = shop.told_by(&shop.notification("Production", other, None));
        assert_eq!(refused, Err(SignatureRefusal::OtherApp), "{other:?}");
    }
    // The sandbox does not say it.
    assert!(shop.told_by(&shop.notification("Sandbox", None, None)).is_ok());
}

#[test]
fn a_notification_and_its_transaction_are_of_one_environment() {
    let shop = Shop::in_production();
    for (outer, inner) in [("Production", "Sandbox"), ("Sandbox", "Production")] {
        let notification = shop.notification(outer, Some(APP), Some(shop.transaction(inner)));
        assert_eq!(shop.told_by(&notification), Err(SignatureRefusal::OtherEnvironment), "{inner} in {outer}");
        let notification = shop.notification(outer, Some(APP), Some(shop.transaction(outer)));
        let transaction = shop.told_by(&notification).unwrap().transaction.unwrap();
        assert_eq!(transaction.environment.code(), outer.to_lowercase());
    }
}

#[test]
fn a_text_of_an_old_leaf_is_accepted_in_production_too() {
    let shop = Shop::in_production();
    let mut plan = ChainPlan::new(shop.at);
    plan.leaf_until = shop.at - TimeDelta::days(400);
    let signer = DevSigner::generate(&plan).unwrap();
    let roots = [signer.root().unwrap()];
    let verifier = AppStoreVerifier::trusting(&roots, StoreEnvironment::Production, BUNDLE_ID, Some(APP)).unwrap();
    let signed_at = shop.at - TimeDelta::days(500);
    let mut transaction = TransactionPlan::new("2000000000000002", BUNDLE_ID, "com.example.coins6", signed_at);
    transaction.environment = "Production".to_owned();
    let signed = signer.sign(&transaction.payload()).unwrap();
    assert_eq!(verifier.transaction(&signed, shop.at).map(|known| known.signed_at), Ok(signed_at));
}
