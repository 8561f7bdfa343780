//! The form of the pages and the ways to pay, for `crate::fuzzing`.

use super::credential::WayToPay;
use super::form::PayForm;
use edupay_domain::packages::Purchase;
use edupay_domain::payments::{Channel, ChargeDocument};

/// Of a flood of packages no more is kept than shows that they are too many.
pub(crate) fn forms(body: &[u8]) {
    let form = PayForm::read(body);
    assert!(form.package_ids.len() <= Purchase::MAX_RECORDS.saturating_add(1));
    assert_eq!(form, PayForm::read(&[body, b"&odd=1"].concat()));
}

/// A page that is shown is one of the web, and a code is shown only where one is scanned.
pub(crate) fn ways_to_pay(document: &str) {
    for channel in [Channel::AlipayQr, Channel::WxPubQr, Channel::AlipayWap, Channel::WxWap] {
        let way = WayToPay::of(channel, &ChargeDocument(document.to_owned()));
        if let Some(link) = way.link {
            assert!(link.starts_with("https://") || link.starts_with("http://"));
        }
        assert!(way.code.is_none() || matches!(channel, Channel::AlipayQr | Channel::WxPubQr));
    }
}
