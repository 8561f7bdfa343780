//! What a payer's app gets, shaped as each channel's own, with made-up values.

use chrono::{DateTime, FixedOffset};
use edupay_pingpp::wire::Hash;
use serde_json::{Value, json};

use crate::ids;
use crate::params::CreateCharge;

/// The credential of a new charge.
pub(crate) fn of(charge_id: &str, wanted: &CreateCharge, now: i64, base_url: &str) -> Hash {
    let pay_url = format!("{base_url}/pay/{charge_id}");
    let notify_url = format!("{base_url}/notify/charges/{charge_id}");
    let inner = match wanted.channel.name {
        "alipay" => json!({ "orderInfo": alipay_order_info(wanted, &notify_url) }),
        "alipay_wap" | "alipay_pc_direct" => alipay_form(wanted, &notify_url),
        "wx" => wechat_app(now),
        "wx_pub" | "wx_lite" => wechat_browser(now),
        "upacp" | "applepay_upacp" => json!({ "tn": ids::digits(21), "mode": "01" }),
        "upacp_wap" | "upacp_pc" => upacp_form(wanted, &notify_url),
        "alipay_lite" => json!({ "tradeNO": ids::digits(28) }),
        "qpay" => json!({ "tokenId": ids::lower_hex(32) }),
        // A QR code or a link: it leads to the page on which a person pays.
        _ => Value::String(pay_url),
    };
    let mut credential = Hash::new();
    credential.insert("object".to_owned(), "credential".into());
    credential.insert(wanted.channel.name.to_owned(), inner);
    credential
}

fn alipay_order_info(wanted: &CreateCharge, notify_url: &str) -> String {
    let partner = test_partner();
    let pairs = [
        ("service", "mobile.securitypay.pay".to_owned()),
        ("_input_charset", "utf-8".to_owned()),
        ("notify_url", encoded(notify_url)),
        ("partner", partner.clone()),
        ("out_trade_no", wanted.order_no.clone()),
        ("subject", wanted.subject.clone()),
        ("body", wanted.body.clone()),
        ("total_fee", yuan(wanted.amount)),
        ("payment_type", "1".to_owned()),
        ("seller_id", partner),
        ("it_b_pay", beijing(wanted.time_expire, "%Y-%m-%d %H:%M:%S")),
        ("sign", encoded(&ids::fake_signature())),
        ("sign_type", "RSA".to_owned()),
    ];
    pairs.map(|(key, value)| format!("{key}=\"{value}\"")).join("&")
}

fn alipay_form(wanted: &CreateCharge, notify_url: &str) -> Value {
    let partner = test_partner();
    let success_url = wanted.extra.get("success_url").and_then(Value::as_str).unwrap_or_default();
    let service = match wanted.channel.name {
        "alipay_wap" => "alipay.wap.create.direct.pay.by.user",
        _ => "create_direct_pay_by_user",
    };
    json!({
        "channel_url": "https://mapi.alipay.com/gateway.do",
        "_input_charset": "utf-8",
        "service": service,
        "body": wanted.body,
        "it_b_pay": beijing(wanted.time_expire, "%Y-%m-%d %H:%M:%S"),
        "notify_url": encoded(notify_url),
        "out_trade_no": wanted.order_no,
        "partner": partner,
        "payment_type": "1",
        "return_url": encoded(success_url),
        "seller_id": partner,
        "subject": wanted.subject,
        "total_fee": yuan(wanted.amount),
        "sign": ids::fake_signature(),
        "sign_type": "RSA",
    })
}

fn wechat_app(now: i64) -> Value {
    json!({
        "appId": format!("wx{}", ids::lower_hex(16)),
        "partnerId": ids::digits(10),
        "prepayId": prepay_id(now),
        "nonceStr": ids::lower_hex(32),
        "timeStamp": now.to_string(),
        "packageValue": "Sign=WXPay",
        "sign": ids::lower_hex(32).to_ascii_uppercase(),
    })
}

fn wechat_browser(now: i64) -> Value {
    json!({
        "appId": format!("wx{}", ids::lower_hex(16)),
        "timeStamp": now.to_string(),
        "nonceStr": ids::lower_hex(32),
        "package": format!("prepay_id={}", prepay_id(now)),
        "signType": "MD5",
        "paySign": ids::lower_hex(32).to_ascii_uppercase(),
    })
}

fn upacp_form(wanted: &CreateCharge, notify_url: &str) -> Value {
    let result_url = wanted.extra.get("result_url").and_then(Value::as_str).unwrap_or_default();
    json!({
        "version": "5.0.0",
        "encoding": "UTF-8",
        "signMethod": "01",
        "txnType": "01",
        "txnSubType": "01",
        "bizType": "000201",
        "channelType": if wanted.channel.name == "upacp_wap" { "08" } else { "07" },
        "merId": "777290058110097",
        "orderId": wanted.order_no,
        "txnAmt": wanted.amount.to_string(),
        "currencyCode": "156",
        "frontUrl": result_url,
        "backUrl": notify_url,
        "txnTime": beijing(wanted.time_expire, "%Y%m%d%H%M%S"),
        "signature": ids::fake_signature(),
        "mode": "01",
    })
}

/// Real Alipay partners begin with 2088, those of the test mode with 2008.
fn test_partner() -> String {
    format!("2008{}", ids::digits(12))
}

fn prepay_id(now: i64) -> String {
    format!("1101000000{}{}", beijing(now, "%y%m%d"), ids::alphanumeric(16).to_ascii_lowercase())
}

/// Fen as yuan with two decimals; `fen` is positive.
fn yuan(fen: i64) -> String {
    let fen = fen.unsigned_abs();
    let (yuan, rest) = (fen.checked_div(100).unwrap_or(0), fen.checked_rem(100).unwrap_or(0));
    format!("{yuan}.{rest:02}")
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn beijing(time: i64, format: &str) -> String {
    let zone = FixedOffset::east_opt(8 * 3600);
    match (DateTime::from_timestamp(time, 0), zone) {
        (Some(time), Some(zone)) => time.with_timezone(&zone).format(format).to_string(),
        _ => String::new(),
    }
}
