//! Paying from the page: once, however often the form is sent.

use super::till::{Till, number};
use edupay_domain::packages::{ProjectKind, PurchaseKind, PurchaseState};
use edupay_domain::payments::{Channel, Postponement};
use edupay_testkit::gateway::{Call, Fault};
use std::thread;

#[test]
fn a_form_that_is_sent_twice_makes_one_purchase_and_one_charge() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let form = "kind=0&package=10000002&channel=alipay_qr";
    let first = till.pay(&link, form);
    assert_eq!(till.pay(&link, form), first);
    // A second tab, by a link of its own.
    let other = till.link(ProjectKind::Card);
    assert_eq!(number(&till.pay(&other, form)), number(&first));
    assert_eq!((till.purchases().len(), till.school.charges_asked()), (1, 1));
}

#[test]
fn forms_that_are_sent_at_once_make_one_purchase() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    thread::scope(|scope| {
        let submit = || till.submit(&link, "kind=0&package=10000002&channel=alipay_qr").expect(303);
        let tabs: Vec<_> = (0..6).map(|_| scope.spawn(submit)).collect();
        let next: Vec<_> =
            tabs.into_iter().map(|tab| tab.join().unwrap().header("Location").unwrap().to_owned()).collect();
        assert!(next.iter().all(|each| *each == next[0]), "{next:?}");
    });
    assert_eq!((till.purchases().len(), till.school.platform.gateway.charges().len()), (1, 1));
}

#[test]
fn another_channel_is_another_charge_of_the_same_purchase() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let first = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let second = till.pay(&link, "kind=0&package=10000002&channel=wx_pub_qr");
    assert_ne!(first, second);
    assert_eq!(till.purchases().len(), 1);
    assert_eq!(till.channels_asked(), [Channel::AlipayQr, Channel::WxPubQr]);
    assert!(till.get(&first).text().contains("支付宝") && till.get(&second).expect(200).text().contains("微信"));
}

#[test]
fn packages_are_bought_upgraded_and_renewed() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    for (form, kind, amount) in [
        ("kind=0&package=10000001&channel=alipay_qr", PurchaseKind::New, 15_800),
        ("kind=1&package=10000002&channel=alipay_qr", PurchaseKind::Upgrade, 3_000),
        ("kind=2&package=10000002&channel=alipay_qr", PurchaseKind::Renewal, 18_800),
    ] {
        let payment = till.pay(&link, form);
        let asked = till.school.platform.gateway.requests().last().unwrap().amount.fen();
        assert_eq!(asked, amount, "{form}");
        till.settle(till.school.platform.gateway.charges().len() - 1);
        let bought = till.purchases().remove(0);
        assert_eq!(bought.kind, kind);
        assert!(matches!(bought.state, PurchaseState::Paid { .. }), "{form}");
        let period = bought.records[0].period.unwrap();
        let page = till.get(&payment).expect(200);
        assert!(page.text().contains(&period.starts.to_string()) && page.text().contains(&period.ends.to_string()));
        till.school.platform.clock.step(chrono::TimeDelta::seconds(61));
    }
    till.school.audit();
}

#[test]
fn several_packages_are_one_payment() {
    let till = Till::open();
    let link = till.link(ProjectKind::Sms);
    let payment = till.pay(&link, "kind=0&package=10000003&package=10000004&channel=wx_pub_qr");
    assert!(till.get(&payment).text().contains("¥18.00"));
    till.settle(0);
    let page = till.get(&payment).expect(200);
    assert!(page.text().contains("到校短信") && page.text().contains("成绩短信"), "{}", page.text());
}

#[test]
fn a_lost_callback_heals_when_somebody_looks() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let charge = till.school.platform.gateway.charges().remove(0);
    till.school.platform.gateway.payer_pays(&charge.id).unwrap();
    assert!(till.get(&payment).text().contains("等待支付"), "the store alone does not know");
    assert!(till.get(&format!("{payment}&look=1")).expect(200).text().contains("支付成功"));
    assert!(till.get(&payment).text().contains("支付成功"));
}

#[test]
fn a_gateway_that_refuses_or_is_silent_is_told_from_a_payment() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let form = "kind=0&package=10000002&channel=alipay_qr";
    till.school.platform.gateway.fail_next(Call::CreateCharge, Fault::Refuse);
    assert_eq!(till.refused(&link, form), "charge_refused");
    till.school.platform.gateway.fail_next(Call::CreateCharge, Fault::Postpone(Postponement::Throttled));
    assert_eq!(till.refused(&link, form), "gateway_throttled");
    till.school.platform.gateway.fail_next(Call::CreateCharge, Fault::LoseAnswer);
    assert_eq!(till.refused(&link, form), "charge_unknown");
    for (code, text) in [("charge_refused", "没有接受"), ("charge_unknown", "不会重复扣款"), ("%3Cb%3E", "选择套餐")]
    {
        assert!(till.get(&format!("{link}?notice={code}")).expect(200).text().contains(text), "{code}");
    }
    till.pay(&link, form);
    assert_eq!(till.school.platform.gateway.charges().len(), 1, "the lost answer's charge is used");
}

#[test]
fn too_many_forms_of_one_link_have_to_wait() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    for _ in 0..10 {
        till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    }
    let reply = till.submit(&link, "kind=0&package=10000002&channel=alipay_qr").expect(429);
    assert!(reply.header("Retry-After").is_some() && reply.text().contains("操作太频繁"), "{}", reply.text());
    till.pay(&till.link(ProjectKind::Card), "kind=0&package=10000002&channel=alipay_qr");
}
