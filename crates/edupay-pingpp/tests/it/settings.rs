//! What a client is built from.

use edupay_domain::payments::Mode;
use edupay_pingpp::client::{GatewaySettings, PingppGateway, SettingsError};

fn build(base: &str, key: &str) -> Result<PingppGateway, SettingsError> {
    PingppGateway::new(GatewaySettings::new(base, key, "app_1"))
}

#[test]
fn the_key_says_whether_money_is_real() {
    let live = build("https://api.pingxx.com/", "sk_live_1").unwrap().merchant();
    assert_eq!((live.app_id.as_str(), live.mode), ("app_1", Mode::Live));
    assert_eq!(build("http://127.0.0.1:8001", "sk_test_1").unwrap().merchant().mode, Mode::Test);
}

#[test]
fn wrong_settings_are_refused() {
    assert!(matches!(build("http://api.pingxx.com", "sk_live_1"), Err(SettingsError::LiveKeyWithoutTls)));
    assert!(matches!(build("https://api.pingxx.com", "pk_1"), Err(SettingsError::BadApiKey)));
    for base in ["", "api.pingxx.com", "ftp://api.pingxx.com", "https://api.pingxx.com?x=1", "/v1"] {
        assert!(matches!(build(base, "sk_test_1"), Err(SettingsError::BadApiBase)), "{base}");
    }
}

#[test]
fn no_secret_is_shown() {
    let shown = format!("{:?}", build("http://127.0.0.1:8001", "sk_test_secret").unwrap());
    assert!(!shown.contains("secret"), "{shown}");
}
