//! Each fixture gets exactly the answer that it says.

use edupay_appstore::SignedKind;
use edupay_domain::app_store::{AppStoreSignatures, SignatureRefusal};

use crate::fixtures::{self, Fixture};
use crate::shop::{at, trusting};

pub(crate) fn verdict(fixture: &Fixture) -> Result<(), SignatureRefusal> {
    let verifier = trusting(fixture.root.clone());
    match fixture.kind {
        SignedKind::Transaction => verifier.transaction(&fixture.signed, at()).map(drop),
        SignedKind::Notification => verifier.notification(&fixture.signed, at()).map(drop),
    }
}

#[test]
fn every_text_is_accepted_or_refused_for_its_own_reason() {
    let all = fixtures::all();
    let wrong: Vec<_> = all.iter().map(|one| (one.name, verdict(one), one.verdict)).collect();
    let wrong: Vec<_> = wrong.into_iter().filter(|(_, is, should)| is != should).collect();
    assert!(wrong.is_empty(), "(name, is, should be): {wrong:#?}");
    for refusal in SignatureRefusal::ALL.into_iter().filter(|one| *one != SignatureRefusal::NotConfigured) {
        assert!(all.iter().any(|one| one.verdict == Err(refusal)), "no text is refused as {refusal:?}");
    }
}

#[test]
fn a_notification_is_no_transaction_and_the_other_way_round() {
    for fixture in fixtures::all().iter().filter(|one| one.verdict.is_ok()) {
        let verifier = trusting(fixture.root.clone());
        assert_eq!(edupay_appstore::claimed_kind(&fixture.signed), fixture.kind, "{}", fixture.name);
        let other = match fixture.kind {
            SignedKind::Transaction => verifier.notification(&fixture.signed, at()).map(drop),
            SignedKind::Notification => verifier.transaction(&fixture.signed, at()).map(drop),
        };
        assert_eq!(other, Err(SignatureRefusal::OtherEnvironment), "{}", fixture.name);
    }
}

#[test]
fn a_verifier_answers_the_same_whatever_it_saw_before() {
    let all = fixtures::all();
    let good = &all[0];
    let verifier = trusting(good.root.clone());
    for fixture in all.iter().filter(|one| one.kind == SignedKind::Transaction && one.root == good.root) {
        assert!(verifier.transaction(&good.signed, at()).is_ok());
        assert_eq!(verifier.transaction(&fixture.signed, at()).map(drop), fixture.verdict, "{}", fixture.name);
    }
}
