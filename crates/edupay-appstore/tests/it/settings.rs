//! Settings that can't be right build nothing.

use std::time::Duration;

use edupay_appstore::{AppStoreServerClient, AppStoreSettings, AppStoreVerifier, ServerSettings, SettingsError};
use edupay_domain::app_store::{AppStoreSignatures, SignatureRefusal, StoreEnvironment};

use crate::server::{other_key, p8};
use crate::shop::{BUNDLE_ID, at, purchase, signer};

fn production() -> AppStoreSettings {
    AppStoreSettings {
        bundle_id: BUNDLE_ID.to_owned(),
        app_apple_id: Some(1_234_567_890),
        environment: StoreEnvironment::Production,
        roots: Vec::new(),
    }
}

fn server() -> ServerSettings {
    ServerSettings {
        bundle_id: BUNDLE_ID.to_owned(),
        issuer_id: "57246542-96fe-1a63-e053-0824d011072a".to_owned(),
        key_id: "ABC123DEFG".to_owned(),
        private_key: p8(),
        api_base: None,
        timeout: Duration::from_secs(10),
    }
}

#[test]
fn production_needs_its_app_and_no_root_but_apples() {
    assert!(AppStoreVerifier::new(production()).is_ok());
    let no_bundle = AppStoreSettings { bundle_id: String::new(), ..production() };
    assert!(matches!(AppStoreVerifier::new(no_bundle), Err(SettingsError::NoBundleId)));
    let no_number = AppStoreSettings { app_apple_id: None, ..production() };
    assert!(matches!(AppStoreVerifier::new(no_number), Err(SettingsError::NoAppAppleId)));
    let foreign = AppStoreSettings { roots: vec![signer().root().unwrap()], ..production() };
    let refused = AppStoreVerifier::new(foreign).unwrap_err();
    assert!(matches!(refused, SettingsError::ForeignRoot), "{refused:?}");
    assert!(refused.to_string().contains("AppleRootCA-G3.cer"), "{refused}");
    let broken = AppStoreSettings { roots: vec![b"no certificate".to_vec()], ..production() };
    assert!(matches!(AppStoreVerifier::new(broken), Err(SettingsError::UnreadableRoot(_))));
}

#[test]
fn the_sandbox_needs_a_bundle_id_only() {
    let sandbox = AppStoreSettings { app_apple_id: None, environment: StoreEnvironment::Sandbox, ..production() };
    assert!(AppStoreVerifier::new(sandbox).is_ok());
}

#[test]
fn what_a_development_root_signs_is_nothing_to_a_service_with_apples() {
    for environment in StoreEnvironment::ALL {
        let verifier = AppStoreVerifier::new(AppStoreSettings { environment, ..production() }).unwrap();
        let signed = signer().sign(&purchase().payload()).unwrap();
        assert_eq!(verifier.transaction(&signed, at()), Err(SignatureRefusal::BadSignature), "{environment:?}");
    }
}

#[test]
fn a_client_of_the_server_api_needs_all_of_its_settings() {
    assert!(AppStoreServerClient::new(server()).is_ok());
    let refused = |settings| AppStoreServerClient::new(settings).unwrap_err();
    let no_bundle = refused(ServerSettings { bundle_id: String::new(), ..server() });
    assert!(matches!(no_bundle, SettingsError::NoBundleId), "{no_bundle:?}");
    for settings in
        [ServerSettings { issuer_id: String::new(), ..server() }, ServerSettings { key_id: String::new(), ..server() }]
    {
        let refusal = refused(settings);
        assert!(matches!(refusal, SettingsError::NoIssuer), "{refusal:?}");
    }
    for private_key in [Vec::new(), b"no key".to_vec(), other_key()] {
        let refusal = refused(ServerSettings { private_key, ..server() });
        assert!(matches!(refusal, SettingsError::BadKey(_)), "{refusal:?}");
    }
    for base in ["", "api.storekit.apple.com", "ftp://127.0.0.1", "https://127.0.0.1/?a=b"] {
        let refusal = refused(ServerSettings { api_base: Some(base.to_owned()), ..server() });
        assert!(matches!(refusal, SettingsError::BadApiBase), "{base}: {refusal:?}");
    }
}

#[test]
fn no_key_is_shown() {
    let shown = format!("{:?} {:?}", server(), AppStoreServerClient::new(server()).unwrap());
    assert!(!shown.contains("PRIVATE") && !shown.contains(&format!("{:?}", p8())), "{shown}");
}
