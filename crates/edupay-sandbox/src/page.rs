//! The two pages for people: pay one charge, see all of them. Plain HTML, no scripts; every value
//! is escaped.

use chrono::{DateTime, FixedOffset};
use edupay_pingpp::wire::Charge;
use serde_json::Value;

const STYLE: &str = "\
body{font-family:system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1d2129}\
.ribbon{background:#c62828;color:#fff;text-align:center;font-weight:700;letter-spacing:.3em;padding:.7em}\
main{max-width:26em;margin:1.5em auto;padding:1.5em;background:#fff;border-radius:12px}\
main.wide{max-width:70em;overflow-x:auto}\
.amount{font-size:2.6em;font-weight:700;text-align:center;margin:.3em 0}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.4em 1em}dt{color:#667}dd{margin:0;overflow-wrap:anywhere}\
button{width:100%;font-size:1.15em;padding:.8em;border:0;border-radius:8px;margin-top:.8em}\
.yes{background:#1565c0;color:#fff}.no{background:#e3e5e8;color:#1d2129}\
.note{padding:.8em;border-radius:8px;background:#eef4ff;text-align:center}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4em .8em;border-bottom:1px solid #e3e5e8}";

/// The page on which a person pays a charge.
pub(crate) fn pay(charge: &Charge, now: i64, declined: bool) -> String {
    let subject = escape(charge.subject.as_deref().unwrap_or_default());
    let body = escape(charge.body.as_deref().unwrap_or_default());
    let mut main = format!(
        "<main><h1>{subject}</h1><p class=\"amount\">¥{}</p><dl>\
         <dt>商品描述</dt><dd>{body}</dd><dt>订单号</dt><dd>{}</dd><dt>渠道</dt><dd>{}</dd>\
         <dt>Charge</dt><dd>{}</dd><dt>有效期至</dt><dd>{}</dd></dl>",
        yuan(charge.amount),
        escape(&charge.order_no),
        escape(&charge.channel),
        escape(&charge.id),
        charge.time_expire.map(beijing).unwrap_or_default(),
    );
    match standing(charge, now) {
        Standing::Open => {
            if declined {
                main.push_str("<p class=\"note\">支付失败,可以重试 · Payment failed, you may try again</p>");
            }
            main.push_str(
                "<form method=\"post\">\
                 <button class=\"yes\" name=\"outcome\" value=\"pay\">支付 · Pay</button>\
                 <button class=\"no\" name=\"outcome\" value=\"fail\">模拟失败 · Fail</button></form>",
            );
        }
        closed => main.push_str(&format!("<p class=\"note\">{}</p>", closed.words())),
    }
    if let Some(url) = return_url(charge) {
        main.push_str(&format!("<p><a href=\"{}\">返回商户 · Back to the shop</a></p>", escape(url)));
    }
    main.push_str("</main>");
    document("支付 · Pay", &main)
}

/// All charges, newest first.
pub(crate) fn index(charges: &[Charge], now: i64) -> String {
    let mut main = String::from(
        "<main class=\"wide\"><h1>Charges</h1><table><tr><th>Charge</th><th>订单号</th>\
         <th>渠道</th><th>金额</th><th>商品</th><th>状态</th></tr>",
    );
    for charge in charges.iter().rev().take(500) {
        main.push_str(&format!(
            "<tr><td><a href=\"/pay/{id}\">{id}</a></td><td>{}</td><td>{}</td><td>¥{}</td>\
             <td>{}</td><td>{}</td></tr>",
            escape(&charge.order_no),
            escape(&charge.channel),
            yuan(charge.amount),
            escape(charge.subject.as_deref().unwrap_or_default()),
            standing(charge, now).words(),
            id = escape(&charge.id),
        ));
    }
    main.push_str("</table></main>");
    document("Charges", &main)
}

pub(crate) fn missing() -> String {
    document("404", "<main><h1>没有这个订单 · No such charge</h1></main>")
}

enum Standing {
    Open,
    Paid,
    Refunded,
    Reversed,
    Expired,
}

impl Standing {
    fn words(&self) -> &'static str {
        match self {
            Self::Open => "待支付 · open",
            Self::Paid => "已支付 · paid",
            Self::Refunded => "有退款 · refunded",
            Self::Reversed => "已撤销 · reversed",
            Self::Expired => "已过期 · expired",
        }
    }
}

fn standing(charge: &Charge, now: i64) -> Standing {
    if charge.reversed {
        Standing::Reversed
    } else if charge.refunded {
        Standing::Refunded
    } else if charge.paid {
        Standing::Paid
    } else if charge.time_expire.is_some_and(|time| now > time) {
        Standing::Expired
    } else {
        Standing::Open
    }
}

/// Where the merchant wants the payer back; only a web address becomes a link.
fn return_url(charge: &Charge) -> Option<&str> {
    let urls = ["success_url", "result_url"].map(|key| charge.extra.get(key));
    let url = urls.into_iter().flatten().find_map(Value::as_str)?;
    (url.starts_with("http://") || url.starts_with("https://")).then_some(url)
}

fn document(title: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{} · SANDBOX</title><style>{STYLE}</style></head><body>\
         <div class=\"ribbon\">SANDBOX · 测试环境,不产生真实扣款</div>{main}</body></html>",
        escape(title),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn yuan(fen: i64) -> String {
    let fen = fen.unsigned_abs();
    let (yuan, rest) = (fen.checked_div(100).unwrap_or(0), fen.checked_rem(100).unwrap_or(0));
    format!("{yuan}.{rest:02}")
}

fn beijing(time: i64) -> String {
    let zone = FixedOffset::east_opt(8 * 3600);
    match (DateTime::from_timestamp(time, 0), zone) {
        (Some(time), Some(zone)) => time.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        _ => String::new(),
    }
}
