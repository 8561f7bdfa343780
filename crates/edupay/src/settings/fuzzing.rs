//! What must hold of settings, whatever they say: a function of bytes that panics when it is broken. A fuzz
//! target calls it, and so does a test, over the target's seeds.

use super::load::{Variables, defaults, settings as read};
use super::print::print;
use edupay_domain::event_delivery::AddressPolicy;
use edupay_domain::money::Money;
use figment::providers::{Format, Toml};

/// What stands for a secret. It is long, and nobody comes upon it by chance.
const SECRET: &str = "sk_test_canary_8d7efcc08452";

/// Settings that are taken can be worked with; those that are not are refused in one line; and neither way a
/// secret is shown. The input is lines of TOML, and of variables that begin with `EDUPAY_`.
pub(crate) fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let is_variable = |line: &&str| line.starts_with("EDUPAY_") && line.contains('=');
    let file: String = text.lines().filter(|line| !is_variable(line)).map(|line| format!("{line}\n")).collect();
    let mut variables: Vec<(String, String)> = vec![("EDUPAY_PINGPP__API_KEY".to_owned(), SECRET.to_owned())];
    for (name, value) in text.lines().filter(is_variable).filter_map(|line| line.split_once('=')) {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let figment = defaults().merge(Toml::string(&file)).merge(Variables(variables));
    let mut shown = Vec::new();
    match read(&figment) {
        Ok(settings) => {
            assert!(settings.max_amount().is_ok_and(|amount| !amount.is_zero() && amount <= Money::MAX));
            assert!(settings.campaign().is_ok() && settings.database().is_ok() && settings.web_path().is_ok());
            assert!(
                settings.addresses().is_ok_and(|policy| policy == AddressPolicy::PublicOnly || !settings.is_live())
            );
            assert!(settings.daily_reconciliation().is_none_or(|hour| hour < 24));
            shown.extend_from_slice(format!("{settings:?}").as_bytes());
        }
        Err(failure) => shown.extend_from_slice(format!("{failure} {failure:?}").as_bytes()),
    }
    assert!(print(&figment, &mut shown).is_ok());
    assert!(text.contains(SECRET) || !String::from_utf8_lossy(&shown).contains(SECRET));
}

#[cfg(test)]
mod tests {
    use super::*;
    use edupay_testkit::fuzzing::hold;

    #[test]
    fn whatever_settings_say_they_are_taken_or_refused() {
        hold("settings", settings);
    }
}
