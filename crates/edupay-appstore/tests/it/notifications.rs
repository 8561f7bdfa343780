//! What a verified notification says.

use edupay_domain::app_store::{AppStoreNotification, AppStoreSignatures, NotificationKind};
use edupay_domain::ids::NotificationId;

use crate::shop::{at, notice, purchase, signer, verifier};

#[test]
fn each_kind_is_known_by_its_name_and_carries_its_transaction() {
    let purchase = purchase();
    let inner = signer().sign(&purchase.payload()).unwrap();
    let about = verifier().transaction(&inner, at()).unwrap();
    for (name, kind) in [
        ("ONE_TIME_CHARGE", NotificationKind::OneTimeCharge),
        ("REFUND", NotificationKind::Refund),
        ("REFUND_REVERSED", NotificationKind::RefundReversed),
        ("REFUND_DECLINED", NotificationKind::RefundDeclined),
        ("CONSUMPTION_REQUEST", NotificationKind::ConsumptionRequest),
        ("DID_RENEW", NotificationKind::Other("DID_RENEW".to_owned())),
        ("DID_SOMETHING_NEW", NotificationKind::Other("DID_SOMETHING_NEW".to_owned())),
    ] {
        let mut plan = notice(name, None);
        plan.signed_transaction = Some(inner.clone());
        let signed = signer().sign(&plan.payload()).unwrap();
        let expected = AppStoreNotification {
            id: NotificationId::parse(&plan.id).unwrap(),
            kind,
            subtype: String::new(),
            signed_at: at(),
            transaction: Some(about.clone()),
            consumption_reason: String::new(),
            signed: signed.clone(),
        };
        assert_eq!(verifier().notification(&signed, at()), Ok(expected), "{name}");
    }
}

#[test]
fn a_trial_of_the_connection_is_about_nothing() {
    let signed = signer().sign(&notice("TEST", None).payload()).unwrap();
    let told = verifier().notification(&signed, at()).unwrap();
    assert_eq!((told.kind, told.transaction), (NotificationKind::Test, None));
}

#[test]
fn subtype_and_reason_are_kept_in_the_app_stores_words() {
    for (subtype, reason) in [("ACCEPTED", "UNINTENDED_PURCHASE"), ("NEW_SUBTYPE", "NEW_REASON")] {
        let mut plan = notice("CONSUMPTION_REQUEST", Some(&purchase()));
        plan.subtype = Some(subtype.to_owned());
        plan.consumption_reason = Some(reason.to_owned());
        let told = verifier().notification(&signer().sign(&plan.payload()).unwrap(), at()).unwrap();
        assert_eq!((told.subtype.as_str(), told.consumption_reason.as_str()), (subtype, reason));
    }
}

#[test]
fn words_can_be_kept_by_every_database() {
    let mut plan = notice("NEW\0KIND", Some(&purchase()));
    plan.subtype = Some("A\0B".to_owned());
    let told = verifier().notification(&signer().sign(&plan.payload()).unwrap(), at()).unwrap();
    assert_eq!(told.kind, NotificationKind::Other("NEW\u{fffd}KIND".to_owned()));
    assert_eq!(told.subtype, "A\u{fffd}B");
}
