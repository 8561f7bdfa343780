//! What a browser is told about the pages.

use super::till::Till;
use edupay_domain::packages::ProjectKind;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[test]
fn pages_are_kept_by_nobody_and_run_nothing_but_our_own() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let status = payment.replace('?', "/status?");
    for address in [link.as_str(), &payment, &status, "/cashier/unknown"] {
        let reply = till.get(address);
        assert_eq!(reply.header("Content-Security-Policy"), Some(POLICY), "{address}");
        assert_eq!(reply.header("Cache-Control"), Some("no-store"), "{address}");
        assert_eq!(reply.header("Referrer-Policy"), Some("no-referrer"), "{address}");
        assert_eq!(reply.header("X-Frame-Options"), Some("DENY"), "{address}");
        assert_eq!(reply.header("X-Robots-Tag"), Some("noindex, nofollow"), "{address}");
        assert_eq!(reply.header("Content-Type"), Some("text/html; charset=utf-8"), "{address}");
        assert_eq!(reply.header("Content-Language"), Some("zh-hans"), "{address}");
        for inline in [" style=", " onclick=", "<style", "<script>", "javascript:", " hx-on"] {
            assert!(!reply.text().contains(inline), "{address}: {inline}");
        }
    }
}

#[test]
fn assets_are_kept_for_ever_under_names_that_say_what_they_hold() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let page = till.get(&payment).expect(200);
    let named = page.text().split('"').filter(|part| part.starts_with("/cashier/assets/")).collect::<Vec<_>>();
    assert_eq!(named.len(), 3, "{named:?}");
    for asset in named {
        let reply = till.get(asset).expect(200);
        assert_eq!(reply.header("Cache-Control"), Some("public, max-age=31536000, immutable"), "{asset}");
        let kind = if asset.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(reply.header("Content-Type"), Some(kind), "{asset}");
        assert!(!reply.text().is_empty());
    }
    for odd in ["cashier.css", "htmx-0000000000000000.js", "..%2fsecret", "NOTICE"] {
        till.get(&format!("/cashier/assets/{odd}")).expect(404);
    }
}
