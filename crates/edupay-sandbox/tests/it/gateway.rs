//! The payment service's own client against the sandbox: what it knows after each fault.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use actix_web::rt::System;
use chrono::{DateTime, TimeDelta};
use edupay_domain::clock::Timestamp;
use edupay_domain::ids::{ChargeId, GatewayOrderNo, RefundNo};
use edupay_domain::money::Money;
use edupay_domain::payments::{
    Channel, ChargeRequest, GatewayError, GatewayFault, MetadataValue, PaymentGateway, Postponement, RefundRequest,
    RefundStatus, SandboxPayer,
};
use edupay_domain::reconciliation::{GatewayLists, ListOnly, ListQuery, PaymentState};
use edupay_pingpp::client::{GatewaySettings, PingppGateway, ReplySignatures};
use edupay_sandbox::{API_KEY, APP_ID};
use serde_json::{Value, json};

use super::support::{Running, wait_for};

const REFUSED: GatewayFault = GatewayFault::Refused { code: None };

fn gateway(sandbox: &Running) -> PingppGateway {
    let mut settings = GatewaySettings::new(&sandbox.url, API_KEY, APP_ID);
    settings.signer = Some(sandbox.signer());
    settings.replies = ReplySignatures::Required(sandbox.public_keys());
    settings.total_timeout = Duration::from_millis(400);
    PingppGateway::new(settings).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    System::new().block_on(future)
}

fn number(text: &str) -> GatewayOrderNo {
    GatewayOrderNo::parse(text).unwrap()
}

fn now(sandbox: &Running) -> Timestamp {
    DateTime::from_timestamp(sandbox.state()["now"].as_i64().unwrap(), 0).unwrap()
}

fn request(sandbox: &Running, channel: Channel) -> ChargeRequest {
    ChargeRequest {
        gateway_order_no: number("12134676899915430002"),
        channel,
        amount: Money::from_fen_u32(9900),
        open_id: None,
        client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        subject: "collection的使用".to_owned(),
        body: "12134676899915430002".to_owned(),
        metadata: vec![("order_id", MetadataValue::Number(1)), ("names", MetadataValue::Text("课".to_owned()))],
        expires_at: now(sandbox) + TimeDelta::hours(24),
    }
}

#[track_caller]
fn fault<T: std::fmt::Debug>(result: Result<T, GatewayError>) -> GatewayFault {
    result.unwrap_err().fault().clone()
}

#[test]
fn a_charge_lives_its_life() {
    let sandbox = Running::start();
    let gateway = gateway(&sandbox);
    let request = request(&sandbox, Channel::Alipay);
    let (charge, again) = block_on(async {
        (gateway.create_charge(&request).await.unwrap(), gateway.create_charge(&request).await.unwrap())
    });
    assert_eq!(charge, again);
    assert_eq!((charge.paid, charge.reversed, charge.amount), (false, false, request.amount));
    let document: Value = serde_json::from_str(&charge.document.0).unwrap();
    assert_eq!(document, sandbox.state()["charges"][0], "the document is passed on as it came");
    assert_eq!(document["metadata"], json!({ "order_id": 1, "names": "课" }));
    block_on(gateway.pay(&charge.id)).unwrap();
    let paid = block_on(gateway.find_charge(&charge.id)).unwrap().unwrap();
    assert!(paid.paid && paid.paid_at.is_some());
    assert!(matches!(fault(block_on(gateway.reverse_charge(&charge.id))), GatewayFault::Refused { code: Some(_) }));
    let wanted = RefundRequest {
        charge_id: charge.id.clone(),
        amount: Money::from_fen_u32(100),
        description: "unapplied".to_owned(),
        metadata: vec![
            (RefundRequest::REFUND_NO, MetadataValue::Text("R-1".to_owned())),
            ("order_no", MetadataValue::Text("1".to_owned())),
        ],
    };
    let refund = block_on(gateway.create_refund(&wanted)).unwrap();
    assert_eq!(refund.status, RefundStatus::Pending);
    wait_for("the refund", || {
        let refunds = block_on(gateway.list_refunds(&charge.id)).unwrap();
        let ours = refunds.iter().filter(|refund| refund.refund_no == RefundNo::parse("R-1").ok());
        (ours.count() == 1 && refunds[0].status == RefundStatus::Succeeded).then_some(())
    });
    assert_eq!(sandbox.state()["refunds"][0]["metadata"], json!({ "refund_no": "R-1", "order_no": "1" }));
}

#[test]
fn an_unpaid_charge_is_reversed_and_then_not_paid() {
    let sandbox = Running::start();
    let gateway = gateway(&sandbox);
    let charge = block_on(gateway.create_charge(&request(&sandbox, Channel::WxPubQr))).unwrap();
    assert!(block_on(gateway.reverse_charge(&charge.id)).unwrap().reversed);
    assert_eq!(fault(block_on(gateway.pay(&charge.id))), REFUSED);
}

#[test]
fn a_charge_that_is_not_there_is_none() {
    let sandbox = Running::start();
    let id = ChargeId::parse("ch_nothing").unwrap();
    assert_eq!(block_on(gateway(&sandbox).find_charge(&id)).unwrap(), None);
}

#[test]
fn charges_are_found_by_number_over_many_pages() {
    let sandbox = Running::start();
    let gateway = gateway(&sandbox);
    let wanted = number("12134676899915430002");
    let charge = block_on(gateway.create_charge(&request(&sandbox, Channel::Alipay))).unwrap();
    for order in 0..120 {
        sandbox.create(&format!("99{order:08}"), "alipay", 1);
    }
    let since = now(&sandbox);
    let found = block_on(gateway.find_charges(&wanted, since)).unwrap();
    assert_eq!(found, [charge]);
    assert_eq!(block_on(gateway.find_charges(&number("1"), since)).unwrap(), []);
}

#[test]
fn a_refusal_is_told_from_an_unknown_outcome() {
    let cases = [
        ("refuse", GatewayFault::Refused { code: Some("channel_response_code_fail".to_owned()) }),
        ("throttle", GatewayFault::Postponed(Postponement::Throttled)),
        ("drop_before", GatewayFault::Unknown),
        ("error_before", GatewayFault::Unknown),
        ("drop_after_processing", GatewayFault::Unknown),
        ("error_after_processing", GatewayFault::Unknown),
        ("garbage", GatewayFault::Unknown),
        ("truncated", GatewayFault::Unknown),
        ("unsigned", GatewayFault::Unknown),
        ("wrong_amount", GatewayFault::Unknown),
        ("wrong_currency", GatewayFault::Unknown),
        ("wrong_app", GatewayFault::Unknown),
        ("wrong_livemode", GatewayFault::Unknown),
        ("latency_after_ms", GatewayFault::Unknown),
    ];
    let sandbox = Running::start();
    let gateway = gateway(&sandbox);
    let request = request(&sandbox, Channel::Alipay);
    for (name, expected) in cases {
        let switch = if name.starts_with("latency") { json!(1000) } else { json!(true) };
        sandbox.misbehave(&json!({ "create": { (name): switch } }));
        // The message is for the log only; what is known is in the fault.
        assert_eq!(fault(block_on(gateway.create_charge(&request))), expected, "{name}");
    }
    sandbox.misbehave(&json!({}));
    block_on(gateway.create_charge(&request)).unwrap();
}

#[test]
fn a_refund_whose_answer_was_lost_is_unknown_and_found_in_the_list() {
    let sandbox = Running::start();
    let gateway = gateway(&sandbox);
    let charge = block_on(gateway.create_charge(&request(&sandbox, Channel::Alipay))).unwrap();
    block_on(gateway.pay(&charge.id)).unwrap();
    sandbox.misbehave(&json!({ "refund": { "drop_after_processing": true } }));
    let (charge_id, description) = (charge.id.clone(), "unapplied".to_owned());
    let wanted = RefundRequest { charge_id, amount: charge.amount, description, metadata: Vec::new() };
    assert_eq!(fault(block_on(gateway.create_refund(&wanted))), GatewayFault::Unknown);
    let refunds = block_on(gateway.list_refunds(&charge.id)).unwrap();
    assert_eq!(refunds.iter().map(|refund| refund.amount).collect::<Vec<_>>(), [charge.amount]);
    assert_eq!(sandbox.state()["refunds"].as_array().unwrap().len(), 1, "a refund is not asked for twice");
}

#[test]
fn a_gateway_that_is_not_there_may_be_asked_later() {
    let sandbox = Running::start();
    let request = request(&sandbox, Channel::Alipay);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for base in [format!("http://{free}"), "http://gateway.invalid".to_owned()] {
        let gateway = PingppGateway::new(GatewaySettings::new(base.as_str(), API_KEY, APP_ID)).unwrap();
        let unreached = GatewayFault::Postponed(Postponement::Unreached);
        assert_eq!(fault(block_on(gateway.create_charge(&request))), unreached, "{base}");
    }
}

#[test]
fn wrong_keys_are_refused_by_the_gateway() {
    let sandbox = Running::start();
    let request = request(&sandbox, Channel::Alipay);
    let mut settings = GatewaySettings::new(&sandbox.url, "sk_test_somebodyelse000000000000", APP_ID);
    let stranger = PingppGateway::new(settings.clone()).unwrap();
    assert_eq!(fault(block_on(stranger.create_charge(&request))), REFUSED);
    settings.api_key = API_KEY.to_owned();
    let unsigned = PingppGateway::new(settings).unwrap();
    assert_eq!(fault(block_on(unsigned.create_charge(&request))), REFUSED);
}

/// A client that waits as long as an operator would let it.
fn patient(sandbox: &Running) -> PingppGateway {
    let mut settings = GatewaySettings::new(&sandbox.url, API_KEY, APP_ID);
    settings.signer = Some(sandbox.signer());
    settings.replies = ReplySignatures::Required(sandbox.public_keys());
    PingppGateway::new(settings).unwrap()
}

/// Pays so many charges, each of a number of its own; their ids.
fn paid(sandbox: &Running, gateway: &PingppGateway, count: u32) -> Vec<ChargeId> {
    let pay = |place: u32| {
        let mut request = request(sandbox, Channel::Wx);
        request.gateway_order_no = number(&format!("1213467689991544{place:04}"));
        block_on(async {
            let charge = gateway.create_charge(&request).await.unwrap();
            gateway.pay(&charge.id).await.unwrap();
            charge.id
        })
    };
    (0..count).map(pay).collect()
}

fn query(sandbox: &Running, only: ListOnly) -> ListQuery {
    let (hour, now) = (TimeDelta::hours(1), now(sandbox));
    ListQuery { created_from: now - hour, created_to: now + hour, only }
}

#[test]
fn the_list_of_charges_is_read_page_by_page() {
    let sandbox = Running::start();
    let gateway = patient(&sandbox);
    let ids = paid(&sandbox, &gateway, 130);
    block_on(gateway.create_charge(&request(&sandbox, Channel::Alipay))).unwrap();
    let query = query(&sandbox, ListOnly::Paid);
    let first = block_on(gateway.list(&query, None)).unwrap();
    assert_eq!((first.charges.len(), first.unreadable.len()), (100, 0));
    let second = block_on(gateway.list(&query, first.next.as_deref())).unwrap();
    assert_eq!((second.charges.len(), second.next), (30, None));
    let listed = first.charges.iter().chain(&second.charges);
    let mut listed: Vec<_> = listed.map(|listed| listed.payment.charge_id.clone().unwrap()).collect();
    listed.reverse();
    assert_eq!(listed, ids, "each once, newest first, and none that nobody paid");
    let payment = &first.charges[0].payment;
    assert_eq!(
        (payment.amount.fen(), payment.currency.as_deref(), payment.state),
        (9_900, Some("cny"), PaymentState::Paid)
    );
    assert!(payment.paid_at.is_some() && payment.app_id.as_deref() == Some(APP_ID));
    let later = ListQuery { created_from: now(&sandbox) + TimeDelta::minutes(30), ..query };
    assert_eq!(block_on(gateway.list(&later, None)).unwrap().charges, []);
}

#[test]
fn a_listed_charge_tells_its_refunds_and_when_they_were_made() {
    let sandbox = Running::start();
    let gateway = patient(&sandbox);
    let ids = paid(&sandbox, &gateway, 2);
    let wanted = |amount: u32| RefundRequest {
        charge_id: ids[0].clone(),
        amount: Money::from_fen_u32(amount),
        description: "by hand".to_owned(),
        metadata: Vec::new(),
    };
    let refund = block_on(gateway.create_refund(&wanted(900))).unwrap();
    wait_for("the refund to succeed", || {
        let refunds = block_on(gateway.refunds_of(&ids[0])).unwrap();
        (refunds.first()?.status == RefundStatus::Succeeded).then_some(())
    });
    let page = block_on(gateway.list(&query(&sandbox, ListOnly::Refunded), None)).unwrap();
    assert_eq!(page.charges.len(), 1);
    let listed = &page.charges[0];
    assert_eq!(listed.amount_refunded, Money::from_fen_u32(900));
    assert_eq!(listed.refunds, block_on(gateway.refunds_of(&ids[0])).unwrap());
    assert_eq!((listed.refunds[0].refund_id.as_ref(), listed.refunds[0].at.is_some()), (Some(&refund.id), true));
    assert_eq!(block_on(gateway.look_up(&ids[0])).unwrap().as_ref(), Some(listed));
    let unknown = ChargeId::parse("ch_000000000000000000000000").unwrap();
    assert_eq!(block_on(gateway.look_up(&unknown)).unwrap(), None);
    assert_eq!(block_on(gateway.refunds_of(&unknown)).unwrap(), []);
    sandbox.misbehave(&json!({ "list": { "garbage": true } }));
    assert_eq!(fault(block_on(gateway.list(&query(&sandbox, ListOnly::Paid), None))), GatewayFault::Unknown);
}
