//! Forms that no page has: they change nothing.

use super::till::{GUARDIAN_ID, Till, user};
use crate::campus::school::{FAR_CHILD, OTHER_CHILD, STAFF, now};
use crate::client::Request;
use edupay_domain::cashier::CashierTarget;
use edupay_domain::packages::ProjectKind;

#[test]
fn what_the_link_does_not_lead_to_is_not_bought() {
    let till = Till::open();
    for (form, code) in [
        // Another school's, another project's, nobody's.
        ("kind=0&package=10000005&channel=alipay_qr", "package_not_offered"),
        ("kind=0&package=10000003&channel=alipay_qr", "package_not_offered"),
        ("kind=0&package=10000001&package=10000003&channel=alipay_qr", "package_not_offered"),
        ("kind=0&package=99&channel=alipay_qr", "package_not_offered"),
        // No choice, or not one that the project has.
        ("kind=0&channel=alipay_qr", "package_selection_invalid"),
        ("kind=0&package=x&channel=alipay_qr", "package_selection_invalid"),
        ("package=10000001&channel=alipay_qr", "package_selection_invalid"),
        ("kind=7&package=10000001&channel=alipay_qr", "package_selection_invalid"),
        ("kind=0&package=10000001&package=10000002&channel=alipay_qr", "package_selection_invalid"),
        ("kind=0&package=10000001&package=10000001&channel=alipay_qr", "package_selection_invalid"),
        ("kind=1&package=10000002&channel=alipay_qr", "nothing_to_upgrade"),
        ("kind=2&package=10000001&channel=alipay_qr", "package_never_held"),
        // Channels that are none, or not this device's.
        ("kind=0&package=10000001", "channel_invalid"),
        ("kind=0&package=10000001&channel=cash", "channel_invalid"),
        ("kind=0&package=10000001&channel=wx", "channel_invalid"),
        ("kind=0&package=10000001&channel=wx_wap", "channel_invalid"),
        ("", "channel_invalid"),
    ] {
        // A link each: that one alone is slowed down is tried elsewhere.
        assert_eq!(till.refused(&till.link(ProjectKind::Card), form), code, "{form}");
    }
    assert_eq!((till.purchases().len(), till.school.charges_asked()), (0, 0));
}

#[test]
fn a_withdrawn_package_is_not_bought() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    till.school.call(Request::post("/v1/packages/10000002/withdraw").token(STAFF)).expect(200);
    till.school.platform.clock.step(chrono::TimeDelta::seconds(1));
    assert_eq!(till.refused(&link, "kind=0&package=10000002&channel=alipay_qr"), "package_not_offered");
    assert!(!till.get(&link).expect(200).text().contains("10000002"));
    assert_eq!(till.purchases().len(), 0);
}

#[test]
fn prices_and_people_in_a_form_are_not_read() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    till.pay(
        &link,
        "kind=0&package=10000002&channel=alipay_qr&price=1&amount=0.01&list_price_fen=1&user_id=10129581&userID=10129581",
    );
    let request = till.school.platform.gateway.requests().remove(0);
    assert_eq!(request.amount.fen(), 18_800);
    assert_eq!(till.purchases()[0].user_id, user(crate::campus::school::CHILD));
}

#[test]
fn an_orders_link_buys_no_packages() {
    let till = Till::open();
    let (order, link) = till.order();
    till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let request = till.school.platform.gateway.requests().remove(0);
    assert_eq!((request.amount, request.body.as_str()), (order.amount, order.order_no.as_str()));
    assert_eq!(till.purchases().len(), 0);
}

#[test]
fn a_payment_is_shown_to_the_links_that_lead_to_it_and_to_no_others() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    let payment = till.pay(&link, "kind=0&package=10000002&channel=alipay_qr");
    let (_, order) = till.order();
    let foreign = [(2, OTHER_CHILD), (2, FAR_CHILD)].map(|(guardian, child)| {
        till.link_of(guardian, CashierTarget::Packages { user_id: user(child), kind: ProjectKind::Card })
    });
    for other in foreign.iter().chain([&order]) {
        let query = payment.split_once('?').unwrap().1;
        for address in
            [format!("{other}?{query}"), format!("{other}/status?{query}"), format!("{other}/events?{query}")]
        {
            let reply = till.get(&address);
            assert_eq!(reply.status, 404, "{address}: {}", reply.text());
        }
    }
    for odd in ["no=", "no=1", "no=abc", "no=99999999999999999999", "no=%3Cb%3E"] {
        assert_eq!(till.get(&format!("{link}?{odd}")).status, 404, "{odd}");
    }
}

#[test]
fn whose_maker_may_not_act_any_more_the_link_is_no_link() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    till.get(&link).expect(200);
    let path = format!("/v1/students/{}/guardians/{GUARDIAN_ID}", crate::campus::school::CHILD);
    assert!(till.school.call(Request::new("DELETE", &path).token(STAFF)).status < 300);
    till.get(&link).expect(404);
    till.submit(&link, "kind=0&package=10000002&channel=alipay_qr").expect(404);
    assert_eq!(till.school.charges_asked(), 0);
}

#[test]
fn whose_maker_is_not_let_in_any_more_nothing_is_bought() {
    let till = Till::open();
    let link = till.link(ProjectKind::Card);
    now(till.school.platform.accounts.set_activity(user(GUARDIAN_ID), edupay_domain::accounts::Activity::Inactive))
        .unwrap();
    till.submit(&link, "kind=0&package=10000002&channel=alipay_qr").expect(404);
    assert_eq!(till.school.charges_asked(), 0);
}
