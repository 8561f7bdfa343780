//! The pages for people.

use serde_json::json;
use ureq::http::Request;

use super::support::{Running, charge_body, id};

fn submit(sandbox: &Running, id: &str, outcome: &str) -> u16 {
    let request = Request::post(format!("{}/pay/{id}", sandbox.url))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("outcome={outcome}").into_bytes());
    sandbox.send(request.unwrap()).status
}

#[test]
fn a_person_pays_on_the_page() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay_qr", 9900);
    let path = format!("/pay/{}", id(&charge));
    let page = sandbox.plain("GET", &path, "");
    assert_eq!(page.status, 200);
    for part in ["SANDBOX", "¥99.00", "collection的使用", "12134676899915430002", "<form method=\"post\">"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(submit(&sandbox, id(&charge), "pay"), 303);
    assert_eq!(sandbox.state()["charges"][0]["paid"], true);
    let page = sandbox.plain("GET", &path, "");
    assert!(page.text.contains("已支付") && !page.text.contains("<form"), "{}", page.text);
}

#[test]
fn a_person_can_let_a_payment_fail() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay_qr", 9900);
    assert_eq!(submit(&sandbox, id(&charge), "fail"), 303);
    assert_eq!(sandbox.state()["charges"][0]["paid"], false);
    let page = sandbox.plain("GET", &format!("/pay/{}?outcome=fail", id(&charge)), "");
    assert!(page.text.contains("支付失败") && page.text.contains("<form"));
}

#[test]
fn what_a_merchant_sends_is_escaped() {
    let sandbox = Running::start();
    let mut body = charge_body("12134676899915430002", "alipay_wap", 9900);
    body["subject"] = json!("<script>\"'&");
    body["extra"] = json!({ "success_url": "javascript:alert(1)" });
    let charge = sandbox.post("/v1/charges", &body).ok();
    for path in [format!("/pay/{}", id(&charge)), "/".to_owned()] {
        let page = sandbox.plain("GET", &path, "").text;
        assert!(page.contains("&lt;script&gt;&quot;&#39;&amp;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("javascript:"), "{page}");
    }
}

#[test]
fn the_index_lists_charges_and_an_unknown_one_is_404() {
    let sandbox = Running::start();
    let charge = sandbox.create("12134676899915430002", "alipay", 9900);
    let index = sandbox.plain("GET", "/", "");
    assert!(index.text.contains(&format!("href=\"/pay/{}\"", id(&charge))), "{}", index.text);
    assert_eq!(sandbox.plain("GET", "/pay/ch_nothing", "").status, 404);
}
