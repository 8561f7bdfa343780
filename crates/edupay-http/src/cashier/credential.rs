//! How a charge is paid from a page: what the gateway's own libraries would do with its document.

use super::qr::Qr;
use edupay_domain::payments::{Channel, ChargeDocument};
use form_urlencoded::Serializer;
use serde_json::{Map, Value};

/// What a payer does next. Nothing of it may be there, when a document has nothing that a page can use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct WayToPay {
    /// A code to scan.
    pub(super) code: Option<Qr>,
    /// A page to open: that of the payer's app, or the sandbox's.
    pub(super) link: Option<String>,
}

impl WayToPay {
    /// The way that a charge document shows.
    pub(super) fn of(channel: Channel, document: &ChargeDocument) -> Self {
        let Ok(charge) = serde_json::from_str::<Value>(&document.0) else { return Self::default() };
        let address = match charge.get("credential").and_then(|credential| credential.get(channel.code())) {
            Some(Value::String(address)) => Some(address.clone()),
            Some(Value::Object(fields)) => sandbox_page(&charge, fields).or_else(|| app_page(fields)),
            _ => None,
        };
        let Some(address) = address.filter(|address| !address.is_empty()) else { return Self::default() };
        Self {
            code: if is_scanned(channel) { Qr::of(&address) } else { None },
            link: is_web(&address).then_some(address),
        }
    }
}

fn is_scanned(channel: Channel) -> bool {
    matches!(channel, Channel::AlipayQr | Channel::WxPubQr)
}

/// A page that a browser opens by itself: nothing that runs here, and no app's own scheme.
fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// The page of the payer's app, asked with all fields.
fn app_page(fields: &Map<String, Value>) -> Option<String> {
    if let Some(address) = fields.get("url").and_then(Value::as_str) {
        return Some(address.to_owned());
    }
    let page = fields.get("channel_url")?.as_str()?;
    let mut query = Serializer::new(String::new());
    for (name, value) in fields.iter().filter(|(name, _)| *name != "channel_url") {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        query.append_pair(name, &value);
    }
    Some(format!("{page}?{}", query.finish()))
}

/// In test mode no app knows the charge. The sandbox pays it on a page that lies beside the address
/// which its clients call.
fn sandbox_page(charge: &Value, fields: &Map<String, Value>) -> Option<String> {
    if charge.get("livemode") != Some(&Value::Bool(false)) {
        return None;
    }
    let id = charge.get("id")?.as_str()?;
    let written = fields.get("notify_url")?.as_str()?;
    let (notify_url, _) = form_urlencoded::parse(written.as_bytes()).next()?;
    let base = notify_url.strip_suffix(id)?.strip_suffix("/notify/charges/")?;
    Some(format!("{base}/pay/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(channel: Channel, document: &str) -> WayToPay {
        WayToPay::of(channel, &ChargeDocument(document.to_owned()))
    }

    #[test]
    fn a_code_is_shown_for_a_channel_that_is_scanned() {
        let shown = way(Channel::AlipayQr, r#"{"credential":{"alipay_qr":"https://qr.alipay.com/bax1"}}"#);
        assert_eq!(shown.code, Qr::of("https://qr.alipay.com/bax1"));
        assert_eq!(shown.link.as_deref(), Some("https://qr.alipay.com/bax1"));
        let shown = way(Channel::WxPubQr, r#"{"credential":{"wx_pub_qr":"weixin://wxpay/bizpayurl?pr=1"}}"#);
        assert!(shown.code.is_some() && shown.link.is_none(), "{shown:?}");
    }

    #[test]
    fn a_page_is_opened_for_a_channel_of_a_phone() {
        let shown = way(Channel::WxWap, r#"{"credential":{"wx_wap":"https://wx.tenpay.com/x?prepay_id=1"}}"#);
        assert_eq!(shown, WayToPay { code: None, link: Some("https://wx.tenpay.com/x?prepay_id=1".to_owned()) });
        let document = r#"{"id":"ch_1","livemode":true,"credential":{"alipay_wap":{"channel_url":
            "https://mapi.alipay.com/gateway.do","service":"x y","total_fee":"1.00",
            "notify_url":"https%3A%2F%2Fnotify.example.org%2Fnotify%2Fcharges%2Fch_1"}}}"#;
        let link = way(Channel::AlipayWap, document).link.unwrap();
        assert!(link.starts_with("https://mapi.alipay.com/gateway.do?"), "{link}");
        assert!(link.contains("service=x+y") && link.contains("total_fee=1.00"), "{link}");
        assert!(!link.contains("channel_url"), "{link}");
    }

    #[test]
    fn in_test_mode_the_sandboxs_page_takes_the_place_of_the_apps() {
        let document = r#"{"id":"ch_1","livemode":false,"credential":{"alipay_wap":{"channel_url":"https://mapi.alipay.com/",
            "notify_url":"http%3A%2F%2F127.0.0.1%3A8001%2Fnotify%2Fcharges%2Fch_1"}}}"#;
        assert_eq!(way(Channel::AlipayWap, document).link.as_deref(), Some("http://127.0.0.1:8001/pay/ch_1"));
    }

    #[test]
    fn what_a_page_can_not_use_is_not_shown() {
        for document in [
            "",
            "[]",
            r#"{"credential":{}}"#,
            r#"{"credential":{"alipay_qr":""}}"#,
            r#"{"credential":{"alipay_qr":1}}"#,
            r#"{"credential":{"alipay_qr":{"channel_url":"javascript:alert(1)//"}}}"#,
            r#"{"credential":{"wx_pub_qr":"https://other.example.org"}}"#,
        ] {
            assert_eq!(way(Channel::AlipayQr, document).link, None, "{document}");
        }
    }
}
