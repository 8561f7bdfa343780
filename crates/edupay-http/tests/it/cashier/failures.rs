//! Links that open nothing: one calm page.

use super::till::{GUARDIAN_ID, Till, user};
use crate::campus::school::now;
use crate::client::Request;
use chrono::TimeDelta;
use edupay_domain::accounts::Activity;
use edupay_domain::packages::ProjectKind;

#[test]
fn an_unknown_link_and_one_that_is_none_are_told_alike() {
    let till = Till::open();
    let unknown = till.get("/cashier/ffffffffffffffffffffffffffffffffffffffff").expect(404);
    assert!(unknown.text().contains("链接无效"), "{}", unknown.text());
    for odd in
        ["/cashier/x", "/cashier/FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", "/cashier", "/cashier/", "/cashier/a/b/c"]
    {
        assert_eq!(till.get(odd).expect(404).text(), unknown.text(), "{odd}");
    }
    for below in ["status", "events"] {
        let reply = till.get(&format!("/cashier/ffffffffffffffffffffffffffffffffffffffff/{below}?no=1")).expect(404);
        assert_eq!(reply.text(), unknown.text(), "{below}");
    }
    till.submit("/cashier/ffffffffffffffffffffffffffffffffffffffff", "kind=0").expect(404);
}

#[test]
fn an_expired_link_is_gone_and_tells_nothing_else() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    till.school.platform.clock.step(TimeDelta::hours(25));
    for address in [link.clone(), payment.clone(), payment.replace('?', "/status?"), payment.replace('?', "/events?")] {
        let reply = till.get(&address).expect(410);
        assert!(reply.text().contains("链接已过期"), "{address}");
        for hidden in ["陈", "套餐", "¥", "<form", "<script"] {
            assert!(!reply.text().contains(hidden), "{address}: {hidden}");
        }
        assert_eq!(reply.header("X-Error-Code"), Some("cashier_link_expired"));
    }
    till.submit(&link, "kind=0&package=10000002&channel=alipay_qr").expect(410);
    let english = till.get(&format!("{link}?lang=en")).expect(410);
    assert!(english.text().contains("This link has expired") && english.text().contains("<html lang=\"en\">"));
}

#[test]
fn other_methods_are_told_on_a_page_too() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    for (method, path, allow) in [
        ("POST", link.clone(), "GET, HEAD"),
        ("GET", format!("{link}/pay"), "POST"),
        ("PUT", format!("{link}/pay"), "POST"),
    ] {
        let reply = till.school.call(till.request(Request::new(method, &path))).expect(405);
        assert_eq!(reply.header("Allow"), Some(allow), "{method} {path}");
        assert!(reply.text().starts_with("<!doctype html>"), "{}", reply.text());
    }
    assert_eq!(till.school.call(till.request(Request::new("HEAD", &link))).expect(200).text(), "");
}

#[test]
fn a_link_of_a_user_who_is_kept_out_is_dead() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let addresses = [link.clone(), payment.clone(), payment.replace('?', "/status?"), payment.replace('?', "/events?")];
    let set = |activity| {
        let done = now(till.school.platform.accounts.set_activity(user(GUARDIAN_ID), activity));
        assert!(done.unwrap());
    };
    set(Activity::Inactive);
    let unknown = till.get("/cashier/ffffffffffffffffffffffffffffffffffffffff").expect(404);
    for address in addresses {
        assert_eq!(till.get(&address).expect(404).text(), unknown.text(), "{address}");
    }
    till.submit(&link, "kind=0&package=10000002&channel=alipay_qr").expect(404);
    set(Activity::Active);
    till.get(&link).expect(200);
}
