//! What the pages show, in both languages: golden files, where only the link's token and the names of
//! the assets are taken out. `EDUPAY_WRITE_GOLDEN=1` writes them anew.

use super::till::{PHONE, Till, WECHAT};
use crate::campus::school::{CARD_A, CHILD, School, now};
use crate::client::Reply;
use chrono::TimeDelta;
use edupay_domain::packages::ProjectKind;
use edupay_domain::payments::RefundStatus;
use serde_json::json;
use std::path::Path;

/// The reply's page without what differs from run to run and from one version of the assets to the next.
fn settled(reply: &Reply, link: &str) -> String {
    let mut page = reply.text().replace(link, "/cashier/<link>");
    for stem in ["assets/htmx-", "assets/cashier-"] {
        while let Some(at) = page.find(stem) {
            let start = at + stem.len();
            page.replace_range(start - 1..start + 16, "<hash>");
        }
    }
    // Templates leave lines with nothing on them.
    page.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn assert_golden(till: &Till, name: &str, address: &str, link: &str) {
    for language in ["zh", "en"] {
        let mark = if address.contains('?') { '&' } else { '?' };
        let reply = till.get(&format!("{address}{mark}lang={language}"));
        let page = settled(&reply, link);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/cashier/{name}.{language}.html"));
        if std::env::var_os("EDUPAY_WRITE_GOLDEN").is_some() {
            std::fs::write(&file, &page).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(page == golden, "{} is not what is shown:\n{page}", file.display());
    }
}

#[test]
fn packages_are_chosen_with_the_price_and_the_days_that_the_server_will_give() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    assert_golden(&till, "choose", &link, &link);
    let sms = till.link(ProjectKind::Sms);
    assert_golden(&till, "choose_several", &sms, &sms);
    till.pay(&link, "kind=0&package=10000001&channel=alipay_qr");
    till.settle(0);
    till.school.platform.clock.step(TimeDelta::days(30));
    let link = till.link(ProjectKind::Card);
    assert_golden(&till, "choose_held", &link, &link);
}

#[test]
fn a_payment_is_shown_from_waiting_to_paid_twice_and_refunded() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    assert_golden(&till, "waiting", &payment, &link);
    let second = till.pay(&link, "kind=0&package=10000002&channel=wx_pub_qr");
    till.settle(0);
    assert_golden(&till, "paid", &payment, &link);
    till.settle(1);
    assert_golden(&till, "paid_twice", &second, &link);
    till.school.platform.gateway.refund_as(RefundStatus::Succeeded);
    now(till.school.platform.payments.refund_due(10)).unwrap();
    assert_golden(&till, "paid_twice_refunded", &payment, &link);
    till.school.audit();
}

#[test]
fn a_payment_whose_time_is_over_says_so() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    till.school.platform.clock.step(TimeDelta::hours(25));
    now(till.school.platform.packages.close_expired(10)).unwrap();
    let later = till.link(ProjectKind::Card);
    let payment = payment.replace(&link, &later);
    assert_golden(&till, "closed", &payment, &later);
}

#[test]
fn money_that_came_for_a_withdrawn_package_goes_back_and_the_page_says_so() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000001&channel=alipay_qr");
    till.school.platform.clock.step(TimeDelta::minutes(1));
    let path = format!("/v1/packages/{CARD_A}/withdraw");
    till.school.call(crate::client::Request::post(&path).token(crate::campus::school::STAFF)).expect(200);
    till.school.platform.clock.step(TimeDelta::minutes(1));
    till.settle(0);
    assert_golden(&till, "returned", &payment, &link);
}

#[test]
fn an_order_is_shown_with_its_courses_and_paid_by_a_charge() {
    let till = Till::open();
    let (order, link) = till.order();
    assert_golden(&till, "order", &link, &link);
    let payment = till.pay(&link, "channel=alipay_qr");
    assert_golden(&till, "order_waiting", &payment, &link);
    till.settle(0);
    assert_golden(&till, "order_paid", &link, &link);
    assert!(!till.get(&link).text().contains("<form"), "a paid order has no form");
    assert!(till.get(&payment).text().contains("支付成功"));
    assert!(order.state.payment().is_none(), "it was not paid when the link was made");
}

#[test]
fn a_cancelled_order_says_so() {
    let till = Till::open();
    let (order, link) = till.order();
    let payment = till.pay(&link, "channel=wx_pub_qr");
    now(till.school.platform.orders.cancel(order.user_id, order.order_no)).unwrap();
    assert_golden(&till, "order_cancelled", &payment, &link);
}

#[test]
fn names_and_cards_are_masked_and_pictures_are_not_fetched() {
    let till = Till::open();
    let page = till.get(&till.link(ProjectKind::Card)).expect(200);
    for hidden in ["陈雅诺", "335731330", "oss.zjzdy.net", "13800000000", "<img"] {
        assert!(!page.text().contains(hidden), "{hidden}: {}", page.text());
    }
    assert!(page.text().contains("陈*诺") && page.text().contains("</span>330</dd>"), "{}", page.text());
}

#[test]
fn hostile_names_are_text() {
    let school = School::open();
    let hostile = "\"><script>alert(1)</script>";
    let student = json!({ "school_id": 1, "name": "<b>", "card_no": "335731330" });
    school.put(&format!("/v1/students/{CHILD}"), &student).expect(200);
    let package = json!({
        "project_id": 1, "name": hostile, "price_text": hostile, "list_price_fen": 15_800, "term_months": 12,
        "description": hostile, "details": [{ "icon": hostile, "title": hostile, "content": hostile }],
    });
    school.put(&format!("/v1/packages/{CARD_A}"), &package).expect(200);
    let till = Till::of(school);
    let link = till.link(ProjectKind::Card);
    let choice = till.get(&format!("{link}?notice={}", "%3Cscript%3E"));
    let payment = till.pay(&link, &format!("kind=0&package={CARD_A}&channel=alipay_qr"));
    for page in [choice, till.get(&payment)] {
        let text = page.expect(200).text().to_owned();
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") || text.contains("&#60;script&#62;"), "{text}");
        assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
    }
}

#[test]
fn the_device_decides_how_one_can_pay() {
    for (agent, shown, hidden) in [
        (PHONE, vec!["alipay_wap", "wx_wap"], vec!["alipay_qr", "wx_pub_qr"]),
        (WECHAT, vec!["wx_pub_qr", "另一台手机"], vec!["alipay", "wx_wap"]),
        (super::till::COMPUTER, vec!["alipay_qr", "wx_pub_qr"], vec!["alipay_wap", "wx_wap", "另一台手机"]),
    ] {
        let till = Till::open().shown_on(agent);
        for link in [till.link(ProjectKind::Card), till.order().1] {
            let page = till.get(&link).expect(200);
            for way in &shown {
                assert!(page.text().contains(way), "{agent}: {way}");
            }
            for way in &hidden {
                assert!(!page.text().contains(way), "{agent}: {way}");
            }
        }
    }
}

#[test]
fn a_chosen_language_stays() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let page = till.get(&format!("{link}?lang=en")).expect(200);
    assert!(page.text().contains("<html lang=\"en\">"), "{}", page.text());
    assert!(page.text().contains(&format!("{link}/pay?lang=en")) && page.text().contains(&format!("{link}?lang=zh")));
    let next = till.school.call(till.request(
        crate::client::Request::post(&format!("{link}/pay?lang=en")).form("kind=0&package=10000001&channel=alipay_qr"),
    ));
    let next = next.expect(303).header("Location").unwrap().to_owned();
    assert!(next.ends_with("&lang=en"), "{next}");
    let page = till.get(&next).expect(200);
    assert!(
        page.text().contains("Waiting for your payment") && page.text().contains("look=1&#38;lang=en"),
        "{}",
        page.text()
    );
}
