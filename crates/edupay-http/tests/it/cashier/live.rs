//! A payment's page learns by itself what became of it.

use super::till::Till;
use crate::campus::school::now;
use crate::client::{PATIENCE, Request};
use edupay_domain::packages::ProjectKind;
use std::io::{Read, Write};
use std::net::TcpStream;

fn payment(till: &Till) -> String {
    till.pay(&till.link(ProjectKind::Card), "kind=0&package=10000002&channel=alipay_qr")
}

#[test]
fn a_page_that_shows_the_state_already_gets_nothing_new() {
    let till = Till::open();
    let status = payment(&till).replace('?', "/status?");
    let reply = till.get(&format!("{status}&pulse=open")).expect(204);
    assert_eq!(reply.text(), "");
    let waiting = till.get(&status).expect(200);
    assert!(waiting.text().contains("等待支付") && !waiting.text().contains("<html"), "{}", waiting.text());
    assert!(waiting.text().contains("name=\"pulse\" value=\"open\""), "{}", waiting.text());
    till.settle(0);
    // Shown, and asked for no more.
    for shown in ["", "&pulse=open", "&pulse=paid.applied"] {
        let paid = till.get(&format!("{status}{shown}"));
        assert_eq!(paid.status, 286, "{shown}");
        assert!(paid.text().contains("支付成功"), "{}", paid.text());
    }
}

#[test]
fn a_paid_payment_has_no_more_to_tell() {
    let till = Till::open();
    let payment = payment(&till);
    assert!(till.get(&payment).text().contains("data-events=\""));
    till.settle(0);
    let events = payment.replace('?', "/events?");
    let reply = till.get(&format!("{events}&pulse=open")).expect(200);
    assert_eq!(reply.header("Content-Type"), Some("text/event-stream"));
    assert!(reply.text().contains("id: paid.applied\nevent: changed\n"), "{}", reply.text());
    assert!(reply.text().contains("event: done\n"), "{}", reply.text());
    assert!(!till.get(&payment).text().contains("data-events"), "a page that will not change asks for nothing");
}

#[test]
fn a_page_is_told_when_its_payment_arrives() {
    let till = Till::open();
    let events = payment(&till).replace('?', "/events?");
    let request = till.request(Request::get(&format!("{events}&pulse=open"))).header("Connection", "close");
    let mut stream = TcpStream::connect(till.school.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&request.bytes()).unwrap();
    let mut heard = until(&mut stream, "retry: 1000");
    assert!(!heard.contains("event:"), "nothing has changed yet: {heard}");
    till.settle(0);
    heard.push_str(&until(&mut stream, "event: done"));
    assert!(heard.contains("event: changed"), "{heard}");
}

#[test]
fn a_failed_attempt_leads_back_to_the_choice() {
    let till = Till::open();
    let payment = payment(&till);
    till.school.platform.clock.step(chrono::TimeDelta::hours(23));
    let platform = &till.school.platform;
    let charge = platform.gateway.charges().remove(0);
    // Another one buys the same for the child, and the first code is closed.
    let other = till.pay(&till.link(ProjectKind::Card), "kind=0&package=10000002&channel=wx_pub_qr");
    till.settle(1);
    platform.clock.step(chrono::TimeDelta::minutes(1));
    now(platform.payments.look_after(10)).unwrap();
    let link = till.link(ProjectKind::Card);
    let shown = |address: &str| till.get(&format!("{link}?{}", address.split_once('?').unwrap().1));
    assert!(platform.gateway.charges()[0].reversed, "{charge:?}");
    for page in [shown(&payment), shown(&other)] {
        assert!(page.text().contains("支付成功") && !page.text().contains("data-events"), "{}", page.text());
    }
}

/// Reads until the text has come.
fn until(stream: &mut TcpStream, text: &str) -> String {
    let (mut heard, mut chunk) = (String::new(), [0; 1024]);
    while !heard.contains(text) {
        let read = stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the stream ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
    heard
}
